"""Progress: what a job says while it runs, and how that becomes a bar on a terminal or frames for a program."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

from ..protocol.messages import Progress, Stage

Report = Callable[[Stage, int, int], None]
"""(stage, done, total): the job is at `done` of `total` in `stage`. A stage begins with done = 0."""

_BAR_CELLS = 24
_FRAMES_PER_SECOND = 10
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


def silent(stage: Stage, done: int, total: int) -> None:
    """The report of a caller who does not want any."""


@dataclass
class ProgressFrames:
    """A Report that sends Progress messages of one job: every begin and end of a stage, between them ten a second."""

    job: str
    send: Callable[[Progress], None]
    clock: Callable[[], float] = time.monotonic
    _stage: str = field(default="", init=False)
    _began: float = field(default=0.0, init=False)
    _first: int = field(default=0, init=False)
    _sent: float = field(default=0.0, init=False)

    def __call__(self, stage: Stage, done: int, total: int) -> None:
        """Send it, unless the last one went out just now."""
        now = self.clock()
        if stage != self._stage:
            self._stage, self._began, self._first = stage, now, done
        elif done < total and now - self._sent < 1 / _FRAMES_PER_SECOND:
            return
        self._sent = now
        fresh = done - self._first  # a download that goes on begins with what is there already
        eta = round((now - self._began) / fresh * (total - done), 2) if fresh > 0 else None
        self.send(Progress(self.job, stage, done, total, eta))


class ProgressBar:
    """A Report that draws one line per stage on a terminal; elsewhere it writes each stage's name once."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._frames = ProgressFrames("", self._draw)
        self._open = False

    def __call__(self, stage: Stage, done: int, total: int) -> None:
        """Draw it."""
        self._frames(stage, done, total)

    def close(self) -> None:
        """End an unfinished line, so that what follows starts on its own."""
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
