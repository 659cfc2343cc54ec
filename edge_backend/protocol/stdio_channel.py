"""Exclusive use of stdin and stdout for messages. Standard library only."""

import importlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from .codec import LineSplitter, encode
from .messages import Message


class Channel:
    """The real stdin and stdout.

    From here on whatever prints, in Python or in C, writes to stderr; child processes read an empty stdin.
    """

    def __init__(self) -> None:
        self._stdin, self._stdout = os.dup(0), os.dup(1)
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        if sys.platform == "win32":
            importlib.import_module("msvcrt").setmode(self._stdout, os.O_BINARY)  # else \n becomes \r\n
        self._writing = threading.Lock()

    def send(self, message: Message) -> None:
        """Write one message. Exit the process if the pipe is closed: Blender has gone."""
        line = memoryview(encode(message))
        try:
            with self._writing:
                while line:
                    line = line[os.write(self._stdout, line) :]
        except OSError:
            os._exit(0)

    def lines(self) -> Iterator[bytes]:
        """Lines as they arrive; ends when stdin closes."""
        splitter = LineSplitter()
        while chunk := os.read(self._stdin, 1 << 16):
            yield from splitter.feed(chunk)
