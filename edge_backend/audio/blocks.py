"""Sound as it comes out of a file, a piece at a time, and the refusal of a file that gives none."""

from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import EdgeError

BLOCK = 1 << 16
"""Samples in a piece, at most."""

Blocks = Generator[NDArray[np.float32], None, None]
"""Pieces (channels, n), one after the other."""


def unreadable(path: Path, detail: str) -> EdgeError:
    """The error of a file in which a library finds no sound. detail: what it says."""
    formats = "Convert it to wav, flac, ogg, mp3 or m4a."
    if find_spec("av") is None:
        formats = "Convert it to wav, flac, ogg or mp3; where PyAV is installed, other files are read, too."
    return EdgeError("audio_unreadable", f"{path.name} cannot be read as sound.", formats, detail)
