"""The wheels in the extension's zips: fetched by pip, pinned by SHA-256, cached in .wheels."""

from __future__ import annotations

import hashlib
import platform as machine
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from .base import ROOT, BuildError
from .environments import MAIN, REQUIREMENTS, python_version
from .packages import lock_lines, pip

CACHE = ROOT / ".wheels"
BUNDLED = REQUIREMENTS / "bundled.txt"
PLATFORMS = {"linux-x64": "x86_64", "windows-x64": "win_amd64", "macos-arm64": "arm64"}
"""Blender's name of each platform that there is a zip for, and how the names of its wheels end."""

_ROW = re.compile(r"(\S+==\S+) --hash=sha256:([0-9a-f]{64}) # \d+ \S+/([^/]+\.whl)")


@dataclass(frozen=True)
class Wheel:
    """One wheel. requirement: such as cffi==2.1.1. file: its name, which ends with Python, ABI and system."""

    requirement: str
    sha256: str
    file: str

    @property
    def tags(self) -> tuple[str, str, str]:
        """Python, ABI and system, as wheels are named (PEP 427)."""
        python, abi, system = self.file[: -len(".whl")].split("-")[-3:]
        return python, abi, system

    @property
    def cached(self) -> Path:
        """Its path in the cache."""
        return CACHE / self.file


def this_platform() -> str:
    """Blender's name of the platform that this runs on, such as linux-x64; there may be no zip for it."""
    system = {"linux": "linux", "win32": "windows", "darwin": "macos"}.get(sys.platform, sys.platform)
    processor = machine.machine().lower()
    return f"{system}-{'x64' if processor in ('x86_64', 'amd64') else processor}"


def bundled_wheels(platform: str = "") -> list[Wheel]:
    """The wheels in the zip of a platform, by name; "" = those of all. Raises BuildError where there is no such zip."""
    if platform and platform not in PLATFORMS:
        raise BuildError(f"There are no wheels for {platform}; there are for {', '.join(PLATFORMS)} (--platform).")
    wheels = []
    for line in lock_lines(BUNDLED):
        found = _ROW.fullmatch(line)
        if found is None:
            raise BuildError(f"{BUNDLED.name} has a row that is no wheel: {line[:80]}")
        wheels.append(Wheel(found[1], found[2], unquote(found[3])))
    ending = PLATFORMS.get(platform, "")
    fitting = (wheel for wheel in wheels if wheel.tags[2] == "any" or wheel.tags[2].endswith(ending))
    return sorted(fitting, key=lambda wheel: wheel.file)


def fetch(wheels: list[Wheel]) -> None:
    """Download the wheels that are not in the cache, by pip. Raises BuildError if that fails."""
    missing = [wheel for wheel in wheels if not _is_whole(wheel)]
    if not missing:
        return
    python = _python_with_pip()
    CACHE.mkdir(exist_ok=True)
    for wheel in missing:
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            _download(python, wheel, Path(folder))
            shutil.move(str(Path(folder) / wheel.file), wheel.cached)  # atomic, in case another process fetches it too


def _is_whole(wheel: Wheel) -> bool:
    return wheel.cached.is_file() and hashlib.sha256(wheel.cached.read_bytes()).hexdigest() == wheel.sha256


def _download(python: Path, wheel: Wheel, folder: Path) -> None:
    """Put a wheel for any Python and system into `folder`. pip refuses one whose checksum is another."""
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    version, abi, system = wheel.tags
    command = ["download", "--no-deps", "--require-hashes", "--only-binary=:all:", "--dest", str(folder)]
    command += ["--abi", abi, *(word for name in system.split(".") for word in ("--platform", name))]
    if version.startswith("cp"):
        command += ["--python-version", version[2:], "--implementation", "cp"]
    pip(python, *command, "-r", str(wanted))


def _python_with_pip() -> Path:
    for python in (Path(sys.executable), MAIN.python):
        if python_version([str(python)], "pip"):
            return python
    raise BuildError(
        "The zip's wheels are fetched by pip, which this Python lacks. 'python3 build_addon.py env' makes one."
    )
