"""The log of the backend, in a few small files of which the oldest are removed. No bpy."""

import contextlib
import logging
import logging.handlers
import os
from pathlib import Path

log = logging.getLogger("edge_dance")
"""The logger of this Blender's worker and set-up."""

LARGEST = 512 << 10
"""Bytes; a full file is renamed, and the previously renamed one is removed."""

FILES = 6
"""Number of log files that are kept, of all running Blenders together."""


def open_log(folder: Path) -> None:
    """Write the log to a file of this Blender's own in `folder`; if that is not possible, there is no log."""
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
    """Ignores rows that cannot be written, because the disk is full or another program on Windows uses the file."""

    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Ignore the row."""


def _remove_old(folder: Path) -> None:
    """Remove all but the newest files, so that there is room for one more; ignores those that cannot be removed."""
    found = []
    for path in folder.glob("backend-*.log*"):
        with contextlib.suppress(OSError):
            found.append((path.stat().st_mtime, path))
    for _, path in sorted(found)[: -FILES + 1]:
        with contextlib.suppress(OSError):
            path.unlink()


def close_log() -> None:
    """Close the file."""
    for handler in list(log.handlers):
        log.removeHandler(handler)
        with contextlib.suppress(OSError):  # the last rows cannot be written to a full disk
            handler.close()


def last_lines(count: int) -> str:
    """The last `count` lines of this Blender's log."""
    for handler in log.handlers:
        if isinstance(handler, logging.FileHandler):
            with contextlib.suppress(OSError):
                rows = Path(handler.baseFilename).read_text("utf-8", "replace").splitlines()
                return "\n".join(rows[-count:])
    return ""
