"""Chooses the build of torch for this machine from its graphics driver, quickly and without importing anything."""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from .locked import builds, this_system

CUDA_DRIVER = 580
"""The first Linux driver for CUDA 13, with which torch is built."""

LABELS = {"cpu": "CPU", "cuda": "NVIDIA (CUDA)", "rocm": "AMD (ROCm)", "apple": "Apple"}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """build: the suggested one. found: the finding, as a sentence. builds: all that can be installed here."""

    build: str
    found: str
    builds: tuple[str, ...]


def suggest(python: tuple[int, int] = sys.version_info[:2]) -> Suggestion:
    """Suggest a build for a version of Python on this machine."""
    possible = tuple(builds(this_system(), python))
    build, found = _look()
    if build not in possible:
        build = next((other for other in ("cpu", "apple") if other in possible), "")
    return Suggestion(build, found, possible)


def _look() -> tuple[str, str]:
    if sys.platform == "darwin":
        return "apple", "This is a Mac."
    if sys.platform == "win32":
        driver = Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "nvcuda.dll")
        return ("cuda", "There is an NVIDIA driver.") if driver.is_file() else ("cpu", "No NVIDIA driver was found.")
    return _look_at_linux(Path("/"))


def _look_at_linux(root: Path) -> tuple[str, str]:
    try:
        text = (root / "proc/driver/nvidia/version").read_text("utf-8", "replace")
    except OSError:
        if (root / "dev/kfd").exists():
            return "rocm", "There is an AMD GPU."
        return "cpu", "No GPU was found that can compute."
    version = re.search(r"\b(\d{3})\.\d+", text)
    if version and int(version[1]) < CUDA_DRIVER:
        return "cpu", f"The NVIDIA driver {version[0]} is older than {CUDA_DRIVER}, which CUDA needs."
    return "cuda", "There is an NVIDIA GPU."
