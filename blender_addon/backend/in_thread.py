"""Runs work that does not use bpy in a thread, so that Blender stays responsive. No bpy."""

import threading
import time
from collections.abc import Callable, Generator
from typing import TypeVar

Made = TypeVar("Made")

_LOOK_S = 0.005
"""Seconds that a step waits for the thread; with less, the steps would slow the thread down."""


def in_thread(work: Callable[[], Made]) -> Generator[float, None, Made]:
    """Steps that yield 0 until a thread has finished the work. Returns its result, raises its exceptions.

    If the steps are abandoned, the thread still finishes its work, and the result is dropped.
    """
    made: list[Made] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            made.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="edge_dance work", daemon=True)
    thread.start()
    while thread.is_alive():
        time.sleep(_LOOK_S)
        yield 0.0
    if failed:
        raise failed[0]
    return made[0]
