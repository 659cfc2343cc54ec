"""Work that Blender does in small steps, so that it stays responsive. No bpy."""

import time
from collections.abc import Iterator

STEP_S = 0.03
"""Seconds of work at a time, after which Blender may draw and handle events."""


class Work:
    """Steps that yield the fraction done.

    label, fraction: for the progress bar; no label: it has none. cancelled: the user has cancelled it.
    """

    def __init__(self, label: str, steps: Iterator[float]) -> None:
        self.label = label
        self.fraction = 0.0
        self.cancelled = False
        self._steps = steps

    def go_on(self, seconds: float = STEP_S) -> bool:
        """Work for about `seconds`. Returns whether all steps are done. Raises the exceptions of the steps."""
        deadline = time.perf_counter() + seconds
        for fraction in self._steps:
            self.fraction = fraction
            if time.perf_counter() >= deadline:
                return False
        return True
