"""Log records of this program as messages of the protocol. Standard library only."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from .messages import Log

PACKAGE = __name__.rsplit(".", 2)[0]
"""The parent of all modules' loggers, which are named after their modules."""

LONGEST = 8000
"""Characters; longer records are cut."""


@contextmanager
def records_to(handler: logging.Handler, level: int) -> Iterator[None]:
    """In this block the handler gets this program's records from `level` on, and warnings of Python and libraries."""
    root, own = logging.getLogger(), logging.getLogger(PACKAGE)
    before = own.level
    root.addHandler(handler)
    own.setLevel(level)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        own.setLevel(before)
        root.removeHandler(handler)


def is_own(record: logging.LogRecord) -> bool:
    """Whether the record is this program's, not a library's."""
    return logging.Filter(PACKAGE).filter(record) is True


class LogMessages(logging.Handler):
    """Sends records as Log messages.

    Warnings of this program are shown to the user, so their message is the sentence alone; other messages begin with
    the module's name. Warnings of libraries get the level `info`.
    """

    def __init__(self, send: Callable[[Log], None]) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        """Send the record as a message."""
        level, text = _level(record), self.format(record)
        if level != "warning":
            text = f"{record.name.removeprefix(PACKAGE + '.')}: {text}"
        self._send(Log(level, text[:LONGEST]))


def _level(record: logging.LogRecord) -> Literal["debug", "info", "warning", "error"]:
    if record.levelno >= logging.ERROR:
        return "error"
    if record.levelno >= logging.WARNING and is_own(record):
        return "warning"
    return "info" if record.levelno >= logging.INFO else "debug"
