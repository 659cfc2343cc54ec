"""`bench`: measures generation speed on this machine, by stage and by engine, the engines in turns."""

import argparse
import json
import platform
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from ... import __version__
from ...audio.clicks import write_clicks
from ...bench.dances import WAYS, Timing, full_size, interleaved, time_full_size, time_song
from ...bench.network import NetworkSpeed, measure_network
from ...generation.model_cache import ModelCache
from ...model.engine_choice import engines_here
from ...runtime.threads import use_threads
from ...schema.requests import QUALITIES


def run(options: argparse.Namespace) -> None:
    """Measure, and print a table or JSON. Raises EdgeError as pipeline.generate; OSError."""
    use_threads(options.threads)
    names = engines_here(options.engine, options.device)
    caches = [ModelCache(options.device, options.weights_folder, engine=name) for name in names]
    qualities = list(WAYS) if options.reference else list(QUALITIES)
    dances: list[Callable[[], Timing]] = []
    speeds: dict[str, list[NetworkSpeed]] = {"starter": [], "full size, random": []}
    with tempfile.TemporaryDirectory(prefix="edge-bench-") as folder:
        song = write_clicks(Path(folder) / "song.wav", options.seconds)
        for cache in caches:  # warm up: initialisation that happens once per process
            time_song(cache, song, "draft", min(options.seconds, 5.0), options.arithmetic)
            weights = cache.weights("starter")
            speeds["starter"].append(measure_network(cache.engine(weights), weights.info.config))
        dances = [
            partial(time_song, cache, song, name, options.seconds, options.arithmetic)
            for name in qualities
            for cache in caches
        ]
        timings = interleaved(dances, options.repeat)
    if options.full_size:
        weights = full_size()
        config, engines = weights.info.config, [cache.engine(weights) for cache in caches]
        speeds["full size, random"] += [measure_network(engine, config) for engine in engines]
        dances = [
            partial(time_full_size, engine, config, name, options.seconds) for name in qualities for engine in engines
        ]
        timings += interleaved(dances, options.repeat)
    facts = _machine(caches)
    if options.json:
        print(json.dumps(_as_json(facts, speeds, timings)))
    else:
        print("\n".join(_table(facts, speeds, timings)))


def _machine(caches: list[ModelCache]) -> dict[str, Any]:
    engine = caches[0].engine(caches[0].weights("starter"))
    return {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "program": __version__,
        "machine": platform.processor() or platform.machine(),
        "system": platform.system(),
        "engines": [cache.engine_in_words for cache in caches],
        "device": engine.device,
        "threads": engine.threads,
    }


def _as_json(facts: dict[str, Any], speeds: dict[str, list[NetworkSpeed]], timings: list[Timing]) -> dict[str, Any]:
    return facts | {
        "network": {
            name: [asdict(speed) | {"evaluations_per_s": speed.evaluations_per_s} for speed in measured]
            for name, measured in speeds.items()
            if measured
        },
        "dances": [
            asdict(timing) | {"total": timing.total, "real_time_factor": timing.real_time_factor} for timing in timings
        ],
        "ratios": _ratios(timings),
    }


def _ratios(timings: list[Timing]) -> dict[str, float]:
    """ONNX Runtime's time over torch's, of each dance that both have made."""
    made = {(timing.weights, timing.quality, timing.engine): timing.total for timing in timings}
    return {
        f"{weights}, {quality}": total / made[weights, quality, "torch"]
        for (weights, quality, engine), total in made.items()
        if engine == "onnx" and (weights, quality, "torch") in made
    }


def _table(facts: dict[str, Any], speeds: dict[str, list[NetworkSpeed]], timings: list[Timing]) -> list[str]:
    words = {name: ", ".join(value) if isinstance(value, list) else value for name, value in facts.items()}
    lines = [", ".join(f"{name} {value}" for name, value in words.items()), ""]
    lines += [
        f"{name}, {speed.engine}: {speed.evaluations_per_s:.1f} evaluations of a window a second, {speed.gflops:.1f} "
        f"of {speed.peak_gflops:.1f} GFLOP/s ({speed.share_of_peak:.0%} of the matrix peak)"
        for name, measured in speeds.items()
        for speed in measured
    ]
    head = f"{'weights':<18}{'engine':<7}{'quality':<11}{'steps':>5}{'features':>10}{'sampling':>10}{'feet':>7}"
    lines += ["", f"{head}{'total':>9}{'factor':>8}{'first s':>9}{'MB':>7}"]
    for timing in timings:
        stages = [timing.stages.get(name, 0.0) for name in ("features", "sampling", "feet")]
        lines.append(
            f"{timing.weights:<18}{timing.engine:<7}{timing.quality:<11}{WAYS[timing.quality][1]:>5}"
            f"{stages[0]:>10.2f}{stages[1]:>10.2f}{stages[2]:>7.2f}{timing.total:>9.2f}"
            f"{timing.real_time_factor:>8.3f}{timing.first:>9.2f}{timing.memory_mb:>7.0f}"
        )
    lines += ["", "Seconds; factor: seconds of work for a second of dance; MB: the most memory so far."]
    ratios = ", ".join(f"{name} {ratio:.2f}" for name, ratio in _ratios(timings).items())
    return [*lines, *([f"ONNX Runtime's time over torch's: {ratios}."] if ratios else [])]
