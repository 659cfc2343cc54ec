"""Reads lock files, which list the wheels to install with their checksums and are part of the extension."""

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..errors import EdgeError

FOLDER = Path(__file__).resolve().parents[2] / "requirements" / "locked"
"""The folder `requirements` beside edge_backend, in the repository and in the installed extension."""

_ROW = re.compile(r"([\w.-]+)==([\w.+*!-]+)(?: --hash=sha256:([0-9a-f]{64}))? # (\d+) (\S+)")
_FILE = re.compile(r"[\w.+*-]+\.whl", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel to install.

    size: bytes, 0 = unknown. sha256: "" = unknown; it is then read from the index's page, which is the url without its
    last part, a pattern that may contain a *.
    """

    name: str
    version: str
    sha256: str
    size: int
    url: str

    @property
    def file(self) -> str:
        """The file's name, or its pattern. Raises ValueError if it is not a wheel's."""
        return file_name(self.url)

    @property
    def page(self) -> str:
        """The url without its last part."""
        return urlsplit(self.url)._replace(query="", fragment="").geturl().rsplit("/", 1)[0] + "/"


def file_name(url: str) -> str:
    """The file name of the wheel at a url, never a path, whatever is encoded in the url.

    Raises ValueError if it is not a wheel's name.
    """
    name = unquote(urlsplit(url).path.rsplit("/", 1)[-1])
    if not _FILE.fullmatch(name):
        raise ValueError(f"{name[:80]} is no wheel's name")
    return name


def this_system() -> str:
    """This system's name in those of lock files, such as linux-x86_64."""
    import platform  # noqa: PLC0415 - slow to ask on Windows, and only asked here

    system = {"linux": "linux", "win32": "windows", "darwin": "macos"}.get(sys.platform, sys.platform)
    return f"{system}-{platform.machine().lower()}"


def builds(system: str, python: tuple[int, int]) -> list[str]:
    """The builds of torch for a system and a version of Python, such as cpu and cuda."""
    files = FOLDER.glob(f"{_prefix(system, python)}*.txt")
    order = ("cuda", "apple", "rocm", "cpu")
    return sorted((file.stem.rsplit("-", 1)[1] for file in files), key=order.index)


def lock_file(build: str, system: str, python: tuple[int, int]) -> Path:
    """The lock file of a build. Raises EdgeError setup_no_build, setup_no_python."""
    path = FOLDER / f"{_prefix(system, python)}{build}.txt"
    if not path.is_file():
        raise _why_not(build, system, python)
    return path


def virtualenv_lock() -> Path:
    """The lock file of virtualenv, for Pythons without venv or ensurepip."""
    return FOLDER / "virtualenv.txt"


def _why_not(build: str, system: str, python: tuple[int, int]) -> EdgeError:
    """The error for a missing lock file, which says what is available."""
    own = "name that under Backend Python in the extension's preferences (docs/install.md says how)."
    found = {re.match(r"cp(\d)(\d+)-", path.name) for path in FOLDER.glob(f"cp*-{system}-*.txt")}
    pythons = sorted({(int(match[1]), int(match[2])) for match in found if match})
    if not pythons:
        return EdgeError(
            "setup_no_build", f"There are no packages of the backend for {system}.", f"Install them yourself, and {own}"
        )
    if python not in pythons:
        oldest, newest = (".".join(map(str, one)) for one in (pythons[0], pythons[-1]))
        return EdgeError(
            "setup_no_python",
            f"Blender runs on Python {python[0]}.{python[1]} here; the backend needs {oldest} to {newest}.",
            f"Take the Blender of blender.org, or install Python {newest} with the packages, and {own}",
        )
    return EdgeError(
        "setup_no_build",
        f"There are no packages for {build} on {system}.",
        f"Choose another build under Runs On: {', '.join(builds(system, python))}.",
    )


def fingerprint(lock: Path) -> str:
    """A short hash of the lock file."""
    return hashlib.sha256(lock.name.encode() + lock.read_bytes()).hexdigest()[:12]


def read_lock(lock: Path) -> list[Wheel]:
    """The wheels of a lock file. Raises ValueError for an invalid row."""
    wheels = []
    for row in lock.read_text("utf-8").splitlines():
        if not row.startswith("#"):
            found = _ROW.fullmatch(row)
            if not found:
                raise ValueError(f"{lock.name} has a row that is no wheel: {row[:80]}")
            name, version, sha256, size, url = found.groups()
            wheel = Wheel(name, version, sha256 or "", int(size), url)
            if "*" in wheel.file and sha256:
                raise ValueError(f"{lock.name} names no wheel: {wheel.file[:80]}")
            wheels.append(wheel)
    return wheels


def requirements(wheels: list[Wheel]) -> str:
    """The text of a requirements file for pip with --require-hashes."""
    return "".join(f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n" for wheel in wheels)


def _prefix(system: str, python: tuple[int, int]) -> str:
    return f"cp{python[0]}{python[1]}-{system}-"
