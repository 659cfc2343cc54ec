"""What is installed: wheels with checksums, from the lock files that ship with the extension."""

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..errors import EdgeError

FOLDER = Path(__file__).resolve().parents[2] / "requirements" / "locked"
"""`requirements` lies beside edge_backend, in the repository and in the installed extension alike."""

_ROW = re.compile(r"([\w.-]+)==([\w.+*!-]+)(?: --hash=sha256:([0-9a-f]{64}))? # (\d+) (\S+)")
_FILE = re.compile(r"[\w.+*-]+\.whl", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wheel:
    """One package.

    size: bytes, 0 = not known. sha256: "" = the index has to say it; then the url's last part may hold a *, and what
    stands before that is the index's page.
    """

    name: str
    version: str
    sha256: str
    size: int
    url: str

    @property
    def file(self) -> str:
        """The file's name, or the pattern of it. Raises ValueError where that is no wheel's."""
        return file_name(self.url)

    @property
    def page(self) -> str:
        """The folder that the address lies in."""
        return urlsplit(self.url)._replace(query="", fragment="").geturl().rsplit("/", 1)[0] + "/"


def file_name(url: str) -> str:
    """The name under which the wheel at an address is kept: never a path, whatever is encoded in the address.

    Raises ValueError where it is no wheel's name.
    """
    name = unquote(urlsplit(url).path.rsplit("/", 1)[-1])
    if not _FILE.fullmatch(name):
        raise ValueError(f"{name[:80]} is no wheel's name")
    return name


def this_system() -> str:
    """The system as lock files are named after it, such as linux-x86_64."""
    import platform  # noqa: PLC0415 - slow to ask on Windows, and only asked here

    system = {"linux": "linux", "win32": "windows", "darwin": "macos"}.get(sys.platform, sys.platform)
    return f"{system}-{platform.machine().lower()}"


def builds(system: str, python: tuple[int, int]) -> list[str]:
    """The builds of torch that can be installed on a system for a Python, such as cpu and cuda."""
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
    """The lock file of virtualenv, which makes environments where Python comes without venv or ensurepip."""
    return FOLDER / "virtualenv.txt"


def _why_not(build: str, system: str, python: tuple[int, int]) -> EdgeError:
    """What there is instead of a lock file that there is not."""
    own = "name that under Backend Python in the extension's preferences (docs/install.md tells how)."
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
    """Short, and another one whenever the lock file is another."""
    return hashlib.sha256(lock.name.encode() + lock.read_bytes()).hexdigest()[:12]


def read_lock(lock: Path) -> list[Wheel]:
    """The wheels of a lock file. Raises ValueError where a row is none."""
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
    """The text of a requirements file that pip installs from with --require-hashes."""
    return "".join(f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n" for wheel in wheels)


def _prefix(system: str, python: tuple[int, int]) -> str:
    return f"cp{python[0]}{python[1]}-{system}-"
