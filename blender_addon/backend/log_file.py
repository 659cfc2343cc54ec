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
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    _remove_old(folder)
    file = folder / f"backend-{os.getpid()}.log"
    handler = _Quiet(file, maxBytes=LARGEST, backupCount=1, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)


class _Quiet(logging.handlers.RotatingFileHandler):
    """Says nothing where a row cannot be written: the disk is full, or Windows has the file open elsewhere."""

    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Go on without that row."""


def _remove_old(folder: Path) -> None:
    """Leave room for one more among the newest; one that another Blender has open or has just removed does no harm."""
    found = []
    for path in folder.glob("backend-*.log*"):
        with contextlib.suppress(OSError):
            found.append((path.stat().st_mtime, path))
    for _, path in sorted(found)[: -FILES + 1]:
        with contextlib.suppress(OSError):
            path.unlink()


def close_log() -> None:
    """Let go of the file."""
    for handler in list(log.handlers):
        log.removeHandler(handler)
        with contextlib.suppress(OSError):  # a full disk takes not even what was still in memory
            handler.close()


def last_lines(count: int) -> str:
    """The end of this Blender's log."""
    for handler in log.handlers:
        if isinstance(handler, logging.FileHandler):
            with contextlib.suppress(OSError):
                rows = Path(handler.baseFilename).read_text("utf-8", "replace").splitlines()
                return "\n".join(rows[-count:])
    return ""
