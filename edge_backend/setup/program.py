"""Set-up from beginning to end. It may be interrupted anywhere: the old backend works until the new one is tested."""

import logging
import platform
import sys
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import EdgeError
from ..schema.progress import Report
from . import environment
from .home import Home, Record, environment_name, free_bytes, python_of
from .locked import Wheel, lock_file, read_lock, requirements, this_system, virtualenv_lock
from .machine import suggest
from .wheels import Source, bring, missing_bytes

logger = logging.getLogger(__name__)

UNPACKED = 3.5
"""Size of an environment relative to that of its wheels, about."""

PYTHON = sys.version_info[:2]


@dataclass(frozen=True, slots=True)
class SetUp:
    """Settings of set-up. home: the environments' folder. build: of torch, "" = the one suggested for this machine."""

    home: Path
    build: str = ""
    source: Source = field(default_factory=Source)


def set_up(settings: SetUp, report: Report) -> str:
    """Make, repair or update the environment, from the running Python. Returns a sentence about it.

    report: "downloading" in bytes. Raises EdgeError setup_*, download_*, disk_full; OSError; an environment that was
    ready before then still is.
    """
    home = Home(settings.home)
    build = settings.build or suggest(PYTHON).build
    lock = lock_file(build, this_system(), PYTHON)
    record = Record(build, environment_name(lock), PYTHON)
    with home.alone():
        if home.ready == record and (device := _mended(home, record, report)):
            return f"The backend is ready: {device}."
        home.begin(record)
        device = _make(home, record, read_lock(lock), settings.source, report)
        home.finish(record)
    return f"The backend is ready: {device}."


def remove(folder: Path) -> str:
    """Remove every environment. Raises EdgeError setup_busy, setup_folder."""
    home = Home(folder)
    with home.alone():
        home.remove()
    return "The backend has been removed."


def bytes_needed(wheels: list[Wheel], downloads: Path) -> int:
    """The most bytes of disk space that set-up needs at any time."""
    return missing_bytes(wheels, downloads) + round(UNPACKED * sum(wheel.size for wheel in wheels))


def _mended(home: Home, record: Record, report: Report) -> str:
    """Try the cheapest repair, for environments whose Python moved with Blender: point them to the running one."""
    report("preparing", 0, 1)
    folder = home.folder / record.folder
    try:
        environment.refresh(folder)
        return environment.self_test(python_of(folder), report)
    except (EdgeError, OSError):
        return ""


def _make(home: Home, record: Record, wheels: list[Wheel], source: Source, report: Report) -> str:
    report("preparing", 0, 1)
    tools = read_lock(virtualenv_lock()) if environment.lacks_venv() else []
    wanted = [*wheels, *tools]
    needed, free = bytes_needed(wanted, home.downloads), free_bytes(home.folder)
    if free < needed:
        raise EdgeError(
            "disk_full",
            f"The backend needs {needed / 1e9:.1f} GB on the disk of {home.folder}; {free / 1e9:.1f} GB are free.",
            "Free some space and set the backend up again.",
        )
    folder = home.folder / record.folder
    report("preparing", 1, 1)
    total = sum(wheel.size for wheel in wanted)
    report("downloading", total - missing_bytes(wanted, home.downloads), total)
    brought = bring(wanted, home.downloads, source, report)
    found, virtualenv = brought[: len(wheels)], brought[len(wheels) :]
    report("unpacking", 0, len(found))
    python = environment.make(folder, [home.downloads / wheel.file for wheel in virtualenv])
    listed = home.downloads / "requirements.txt"
    listed.write_text(requirements(found), "utf-8")
    environment.install(python, listed, home.downloads, len(found), report)
    device = environment.self_test(python, report)
    logger.info("%s on %s: %s", record.folder, platform.platform(), device)
    return device
