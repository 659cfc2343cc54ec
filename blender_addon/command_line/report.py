"""What the command line says: sentences for people, or one JSON object per line for programs. No bpy."""

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
    "done": "{takes} takes made, {films} films, {skipped} takes were there already, {failed} failed",
}


class Report:
    """Where it goes. Events: plan, progress, take, warning, saved, film, error, done; each has fields of its own."""

    def __init__(self, stream: TextIO, as_json: bool) -> None:
        self._stream, self._json = stream, as_json

    def say(self, event: str, **fields: Any) -> None:
        """One line, at once."""
        if self._json:
            text = json.dumps({"event": event, **fields}, ensure_ascii=False)
        elif event == "progress":
            text = "  {stage} {percent} %".format(percent=round(100 * fields["fraction"]), **fields)
        else:
            text = _SENTENCES[event].format(**fields)
        print(text, file=self._stream, flush=True)

    def failed(self, error: EdgeError, where: str = "") -> None:
        """Something that did not work; where: the song and the seed."""
        prefix = f"{where}: " if where and not self._json else where
        self.say("error", where=prefix, code=error.code, message=error.message, hint=error.hint)


@contextmanager
def report_to(as_json: bool) -> Iterator[Report]:
    """A report on stdout. In JSON that is all that stdout gets: what Blender prints there goes to stderr meanwhile."""
    if not as_json:
        yield Report(sys.stdout, as_json)
        return
    sys.stdout.flush()
    ours = os.dup(1)
    with os.fdopen(os.dup(ours), "w", encoding="utf-8") as stream:
        os.dup2(2, 1)
        before, sys.stdout = sys.stdout, sys.stderr
        try:
            yield Report(stream, as_json)
        finally:
            sys.stdout = before
            os.dup2(ours, 1)
            os.close(ours)


@contextmanager
def progress(report: Report, state: Callable[[], tuple[str, float] | None], **fields: Any) -> Iterator[None]:
    """Say how something stands while this block runs: each stage, and in it every percent, at most twice a second.

    state: stage and fraction, or None; called by another thread while Blender is busy.
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
