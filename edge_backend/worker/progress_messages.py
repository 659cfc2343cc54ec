"""Reports progress as messages of the protocol, for Blender and for readers of --json."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..protocol.messages import Progress
from ..schema.progress import Stage

_PER_SECOND = 10


@dataclass
class ProgressMessages:
    """A Report that sends Progress messages of one job: at begin and end of a stage, else at most ten a second."""

    job: str
    send: Callable[[Progress], None]
    clock: Callable[[], float] = time.monotonic
    _stage: str = field(default="", init=False)
    _began: float = field(default=0.0, init=False)
    _first: int = field(default=0, init=False)
    _sent: float = field(default=0.0, init=False)

    def __call__(self, stage: Stage, done: int, total: int) -> None:
        """Send a message, unless the last one was sent less than 0.1 s ago."""
        now = self.clock()
        if stage != self._stage:
            self._stage, self._began, self._first = stage, now, done
        elif done < total and now - self._sent < 1 / _PER_SECOND:
            return
        self._sent = now
        fresh = done - self._first  # a resumed download starts above 0
        eta = round((now - self._began) / fresh * (total - done), 2) if fresh > 0 else None
        self.send(Progress(self.job, stage, done, total, eta))
