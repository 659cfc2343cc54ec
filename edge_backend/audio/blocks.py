"""Blocks of samples, in which files are decoded, and the error for files without sound."""

from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import EdgeError

BLOCK = 1 << 16
"""Largest number of samples in a block."""

Blocks = Generator[NDArray[np.float32], None, None]
"""Blocks (channels, n) of consecutive samples."""


def unreadable(path: Path, detail: str) -> EdgeError:
    """The error for a file in which a library finds no sound. detail: the library's message."""
    formats = "Convert it to wav, flac, ogg, mp3 or m4a."
    if find_spec("av") is None:
        formats = "Convert it to wav, flac, ogg or mp3; where PyAV is installed, other files are read, too."
    return EdgeError("audio_unreadable", f"{path.name} cannot be read as sound.", formats, detail)
