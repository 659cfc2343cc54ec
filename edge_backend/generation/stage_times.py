"""Logs the duration of a dance's stages."""

import logging
import time

from ..schema.progress import Report, Stage

logger = logging.getLogger(__name__)


class StageTimes:
    """A Report that forwards to another one, and logs the seconds of each stage at its end."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._began: dict[Stage, float] = {}
        self._over: set[Stage] = set()

    def __call__(self, stage: Stage, done: int, total: int) -> None:
        """Forward the progress, and log the stage that has ended, if any."""
        began = self._began.setdefault(stage, time.monotonic())
        self._report(stage, done, total)
        if done >= total and stage not in self._over:
            self._over.add(stage)
            logger.info("%s took %.2f s", stage, time.monotonic() - began)
