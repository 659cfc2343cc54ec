"""`doctor`: checks packages, device and weights, and generates a test dance. The report contains no local paths.

Packages are imported within the checks, so that a broken one becomes a line of the report.
"""

import argparse
import importlib
import importlib.metadata
import importlib.util
import json
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ... import __version__
from ...errors import EdgeError
from ...errors.from_exception import explain
from ...fileio.redaction import redact
from ...model.catalogue import known
from ...model.engine_choice import choose_engine, engines_here
from ...protocol.messages import PROTOCOL
from ...runtime.threads import cpu_threads, use_threads
from ...schema.requests import EngineName, GenerateRequest

NEEDED = ("numpy", "soundfile")
EXTRA = ("torch", "safetensors", "soxr", "scipy", "av", "PIL")
"""Not needed to dance by the bundled weights: for GPUs, Jukebox, training, other formats of songs, previews."""
_DISTRIBUTIONS = {"PIL": "pillow"}
_TEST_S, _TEST_STEPS = 2.0, 10


@dataclass(frozen=True)
class Finding:
    """One line of the report. hint: what to do if ok is False."""

    name: str
    ok: bool
    words: str
    hint: str = ""


def run(options: argparse.Namespace) -> None:
    """Print the report. Raises EdgeError doctor_found_faults, after the last line."""
    findings = []
    for finding in examine(options):
        findings.append(finding)
        if not options.json:
            print(f"{'ok  ' if finding.ok else 'BAD '} {finding.name:<12} {finding.words} {finding.hint}".rstrip())
    faults = [finding.name for finding in findings if not finding.ok]
    if options.json:
        print(json.dumps({"ok": not faults, "findings": [asdict(finding) for finding in findings]}))
    if faults:
        raise EdgeError("doctor_found_faults", f"Not in order: {', '.join(faults)}.", "See the hints in those lines.")


def examine(options: argparse.Namespace) -> Iterator[Finding]:
    """Yield all findings, without local paths."""
    yield Finding("program", True, f"EDGE Dance {__version__}, protocol {PROTOCOL}")
    yield Finding("python", True, f"{platform.python_version()} on {platform.platform()}")
    for name in (*NEEDED, *EXTRA):
        if name in NEEDED or importlib.util.find_spec(name):
            yield _look(name, partial(_package, name), "Install the backend again.")
        else:
            yield Finding(name, True, "not installed; not needed by the bundled weights")
    yield _look("device", partial(_device, options), "Choose another --device.")
    weights = _look("weights", partial(_weights, options.weights_folder), "Install the extension again.")
    yield weights
    for engine in engines_here(options.engine, options.device) if weights.ok else ():
        yield _look(f"{engine} engine", partial(_engine, engine, options), "Choose another --engine.")
    if importlib.util.find_spec("av"):
        yield _look("video", _encoders, "Install PyAV again; previews need it.")
    yield _look("dance", partial(_dance, options), "")


def _look(name: str, look: Callable[[], str], hint: str) -> Finding:
    try:
        return Finding(name, True, _private(look()))
    except Exception as error:
        failure = explain(error)
        return Finding(name, False, _private(failure.message), _private(failure.hint or hint))


def _private(text: str) -> str:
    return redact(text, {"program": Path(__file__).resolve().parents[3]})


def _package(name: str) -> str:
    importlib.import_module(name)
    return importlib.metadata.version(_DISTRIBUTIONS.get(name, name))


def _device(options: argparse.Namespace) -> str:
    use_threads(options.threads)
    _, device = choose_engine(options.engine, options.device)
    if device == "cuda":
        return f"cuda ({importlib.import_module('torch').cuda.get_device_name()})"
    return f"{device} ({platform.processor() or platform.machine()}), {cpu_threads()} CPU threads"


def _engine(name: EngineName, options: argparse.Namespace) -> str:
    """Version and speed, with the first weights that are here."""
    cache = importlib.import_module("...generation.model_cache", __package__).ModelCache(
        options.device, options.weights_folder, engine=name
    )
    weights = cache.weights(_first_weights(options.weights_folder))
    engine = cache.engine(weights)
    speed = importlib.import_module("...bench.network", __package__).evaluations_per_s(engine, weights.info.config)
    return f"{cache.engine_in_words}, {engine.device}, {speed:.0f} evaluations a second with {weights.info.id}"


def _first_weights(folder: Path | None) -> str:
    return next((entry.id for entry in known(folder) if entry.path), "starter")


def _weights(folder: Path | None) -> str:
    read_info = importlib.import_module("...model.weights_file", __package__).read_info
    here = []
    for entry in known(folder):
        if entry.path:
            read_info(entry.path)
            here.append(f"{entry.id} ({entry.path.stat().st_size / 1e6:.1f} MB)")
    if not here:
        raise EdgeError("weights_missing", "No weights are here.", "Install the extension again.")
    return ", ".join(here)


def _encoders() -> str:
    av = importlib.import_module("av")
    return ", ".join(f"{name} by {av.Codec(name, 'w').name}" for name in ("h264", "aac"))


def _dance(options: argparse.Namespace) -> str:
    """Generate _TEST_S seconds of dance to a click track with the first installed weights."""
    pipeline = importlib.import_module("...generation.pipeline", __package__)
    model_cache = importlib.import_module("...generation.model_cache", __package__).ModelCache(
        options.device, options.weights_folder, engine=options.engine
    )
    write_clicks = importlib.import_module("...audio.clicks", __package__).write_clicks
    weights = _first_weights(options.weights_folder)
    with tempfile.TemporaryDirectory(prefix="edge-doctor-") as folder:
        song = write_clicks(Path(folder) / "clicks.wav", _TEST_S)
        began = time.monotonic()
        motion = pipeline.generate(
            GenerateRequest(str(song), duration=_TEST_S, steps=_TEST_STEPS, weights=weights), model_cache=model_cache
        )
    if motion.frames != round(_TEST_S * motion.fps) or not np.isfinite(motion.vectors()).all():
        raise EdgeError("doctor_dance", "The test dance came out broken.", "Please report it with this text.")
    return f"{_TEST_S:g} s with {weights}, {_TEST_STEPS} steps, in {time.monotonic() - began:.1f} s"
