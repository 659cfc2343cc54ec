"""`bench`: measures generation speed on this machine, by stage, engine and arithmetic, in turns."""

import argparse
import importlib.util
import json
import platform
import subprocess
import sys
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
from ...errors import EdgeError
from ...generation.model_cache import ModelCache
from ...model.engine_choice import engines_here
from ...runtime.child_processes import unseen
from ...runtime.threads import use_threads
from ...schema.requests import QUALITIES, Arithmetic, EngineName

_KEYING = Path(__file__).resolve().parents[3] / "bench/keying.py"
_ARITHMETICS: dict[EngineName, tuple[Arithmetic, ...]] = {"onnx": ("exact",), "torch": ("exact", "fastest")}


def run(options: argparse.Namespace) -> None:
    """Measure, and print a table or JSON. Raises EdgeError as pipeline.generate, bench_blender; OSError."""
    use_threads(options.threads)
    if options.keys:
        _require_blender()
    ways: list[tuple[ModelCache, Arithmetic]] = []  # a cache each, for it keeps one engine
    for name in engines_here(options.engine, options.device):
        for arithmetic in _ARITHMETICS[name]:
            ways.append((ModelCache(options.device, options.weights_folder, engine=name), arithmetic))
    qualities = list(WAYS) if options.reference else list(QUALITIES)
    dances: list[Callable[[], Timing]] = []
    speeds: dict[str, list[NetworkSpeed]] = {"starter": [], "full size, random": []}
    with tempfile.TemporaryDirectory(prefix="edge-bench-") as folder:
        song = write_clicks(Path(folder) / "song.wav", options.seconds)
        for cache, arithmetic in ways:  # warm up: initialisation that happens once per process
            time_song(cache, song, "draft", min(options.seconds, 5.0), arithmetic)
            weights = cache.weights("starter")
            speeds["starter"].append(measure_network(cache.engine(weights, arithmetic), weights.info.config))
        dances = [partial(time_song, way[0], song, name, options.seconds, way[1]) for name in qualities for way in ways]
        timings = interleaved(dances, options.repeat)
    if options.full_size:
        weights = full_size()
        config = weights.info.config
        engines = [(cache.engine(weights, arithmetic), arithmetic) for cache, arithmetic in ways]
        speeds["full size, random"] += [measure_network(engine, config) for engine, _ in engines]
        dances = [
            partial(time_full_size, engine, config, name, options.seconds, arithmetic)
            for name in qualities
            for engine, arithmetic in engines
        ]
        timings += interleaved(dances, options.repeat)
    facts = _machine([cache for cache, _ in ways])
    keying = _keying(options.seconds, options.json) if options.keys else ""
    if options.json:
        measured = {"keying": json.loads(keying)} if keying else {}
        print(json.dumps(_as_json(facts, speeds, timings) | measured))
    else:
        print("\n".join(_table(facts, speeds, timings) + (["", keying] if keying else [])))


def _require_blender() -> None:
    """Raise EdgeError bench_blender unless keys can be measured."""
    if not _KEYING.is_file() or importlib.util.find_spec("bpy") is None:
        raise EdgeError(
            "bench_blender",
            "Keys are measured in Blender, and the bpy package or the repository's bench/keying.py is not here.",
            "Run it in the repository, with the Python that `python3 build_addon.py env` prints.",
        )


def _keying(seconds: float, as_json: bool) -> str:
    """What bench/keying.py prints for dances of `seconds`. Blender is a process of its own."""
    command = [sys.executable, str(_KEYING), "--minutes", f"{seconds / 60:g}", *(["--json"] if as_json else [])]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **unseen()).stdout.strip()


def _machine(caches: list[ModelCache]) -> dict[str, Any]:
    engine = caches[0].engine(caches[0].weights("starter"))
    return {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "program": __version__,
        "machine": platform.processor() or platform.machine(),
        "system": platform.system(),
        "engines": list(dict.fromkeys(cache.engine_in_words for cache in caches)),
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
    """Of each dance: ONNX Runtime's time over torch's, and torch's exact time over its fastest, of those measured."""
    made: dict[str, dict[str, float]] = {}
    for each in timings:
        made.setdefault(f"{each.engine} {each.arithmetic}", {})[f"{each.weights}, {each.quality}"] = each.total
    exact = made.get("torch exact", {})
    onnx, fastest = made.get("onnx exact", {}), made.get("torch fastest", {})
    ratios = {
        f"ONNX Runtime's time over torch's: {dance}": onnx[dance] / exact[dance] for dance in exact if dance in onnx
    }
    return ratios | {f"exact over fastest: {dance}": exact[dance] / fastest[dance] for dance in fastest}


def _table(facts: dict[str, Any], speeds: dict[str, list[NetworkSpeed]], timings: list[Timing]) -> list[str]:
    words = {name: ", ".join(value) if isinstance(value, list) else value for name, value in facts.items()}
    lines = [", ".join(f"{name} {value}" for name, value in words.items()), ""]
    lines += [
        f"{name}, {speed.engine}, {speed.arithmetic}: {speed.evaluations_per_s:.1f} evaluations of a window a second, "
        f"{speed.gflops:.1f} of {speed.peak_gflops:.1f} GFLOP/s ({speed.share_of_peak:.0%} of the matrix peak)"
        for name, measured in speeds.items()
        for speed in measured
    ]
    head = f"{'weights':<18}{'engine':<7}{'arithmetic':<12}{'quality':<11}{'steps':>5}"
    lines += ["", f"{head}{'features':>10}{'sampling':>10}{'feet':>7}{'total':>9}{'factor':>8}{'first s':>9}{'MB':>7}"]
    for timing in timings:
        stages = [timing.stages.get(name, 0.0) for name in ("features", "sampling", "feet")]
        lines.append(
            f"{timing.weights:<18}{timing.engine:<7}{timing.arithmetic:<12}{timing.quality:<11}{WAYS[timing.quality][1]:>5}"
            f"{stages[0]:>10.2f}{stages[1]:>10.2f}{stages[2]:>7.2f}{timing.total:>9.2f}"
            f"{timing.real_time_factor:>8.3f}{timing.first:>9.2f}{timing.memory_mb:>7.0f}"
        )
    lines += ["", "Seconds; factor: seconds of work for a second of dance; MB: the most memory so far."]
    return lines + [f"{name}: {ratio:.2f}" for name, ratio in _ratios(timings).items()]
