"""What the backend writes to its log, in a few small files of which the oldest go. No bpy."""

import contextlib
import logging
import logging.handlers
import os
from pathlib import Path

log = logging.getLogger("edge_dance")
"""Of this Blender's worker and set-up."""

LARGEST = 512 << 10
"""Bytes; then the file is put aside, and the one that was aside goes."""

FILES = 6
"""So many are left, of all Blenders together."""


def open_log(folder: Path) -> None:
    """Write the log into `folder`, to a file of this Blender's own. Where that cannot be, there is none."""
    close_log()
    log.setLevel(logging.INFO)
    log.propagate = False
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        for old in sorted(folder.glob("backend-*.log*"), key=lambda path: path.stat().st_mtime)[: -FILES + 1]:
            old.unlink(missing_ok=True)
        file = folder / f"backend-{os.getpid()}.log"
        handler = logging.handlers.RotatingFileHandler(
            file, maxBytes=LARGEST, backupCount=1, encoding="utf-8", delay=True
        )
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        log.addHandler(handler)


def close_log() -> None:
    """Let go of the file."""
    for handler in list(log.handlers):
        log.removeHandler(handler)
        handler.close()


def last_lines(count: int) -> str:
    """The end of this Blender's log."""
    for handler in log.handlers:
        if isinstance(handler, logging.FileHandler):
            with contextlib.suppress(OSError):
                rows = Path(handler.baseFilename).read_text("utf-8", "replace").splitlines()
                return "\n".join(rows[-count:])
    return ""
