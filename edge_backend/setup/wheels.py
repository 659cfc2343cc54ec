"""Gets the wheels from their locked addresses, from a mirror, or from a folder on this machine."""

import contextlib
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from ..errors import EdgeError
from ..fileio.download import download, read_page
from ..fileio.hashing import sha256_of
from ..schema.progress import Report
from .locked import Wheel, file_name

PYPI_FILES = "files.pythonhosted.org"


@dataclass(frozen=True, slots=True)
class Source:
    """Where wheels come from. mirror: address of a simple index, in place of PyPI. folder: of wheels, no network."""

    mirror: str = ""
    folder: Path | None = None


def bring(wheels: Sequence[Wheel], target: Path, source: Source, report: Report) -> list[Wheel]:
    """Put all wheels into `target`. Returns them with version, size and checksum.

    Files that exist are not downloaded again, partial ones are resumed. report: in bytes.
    Raises EdgeError setup_wheels_missing, setup_index, download_*, disk_full; OSError.
    """
    target.mkdir(parents=True, exist_ok=True)
    if source.folder:
        return _copy(wheels, target, source.folder, report)
    found = [_locate(wheel, source.mirror) for wheel in wheels]
    total, done = sum(wheel.size for wheel in found), 0
    for wheel in found:
        counted = _Counted(report, done, total)
        download(wheel.url, target / wheel.file, wheel.sha256, counted)
        done += wheel.size or (target / wheel.file).stat().st_size
        report("downloading", min(done, total), total)
    return found


def missing_bytes(wheels: Sequence[Wheel], target: Path) -> int:
    """The bytes that are still to be downloaded."""
    there = {path.name.removesuffix(".part"): path.stat().st_size for path in target.glob("*.whl*")}
    return sum(max(0, wheel.size - there.get(wheel.file, 0)) for wheel in wheels)


class _Counted:
    """A Report of one file that reports the progress of all files, which never decreases."""

    def __init__(self, report: Report, before: int, total: int) -> None:
        self._report, self._before, self._total, self._most = report, before, total, 0

    def __call__(self, _stage: str, done: int, _total: int) -> None:
        self._most = max(self._most, done)
        self._report("downloading", min(self._before + self._most, self._total), self._total)


def _copy(wheels: Sequence[Wheel], target: Path, folder: Path, report: Report) -> list[Wheel]:
    names = sorted(filter(_is_named, (path.name for path in folder.glob("*.whl")))) if folder.is_dir() else []
    found = [next((name for name in names if fnmatchcase(name, wheel.file)), None) for wheel in wheels]
    if missing := [wheel.file for wheel, name in zip(wheels, found, strict=True) if name is None]:
        raise EdgeError(
            "setup_wheels_missing",
            f"{len(missing)} of {len(wheels)} wheels are not in {folder}, {missing[0]} among them.",
            "Fill the folder as docs/install.md says, on a machine with the same system and Python.",
            detail="\n".join(missing),
        )
    total, done, known = sum(wheel.size for wheel in wheels), 0, []
    for wheel, name in zip(wheels, found, strict=True):
        path = folder / str(name)
        sha256 = sha256_of(path)
        if wheel.sha256 and sha256 != wheel.sha256:
            raise EdgeError("download_wrong", f"{path} is not the wheel that was meant.", "Put the right one there.")
        shutil.copyfile(path, target / path.name)
        done += wheel.size
        known.append(replace(wheel, sha256=sha256, version=_version(path.name), url=wheel.page + path.name))
        report("downloading", done, total)
    return known


def _locate(wheel: Wheel, mirror: str) -> Wheel:
    """The wheel with its address and checksum: those of the lock file, or, with a mirror, from its page."""
    if mirror and urlsplit(wheel.url).hostname == PYPI_FILES:
        page = f"{mirror.rstrip('/')}/{re.sub(r'[-_.]+', '-', wheel.name).lower()}/"
        url, _ = _on_page(page, wheel)
        return replace(wheel, url=url)
    if wheel.sha256:
        return wheel
    url, sha256 = _on_page(wheel.page, wheel)
    if not sha256:
        raise EdgeError("setup_index", f"{wheel.page} has no checksum for {wheel.name}.", "Choose another build.")
    return replace(wheel, url=url, sha256=sha256, version=_version(file_name(url)))


def _on_page(page: str, wheel: Wheel) -> tuple[str, str]:
    """Address and checksum of the wheel's file on an index's page (PEP 503); of several matches the last."""
    links = _Links()
    links.feed(read_page(page))
    for link in reversed(links.found):
        url, _, fragment = urljoin(page, link).partition("#")
        if _is_named(url) and fnmatchcase(file_name(url), wheel.file):
            found = re.fullmatch(r"sha256=([0-9a-f]{64})", fragment)
            return url, found[1] if found else ""
    raise EdgeError("setup_index", f"{wheel.file} is not on {page}.", "Choose another mirror or another build.")


def _is_named(url: str) -> bool:
    """Whether the address is that of a wheel with a valid name."""
    with contextlib.suppress(ValueError):
        return bool(file_name(url))
    return False


def _version(file: str) -> str:
    return file.split("-")[1]


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect a link."""
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]
