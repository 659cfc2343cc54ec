"""`bench`: measures generation speed on this machine, by stage."""

import argparse
import json
import platform
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ... import __version__
from ...audio.clicks import write_clicks
from ...bench.dances import WAYS, Timing, full_size, interleaved, time_full_size, time_song
from ...bench.network import NetworkSpeed, measure_network
from ...generation.model_cache import ModelCache
from ...runtime.devices import use_threads
from ...schema.requests import QUALITIES


def run(options: argparse.Namespace) -> None:
    """Measure, and print a table or JSON. Raises EdgeError as pipeline.generate; OSError."""
    use_threads(options.threads)
    model_cache = ModelCache(options.device, options.weights_folder)
    qualities = list(WAYS) if options.reference else list(QUALITIES)
    timings: list[Timing] = []
    speeds: dict[str, NetworkSpeed] = {}
    with tempfile.TemporaryDirectory(prefix="edge-bench-") as folder:
        song = write_clicks(Path(folder) / "song.wav", options.seconds)
        time_song(
            model_cache, song, "draft", min(options.seconds, 5.0), options.arithmetic
        )  # warm up: initialisation that happens once per process
        speeds["starter"] = measure_network(model_cache.weights("starter").model)
        dances = [
            partial(time_song, model_cache, song, name, options.seconds, options.arithmetic) for name in qualities
        ]
        timings += interleaved(dances, options.repeat)
    if options.full_size:
        model = full_size().to(model_cache.device)
        speeds["full size, random"] = measure_network(model)
        dances = [partial(time_full_size, model, name, options.seconds) for name in qualities]
        timings += interleaved(dances, options.repeat)
    facts = _machine(model_cache)
    if options.json:
        print(json.dumps(_as_json(facts, speeds, timings)))
    else:
        print("\n".join(_table(facts, speeds, timings)))


def _machine(model_cache: ModelCache) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "program": __version__,
        "machine": platform.processor() or platform.machine(),
        "system": platform.system(),
        "torch": torch.__version__,
        "device": model_cache.device.type,
        "threads": torch.get_num_threads(),
    }


def _as_json(facts: dict[str, Any], speeds: dict[str, NetworkSpeed], timings: list[Timing]) -> dict[str, Any]:
    return facts | {
        "network": {
            name: asdict(speed) | {"evaluations_per_s": speed.evaluations_per_s} for name, speed in speeds.items()
        },
        "dances": [
            asdict(timing) | {"total": timing.total, "real_time_factor": timing.real_time_factor} for timing in timings
        ],
    }


def _table(facts: dict[str, Any], speeds: dict[str, NetworkSpeed], timings: list[Timing]) -> list[str]:
    lines = [", ".join(f"{name} {value}" for name, value in facts.items()), ""]
    for name, speed in speeds.items():
        lines.append(
            f"{name}: {speed.evaluations_per_s:.1f} evaluations of a window a second, {speed.gflops:.1f} of "
            f"{speed.peak_gflops:.1f} GFLOP/s ({speed.share_of_peak:.0%} of the matrix peak)"
        )
    head = f"{'weights':<18}{'quality':<11}{'steps':>5}{'features':>10}{'sampling':>10}{'feet':>7}{'total':>9}"
    lines += ["", f"{head}{'factor':>8}{'first s':>9}{'MB':>7}"]
    for timing in timings:
        stages = [timing.stages.get(name, 0.0) for name in ("features", "sampling", "feet")]
        lines.append(
            f"{timing.weights:<18}{timing.quality:<11}{WAYS[timing.quality][1]:>5}"
            f"{stages[0]:>10.2f}{stages[1]:>10.2f}{stages[2]:>7.2f}{timing.total:>9.2f}"
            f"{timing.real_time_factor:>8.3f}{timing.first:>9.2f}{timing.memory_mb:>7.0f}"
        )
    return [*lines, "", "Seconds; factor: seconds of work for a second of dance; MB: the most memory so far."]
