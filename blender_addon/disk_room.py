"""Whether a disk has room for a sound file. Blender's Mixdown ends the program where it cannot write."""

import errno
import os
import shutil
from pathlib import Path

_BYTES = 4  # of a sample: stereo, 16 bits
_ROOM = 1 << 20  # bytes to spare


def ask_for_room(folder: Path, samples: float) -> None:
    """Raise OSError where the folder's disk has no room for a wav file of that many samples in stereo."""
    if shutil.disk_usage(folder).free < _BYTES * samples + _ROOM:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
