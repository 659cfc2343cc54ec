"""Blender's side of the protocol, for tests with a real worker."""

import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Self

from edge_backend.protocol.codec import LineSplitter, decode, encode
from edge_backend.protocol.messages import Message

REPOSITORY = Path(__file__).parents[2]
PATIENCE_S = 120.0  # for steps that take what they take on a busy machine

# A worker whose pipeline behaves as `patch` says, for what a real network does too rarely to wait for.
PATCHED = """
import os, sys, threading, time
import edge_backend.generation.pipeline as pipeline
import edge_backend.generation.model_cache as model_cache
import edge_backend.worker.server as worker
from pathlib import Path
{patch}
worker.run("cpu", Path(sys.argv[1]))
"""


class Client:
    """Blender's side of the conversation."""

    def __init__(self, weights_folder: Path, *options: str, patch: str = "", **environment: str) -> None:
        command = [sys.executable, "-m", "edge_backend", "worker", "--device", "cpu", "--weights-folder"]
        command = [*command, str(weights_folder), *options]
        if patch:
            command = [sys.executable, "-c", PATCHED.format(patch=patch), str(weights_folder)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
        self.process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.messages: queue.Queue[Message | None] = queue.Queue()
        self.log = bytearray()
        threading.Thread(target=self._read_frames, daemon=True).start()
        threading.Thread(target=self._read_log, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def _read_frames(self) -> None:
        assert self.process.stdout
        splitter = LineSplitter()
        while chunk := os.read(self.process.stdout.fileno(), 65536):
            for line in splitter.feed(chunk):
                self.messages.put(decode(line))  # a broken frame ends this thread, and the test with it
        self.messages.put(None)

    def _read_log(self) -> None:
        assert self.process.stderr
        while chunk := os.read(self.process.stderr.fileno(), 65536):
            self.log += chunk

    def send(self, *messages: Message | bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(b"".join(m if isinstance(m, bytes) else encode(m) for m in messages))
        self.process.stdin.flush()

    def wait_for(self, *kinds: type, **fields: Any) -> Any:
        """The next message of that kind with those fields; what comes before it is dropped."""
        end = time.monotonic() + PATIENCE_S
        while True:
            message = self.messages.get(timeout=max(end - time.monotonic(), 0.01))
            assert message is not None, self.log.decode(errors="replace")
            if isinstance(message, kinds) and all(getattr(message, name) == value for name, value in fields.items()):
                return message

    def end(self) -> float:
        """Close stdin, as Blender's end does; how long the worker lives on, in seconds."""
        assert self.process.stdin
        began = time.monotonic()
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)
        return time.monotonic() - began
