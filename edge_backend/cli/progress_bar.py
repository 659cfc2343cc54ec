"""Progress as a bar on a terminal."""

import logging
import sys
from typing import TextIO

from ..protocol.log_messages import PACKAGE
from ..protocol.messages import Progress
from ..schema.progress import Stage
from ..worker.progress_messages import ProgressMessages

_BAR_CELLS = 24
_LABELS: dict[str, str] = {
    "loading": "Loading",
    "features": "Listening",
    "sampling": "Dancing",
    "feet": "Placing feet",
    "saving": "Saving",
    "drawing": "Drawing",
    "preparing": "Preparing",
    "downloading": "Downloading",
    "unpacking": "Unpacking",
    "testing": "Testing",
}


class ProgressBar:
    """A Report that draws a bar for each stage on a terminal; elsewhere, and beside a log, it prints stages' names."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty() and not logging.getLogger(PACKAGE).isEnabledFor(logging.INFO)
        self._messages = ProgressMessages("", self._draw)
        self._open = False

    def __call__(self, stage: Stage, done: int, total: int) -> None:
        """Update the bar."""
        self._messages(stage, done, total)

    def close(self) -> None:
        """End an unfinished line, so that further output starts on a new one."""
        if self._open:
            print(file=self._stream, flush=True)
            self._open = False

    def _draw(self, progress: Progress) -> None:
        label = _LABELS[progress.stage]
        if not self._live:
            if progress.done == 0:
                print(label, file=self._stream, flush=True)
            return
        share = progress.done / max(progress.total, 1)
        full, empty = ("█", "░") if (self._stream.encoding or "").lower().startswith("utf") else ("#", ".")
        bar = (full * round(share * _BAR_CELLS)).ljust(_BAR_CELLS, empty)
        left = "" if progress.eta is None or share >= 1 else f"{progress.eta:4.0f} s left"
        print(f"\r{label:<13}{bar} {share:4.0%} {left:<12}", end="", file=self._stream, flush=True)
        self._open = True
        if share >= 1:
            self.close()
