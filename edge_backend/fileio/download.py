"""Resumable downloads over https, verified by checksum."""

import contextlib
import http
import http.client
import importlib
import logging
import os
import shutil
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import EdgeError
from ..schema.progress import Report, silent
from .atomic_write import take_place
from .file_lock import exclusive_lock
from .hashing import sha256_of

logger = logging.getLogger(__name__)

_BLOCK = 1 << 20  # bytes
_TIMEOUT_S = 60.0
_TRIES = 6  # in a row without a new byte
_RANGE_PAST_END = 416
_LATER = {http.HTTPStatus.REQUEST_TIMEOUT, http.HTTPStatus.TOO_EARLY, http.HTTPStatus.TOO_MANY_REQUESTS}
LONGEST_PAUSE_S = 120.0
_LONGEST_PAGE = 64 << 20  # bytes
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def download(url: str, target: Path, sha256: str, report: Report = silent, *, pause_s: float = 2.0) -> None:
    """Fetch the file with that SHA-256 to `target`, unless it is there already.

    Until it is complete and verified it is called `target`.part; the next call resumes from its end, in this run or in
    another. report: in bytes, "downloading", then "loading" while its checksum is looked at. pause_s: between tries
    after a broken connection, longer each time, and longer where the server asks for it.
    Raises EdgeError download_insecure (not https), download_busy, download_failed, download_wrong (it has another
    checksum and is removed), disk_full; OSError.
    """
    check_address(url)
    if target.is_file() and sha256_of(target, report) == sha256:
        return
    with alone_at(target):
        _fetch(url, target, sha256, report, pause_s)


@contextmanager
def alone_at(target: Path) -> Iterator[None]:
    """Lock the download of this file or folder against other processes, by `target`.lock.

    On disks without file locks there is no protection. Raises EdgeError download_busy; OSError.
    """
    busy = EdgeError(
        "download_busy", f"{target} is being fetched already, by another program.", "Wait until it has finished."
    )
    lock = target.with_name(target.name + ".lock")
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(exclusive_lock(lock, busy, keep=False))
        except EdgeError as error:
            if error is busy:
                raise
            lock.unlink(missing_ok=True)
        yield


def _fetch(url: str, target: Path, sha256: str, report: Report, pause_s: float) -> None:
    part = target.with_name(target.name + ".part")
    whole = False
    tries = _Tries(url, pause_s)
    while not whole:
        try:
            whole = _go_on(url, part, report)
        except _BrokenOffError as broken:
            tries.again(broken.reason, _size(part))
            continue
        if sha256_of(part, report) == sha256:
            take_place(part, target)
            return
        if not whole:  # without a length the rest may be missing
            tries.again(ConnectionError("it ended too early"), _size(part))
    part.unlink()
    raise EdgeError(
        "download_wrong",
        f"What {url} gave is not the file that was meant: its checksum is another one.",
        "Try again later; if it stays so, the file was changed where it is offered.",
    )


def read_page(url: str, *, pause_s: float = 2.0) -> str:
    """A page of an index. Raises EdgeError download_insecure, download_failed."""
    check_address(url)
    tries = _Tries(url, pause_s)
    while True:
        try:
            with _answer(urllib.request.Request(url)) as answer:  # noqa: S310 - checked
                length = answer.length
                content = b"".join(_blocks(answer, _LONGEST_PAGE))
            if length and len(content) < length:
                raise _BrokenOffError(ConnectionError(f"{len(content)} of {length} bytes came"))
            return content.decode("utf-8", "replace")
        except _BrokenOffError as broken:
            tries.again(broken.reason)


def check_address(url: str) -> None:
    """Refuse addresses other than https, except on this machine. Raises EdgeError download_insecure."""
    try:
        parts = urlsplit(url)
        secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    except ValueError:
        secure = False
    if not secure:
        raise EdgeError("download_insecure", f"{url} does not begin with https.", "Use an address that does.")


class _BrokenOffError(Exception):
    """The server or the network failed. reason: the cause; never a local file."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason


class _Tries:
    """Counts consecutive tries without a new byte, and waits between them."""

    def __init__(self, url: str, pause_s: float) -> None:
        self._url, self._pause_s = url, pause_s
        self._count, self._most = 0, 0

    def again(self, reason: Exception, there: int = 0) -> None:
        """Wait before the next try. there: bytes received so far. Raises EdgeError download_failed, at the end."""
        self._count = 0 if there > self._most else self._count + 1
        self._most = max(self._most, there)
        if _is_final(reason) or self._count >= _TRIES:
            raise _failed(self._url, reason) from reason
        pause_s = max(self._pause_s * self._count, _asked_pause_s(reason))
        logger.info("%s broke off at %d bytes (%s); again in %.1f s", _host(self._url), there, reason, pause_s)
        time.sleep(pause_s)


def _host(url: str) -> str:
    """The server's name alone: addresses may hold passwords."""
    return urlsplit(url).hostname or "?"


def _is_final(reason: Exception) -> bool:
    """Whether trying again is pointless."""
    if isinstance(reason, urllib.error.HTTPError):
        return reason.code < 500 and reason.code not in _LATER
    cause = reason.reason if isinstance(reason, urllib.error.URLError) else reason
    return isinstance(cause, ssl.SSLCertVerificationError)


def _asked_pause_s(reason: Exception) -> float:
    """The server's Retry-After, given in seconds or as a date, as seconds; at most LONGEST_PAUSE_S."""
    header = reason.headers.get("Retry-After", "") if isinstance(reason, urllib.error.HTTPError) else ""
    try:
        seconds = float(header) if header.strip().isdigit() else parsedate_to_datetime(header).timestamp() - time.time()
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), LONGEST_PAUSE_S)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _go_on(url: str, part: Path, report: Report) -> bool:
    """Fetch what is missing at the end of `part`. True if it is complete; False where the server does not say.

    Raises _BrokenOffError, also where the connection ends before the file does; EdgeError disk_full; OSError.
    """
    there = _size(part)
    request = urllib.request.Request(url, headers={"Range": f"bytes={there}-"} if there else {})  # noqa: S310 - checked
    try:
        answer = _answer(request)
    except _BrokenOffError as broken:
        if there and isinstance(broken.reason, urllib.error.HTTPError) and broken.reason.code == _RANGE_PAST_END:
            return True  # the file is complete
        raise
    with answer:
        if answer.status != http.client.PARTIAL_CONTENT:
            there = 0  # the server begins anew
        size = there + (answer.length or 0)  # 0: it does not say
        _check_room(part, size - there)
        with part.open("r+b" if there else "wb") as file:
            file.seek(0, os.SEEK_END)
            for block in _blocks(answer):
                file.write(block)
                there += len(block)
                report("downloading", there, max(size, there))
    if there < size:
        raise _BrokenOffError(ConnectionError(f"{there} of {size} bytes came"))
    return size > 0 and there == size


def _answer(request: urllib.request.Request) -> Any:
    """Raises _BrokenOffError."""
    with _of_the_network():
        return _opener().open(request, timeout=_TIMEOUT_S)


def _blocks(answer: Any, most: int = sys.maxsize) -> Iterator[bytes]:
    """The answer's bytes in small blocks, so that progress shows on slow networks too. most: bytes. Raises
    _BrokenOffError."""
    while most > 0:
        with _of_the_network():
            block = answer.read1(min(_BLOCK, most))
        if not block:
            return
        most -= len(block)
        yield block


@contextlib.contextmanager
def _of_the_network() -> Iterator[None]:
    """Turn every OSError and HTTPException raised in this block into _BrokenOffError."""
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenOffError(error) from error


def _check_room(part: Path, needed: int) -> None:
    if shutil.disk_usage(part.parent).free < needed:
        raise EdgeError(
            "disk_full",
            f"{needed / 1e9:.1f} GB more are needed at {part.parent}.",
            "Free some space, or choose a folder on another disk.",
        )


def _failed(url: str, error: Exception) -> EdgeError:
    return EdgeError(
        "download_failed",
        f"{url} cannot be fetched: {error}.",
        "Check the connection and try again: it goes on where it stopped.",
    )


class _StaySecure(urllib.request.HTTPRedirectHandler):
    """Follows no redirection that leads away from https."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:  # noqa: PLR0917
        """Look at the new address first."""
        check_address(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@cache
def _opener() -> urllib.request.OpenerDirector:
    """The opener; it respects the variables https_proxy and no_proxy."""
    trust = ssl.create_default_context()
    if not trust.get_ca_certs():  # a Python, as Blender's on Linux, that does not know where the system keeps them
        with contextlib.suppress(ImportError):  # then every address is refused, in a sentence
            trust.load_verify_locations(importlib.import_module("certifi").where())
    return urllib.request.build_opener(_StaySecure, urllib.request.HTTPSHandler(context=trust))
