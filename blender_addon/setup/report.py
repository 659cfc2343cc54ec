"""A report on this installation for an issue; it contains no paths and no names of persons. No bpy."""

import json
import platform
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..backend.interpreter import ADDON_FOLDER, worker_variables
from ..backend.launch import Launch
from ..backend.log_file import last_lines
from ..edge_backend import __version__
from ..edge_backend.errors import EdgeError
from ..edge_backend.fileio.redaction import redact
from ..edge_backend.runtime.child_processes import apart
from ..edge_backend.setup.home import Home

_DOCTOR_S = 600.0
_LOG_LINES = 40


@dataclass(frozen=True, slots=True)
class Host:
    """Facts from Blender. problem: the last error. folders: private ones, which are removed from texts."""

    blender: str
    gpu: str
    problem: EdgeError | None
    folders: tuple[Path, ...]


class ReportMaker:
    """Makes a report in a thread; `text` is None until it is done."""

    def __init__(self, launch: Launch, home: Home, host: Host, done: Callable[[], None] = lambda: None) -> None:
        self.text: str | None = None
        self._done = done
        threading.Thread(target=self._make, args=(launch, home, host), name="edge_dance report", daemon=True).start()

    def _make(self, launch: Launch, home: Home, host: Host) -> None:
        self.text = make_report(launch, home, host)
        self._done()


def make_report(launch: Launch, home: Home, host: Host) -> str:
    """The report; takes as long as `doctor`."""
    rows = [
        f"EDGE Dance {__version__} in Blender {host.blender}",
        f"System: {platform.platform()}, {platform.machine()}, GPU: {host.gpu}",
        f"Set-up: {home.status}" + (f", {home.ready.build}" if home.ready else ""),
        "",
        *_doctor(launch),
    ]
    if host.problem:
        rows += ["", f"Last problem: {host.problem} [{host.problem.code}]", host.problem.detail]
    rows += ["", "Log:", last_lines(_LOG_LINES) or "none"]
    named = {"extension": ADDON_FOLDER, "backend": home.folder}
    return redact("\n".join(rows), named, host.folders) + "\n"


def _doctor(launch: Launch) -> list[str]:
    try:
        found = launch.find()
        whose = "of the user" if launch.python else "Blender's own" if found.bundled else "that of set-up"
        done = subprocess.run(
            found.command("doctor", "--json"),
            env=worker_variables(),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            timeout=_DOCTOR_S,
            check=False,
            **apart(),
        )
        found = next(json.loads(row)["findings"] for row in done.stdout.splitlines() if row.startswith('{"ok"'))
        return [f"Python: {whose}"] + [
            f"{'ok ' if one['ok'] else 'BAD'} {one['name']:<11} {one['words']} {one['hint']}".rstrip() for one in found
        ]
    except EdgeError as error:
        return [f"BAD backend     {error} [{error.code}]"]
    except (StopIteration, KeyError, ValueError, TypeError):
        return ["BAD doctor      " + done.stderr[-2000:]]
    except (OSError, subprocess.SubprocessError) as error:
        return [f"BAD doctor      {error}"]
