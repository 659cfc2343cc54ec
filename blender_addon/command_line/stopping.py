"""Ctrl-C while Blender is busy. No bpy."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def ending_at(leave: Callable[[], None]) -> Iterator[None]:
    """While this block runs, Ctrl-C and SIGTERM have `leave` called, by another thread. To be entered in the main one.

    Python calls handlers between two steps of the main thread, and Blender may be busy with a picture for minutes.
    """
    waiting, told = socket.socketpair()  # Windows wakes sockets alone
    told.setblocking(False)
    before = {number: signal.signal(number, _noted) for number in _SIGNALS}
    told_before = signal.set_wakeup_fd(told.fileno())
    listener = threading.Thread(target=_listen, args=(waiting, leave), daemon=True)
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(told_before)
        for number, handler in before.items():
            if handler is not None:  # Blender's program has one in C, which Python cannot put back
                signal.signal(number, handler)
        told.close()
        listener.join()
        waiting.close()


def _listen(waiting: socket.socket, leave: Callable[[], None]) -> None:
    """Until the other end is closed: each byte is the number of a signal."""
    while numbers := waiting.recv(1):
        if numbers[0] in _SIGNALS:
            leave()


def _noted(_number: int, _frame: object) -> None:
    """A handler of Python's own, for without one no byte is sent."""
