"""Cuts long computations into short steps, so that Blender stays responsive, wherever they are. No bpy.

A computation on a long dance has steps of its own that are too long, deep within numpy code. It is therefore run by a
thread that takes turns with the caller: the thread runs only while the caller waits for it, and pauses between two
function calls when its time is over. So nothing runs beside Blender, whose operators are not safe from other threads.
"""

import sys
import threading
import time
from collections.abc import Generator
from types import FrameType
from typing import Any, Generic, TypeVar

Made = TypeVar("Made")

TURN_S = 0.015
"""Seconds of a turn, about: a single call of numpy is not interrupted."""


def in_turns(work: Generator[float, None, Made]) -> Generator[float, None, Made]:
    """The same steps and result, but steps of about TURN_S at most. Raises the exceptions of the work.

    The work must not use bpy. If the steps are abandoned, the work ends where it is.
    """
    turns = _Turns(work)
    try:
        while turns.take_one():
            yield turns.fraction
    finally:
        turns.end()
    if turns.failure:
        raise turns.failure
    return turns.made[0]


class _Ended(BaseException):
    """Raised within work that nobody waits for any more."""


class _Turns(Generic[Made]):
    """The thread, and whose turn it is. fraction: done. made: the result, at the end. failure: the exception."""

    def __init__(self, work: Generator[float, None, Made]) -> None:
        self.fraction = 0.0
        self.made: list[Made] = []
        self.failure: BaseException | None = None
        self._work = work
        self._over = 0.0
        self._abandoned = False
        self._pauses = True
        self._ours, self._theirs = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name="edge_dance turns", daemon=True)
        self._thread.start()

    def take_one(self) -> bool:
        """Let the thread run for one turn. Returns whether it has more to do."""
        self._ours.release()
        self._theirs.acquire()
        return not self.made and self.failure is None

    def end(self) -> None:
        """End the work where it is, unless it has ended."""
        self._abandoned = True
        self._ours.release()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._begin_turn()
            sys.setprofile(self._at_a_call)  # of this thread alone
            made = self._all_steps()
            self._pauses = False  # the caller takes what is made for the end
            self.made.append(made)
        except BaseException as error:
            self._pauses = False
            self.failure = error
        finally:
            sys.setprofile(None)
            self._theirs.release()

    def _all_steps(self) -> Made:
        while True:
            try:
                self.fraction = next(self._work)
            except StopIteration as end:
                made: Made = end.value
                return made

    def _begin_turn(self) -> None:
        self._ours.acquire()
        self._over = time.perf_counter() + TURN_S
        if self._abandoned:
            raise _Ended

    def _at_a_call(self, _frame: FrameType, _event: str, _value: Any) -> None:
        """Called by Python at every call and return: pause if the turn is over."""
        if self._pauses and time.perf_counter() >= self._over:
            self._theirs.release()
            self._begin_turn()
