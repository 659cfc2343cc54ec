"""Ctrl-C while Blender is busy. No bpy."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def ending_at(leave: Callable[[], None]) -> Iterator[None]:
    """Call `leave` from another thread on Ctrl-C or SIGTERM during this block. To be entered in the main thread.

    Python runs signal handlers between two steps of the main thread, and Blender may render one frame for minutes.
    """
    reader, writer = socket.socketpair()  # Windows supports sockets only
    writer.setblocking(False)
    before = {number: signal.signal(number, _ignore) for number in _SIGNALS}
    writer_before = signal.set_wakeup_fd(writer.fileno())
    listener = threading.Thread(target=_listen, args=(reader, leave), daemon=True)
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(writer_before)
        for number, handler in before.items():
            if handler is not None:  # None: a handler in C, which Python cannot restore
                signal.signal(number, handler)
        writer.close()
        listener.join()
        reader.close()


def _listen(reader: socket.socket, leave: Callable[[], None]) -> None:
    """Read signal numbers, one per byte, until the other end is closed."""
    while numbers := reader.recv(1):
        if numbers[0] in _SIGNALS:
            leave()


def _ignore(_number: int, _frame: object) -> None:
    """A handler in Python: without one, Python writes no byte to the wake-up descriptor."""
