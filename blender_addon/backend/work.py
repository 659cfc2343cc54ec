"""Work that Blender does itself a little at a time, so that nobody has to wait for it. No bpy."""

import time
from collections.abc import Iterator

STEP_S = 0.03
"""What Blender's main thread gives to it at a time, about: then the window may be drawn and the mouse heard."""


class Work:
    """Steps that yield how much is done, and how they stand: label, fraction; cancelled: nobody wants it any more."""

    def __init__(self, label: str, steps: Iterator[float]) -> None:
        self.label = label
        self.fraction = 0.0
        self.cancelled = False
        self._steps = steps

    def go_on(self, seconds: float = STEP_S) -> bool:
        """Work for so long; whether there is nothing more to do. Raises what a step raises."""
        deadline = time.perf_counter() + seconds
        for fraction in self._steps:
            self.fraction = fraction
            if time.perf_counter() >= deadline:
                return False
        return True
