"""Long work without bpy, done by a thread while Blender stays free to use. No bpy."""

import threading
import time
from collections.abc import Callable, Generator
from typing import TypeVar

Made = TypeVar("Made")

_LOOK_S = 0.005
"""How long a step waits for the thread: less would only take the interpreter from it."""


def in_thread(work: Callable[[], Made]) -> Generator[float, None, Made]:
    """Steps that yield 0 until a thread has done the work; what it made. Raises what the work raises.

    Where the steps are given up, the thread ends its work and its result is dropped.
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
