"""Chooses and makes the engine that evaluates the network. ONNX Runtime and torch are imported when needed.

"auto" is torch if there is a GPU for it, else ONNX Runtime, which starts faster and needs less memory.
"""

import importlib
import importlib.util
import logging
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..errors import EdgeError
from ..runtime.devices import choose, promised
from ..schema.requests import Arithmetic, EngineChoice, EngineName
from .engine import BATCH, Engine
from .weights_file import Weights

logger = logging.getLogger(__name__)

_PACKAGES: dict[EngineName, str] = {"onnx": "onnxruntime", "torch": "torch"}
LIBRARIES: dict[EngineName, str] = {"onnx": "ONNX Runtime", "torch": "PyTorch"}


def installed(name: EngineName) -> bool:
    """Whether the engine's library is installed; it is not imported, so it may be broken. Takes milliseconds."""
    return importlib.util.find_spec(_PACKAGES[name]) is not None


def promised_engine(wanted: EngineChoice = "auto", device: str = "auto") -> tuple[EngineName, str]:
    """The engine and the device, "cpu", "cuda" or "mps", that `choose_engine` most likely returns. Takes milliseconds.

    device: one of runtime.devices.DEVICES. Raises EdgeError engine_missing, engine_device.
    """
    if wanted == "onnx" and device not in ("auto", "cpu"):
        sentence = f"ONNX Runtime runs on the CPU here, not on {device}."
        raise EdgeError("engine_device", sentence, "Choose the engine torch, or the device cpu.")
    on_gpu = "" if wanted == "onnx" else promised(device)
    if wanted == "auto":
        wanted = "torch" if on_gpu not in ("", "cpu") or not installed("onnx") else "onnx"
    if not installed(wanted):
        raise _missing(wanted, "it is not installed")
    return wanted, on_gpu if wanted == "torch" else "cpu"


def choose_engine(wanted: EngineChoice = "auto", device: str = "auto") -> tuple[EngineName, str]:
    """Choose the engine and the device; the engine's library is imported.

    Logs a warning if torch replaces an ONNX Runtime that cannot be loaded. Raises EdgeError engine_missing,
    engine_device, device_missing.
    """
    name, place = promised_engine(wanted, device)
    if name == "torch":
        _module(name)
        place = choose(device).type
        if wanted == "torch" or place != "cpu" or not installed("onnx"):
            return name, place
        name = "onnx"  # the driver promised a GPU that torch cannot use
    try:
        _module(name)
    except EdgeError as error:
        if wanted == "onnx" or not installed("torch"):
            raise
        logger.warning("%s PyTorch is taken instead.", error.message)
        _module("torch")
        return "torch", choose(device).type
    return name, place


def engines_here(wanted: EngineChoice, device: str) -> list[EngineName]:
    """The engines to compare: the wanted one; for "auto" all that are installed and run on the chosen device.

    Raises EdgeError as promised_engine.
    """
    first, place = promised_engine(wanted, device)
    others = [name for name in LIBRARIES if wanted == "auto" and place == "cpu" and name != first and installed(name)]
    return [first, *others]


def engine_in_words(name: EngineName) -> str:
    """Library and version, such as "ONNX Runtime 1.32.0", without importing it."""
    try:
        return f"{LIBRARIES[name]} {version(_PACKAGES[name])}"
    except PackageNotFoundError:  # the package's metadata is missing
        return LIBRARIES[name]


def make_engine(
    name: EngineName,
    device: str,
    weights: Weights,
    *,
    batch: int = BATCH,
    arithmetic: Arithmetic = "exact",
    cache: Path | None = None,
) -> Engine:
    """Make the engine with these weights. batch: for torch, as in torch_engine. arithmetic: as in both engines.

    cache: folder where the result of a measurement is stored, None = not stored. Raises EdgeError engine_missing if
    its library cannot be loaded.
    """
    module = _module(name)
    engine: Engine = (
        module.OnnxEngine(weights, arithmetic=arithmetic)
        if name == "onnx"
        else module.make_torch_engine(weights, device, batch=batch, arithmetic=arithmetic, cache=cache)
    )
    return engine


def _module(name: EngineName) -> Any:
    """Import the engine's module and its library. Raises EdgeError engine_missing."""
    try:
        return importlib.import_module(f".{name}_engine", __package__)
    except (ImportError, OSError) as error:
        raise _missing(name, str(error)) from error


def _missing(name: EngineName, reason: str) -> EdgeError:
    return EdgeError(
        "engine_missing",
        f"{LIBRARIES[name]} cannot be loaded: {reason.rstrip('.')}.",
        "Install the extension or its backend again, or choose the other engine.",
    )
