"""The output of the command: sentences for people, or one JSON object per line for programs. No bpy."""

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from ..edge_backend.errors import EdgeError

_TICK_S, _STEP = 0.5, 0.01

_SENTENCES: dict[str, str] = {
    "plan": "{song}, seed {seed}: {todo}",
    "take": "{song}, seed {seed}: {name}, {seconds:.1f} s of dance",
    "warning": "{song}, seed {seed}: {message}",
    "saved": "saved {file}",
    "film": "film {file}",
    "error": "{where}{message} {hint} [{code}]",
    "done": "takes: {takes} made, {skipped} there already, {failed} failed; films: {films} made",
}


class Report:
    """Writes events to a stream: plan, progress, take, warning, saved, film, error, done; each has its own fields."""

    def __init__(self, stream: TextIO, as_json: bool) -> None:
        self._stream, self._json = stream, as_json

    def say(self, event: str, **fields: Any) -> None:
        """Write an event as one line and flush."""
        if self._json:
            text = json.dumps({"event": event, **fields}, ensure_ascii=False)
        elif event == "progress":
            text = "  {stage} {percent} %".format(percent=round(100 * fields["fraction"]), **fields)
        else:
            text = _SENTENCES[event].format(**fields)
        print(text, file=self._stream, flush=True)

    def failed(self, error: EdgeError, where: str = "") -> None:
        """Write an error event. where: the song and the seed, if the error concerns one take."""
        prefix = f"{where}: " if where and not self._json else where
        self.say("error", where=prefix, code=error.code, message=error.message, hint=error.hint)


@contextmanager
def report_to(as_json: bool) -> Iterator[Report]:
    """A report on stdout. With as_json, stdout gets nothing else: what Blender prints goes to stderr in this block."""
    if not as_json:
        yield Report(sys.stdout, as_json)
        return
    sys.stdout.flush()
    stdout = os.dup(1)
    with os.fdopen(os.dup(stdout), "w", encoding="utf-8") as stream:
        os.dup2(2, 1)
        before, sys.stdout = sys.stdout, sys.stderr
        try:
            yield Report(stream, as_json)
        finally:
            sys.stdout = before
            os.dup2(stdout, 1)
            os.close(stdout)


@contextmanager
def progress(report: Report, state: Callable[[], tuple[str, float] | None], **fields: Any) -> Iterator[None]:
    """Report progress while this block runs: each new stage, and each percent of it, at most twice a second.

    state: returns stage and fraction, or None; called by another thread while Blender is busy.
    """
    over = threading.Event()

    def watch() -> None:
        last = ("", 0.0)
        while not over.wait(_TICK_S):
            now = state()
            if now and (now[0] != last[0] or now[1] >= last[1] + _STEP):
                last = now
                report.say("progress", stage=now[0], fraction=round(now[1], 4), **fields)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
