"""Chooses the compute device. `promised` predicts it without importing torch, `choose` returns it."""

import ctypes
import importlib
import importlib.util
import logging
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from ..errors import EdgeError
from .threads import chosen_threads

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    import torch

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
DEVICES: tuple[str, ...] = get_args(DeviceName)

_CUDA_DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"


def promised(wanted: str = "auto") -> str:
    """The device that `choose` is expected to return: "cpu", "cuda", "mps", or "" where torch is not installed.

    Takes milliseconds: it reads torch's build from its files and asks the graphics driver directly.
    """
    build = _torch_build()
    if build is None:
        return ""
    if wanted != "auto":
        return wanted
    has_gpu = (build == "cuda" and _cuda_devices() > 0) or (build == "hip" and Path("/dev/kfd").exists())
    return "cuda" if has_gpu else "cpu"


def choose(wanted: str = "auto") -> "torch.device":
    """The torch device of that name; "auto" is cuda (NVIDIA and AMD) if available, else the CPU.

    Sets torch's number of threads to that of `threads`. Apple's mps is used only on request: the CPU is fast enough for
    the starter weights and gives the same bytes in every run. Raises EdgeError device_missing.
    """
    library = importlib.import_module("torch")  # not at the top, because `promised` must be fast
    if threads := chosen_threads():
        library.set_num_threads(threads)
    has_gpu = library.cuda.is_available()
    if wanted == "auto":
        wanted = "cuda" if has_gpu else "cpu"
    if (wanted == "cuda" and not has_gpu) or (wanted == "mps" and not library.backends.mps.is_available()):
        raise EdgeError("device_missing", f"This machine has no {wanted} device that torch can use.", "Choose cpu.")
    device: torch.device = library.device(wanted)
    logger.info("torch %s on %s, %d CPU threads", library.__version__, device, library.get_num_threads())
    return device


def _torch_build() -> str | None:
    """The build of the installed torch, "cuda", "hip" or "cpu"; None where torch is not installed."""
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return None
    try:
        text = Path(found.origin).with_name("version.py").read_text("utf-8")
    except OSError:
        return "cpu"
    built = re.findall(r"^(cuda|hip)\b[^=]*= *['\"]", text, re.MULTILINE)
    return built[0] if built else "cpu"


def _cuda_devices() -> int:
    try:
        driver = ctypes.CDLL(_CUDA_DRIVER)
        count = ctypes.c_int(0)
        working = driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0
    except (OSError, AttributeError):
        return 0
    return count.value if working else 0
