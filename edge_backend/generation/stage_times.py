"""How long the stages of a dance take, in the log."""

import logging
import time

from ..schema.progress import Report, Stage

logger = logging.getLogger(__name__)


class StageTimes:
    """A Report that hands everything on to another one, and logs the seconds of each stage once it is over."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._began: dict[Stage, float] = {}
        self._over: set[Stage] = set()

    def __call__(self, stage: Stage, done: int, total: int) -> None:
        """Hand it on, and look at the clock."""
        began = self._began.setdefault(stage, time.monotonic())
        self._report(stage, done, total)
        if done >= total and stage not in self._over:
            self._over.add(stage)
            logger.info("%s took %.2f s", stage, time.monotonic() - began)
