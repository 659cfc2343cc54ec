"""Large files over https: what broke off goes on, and only the file that was meant is kept."""

import contextlib
import hashlib
import http.client
import importlib
import os
import shutil
import ssl
import time
import urllib.error
import urllib.request
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .errors import EdgeError
from .progress import Report, silent

_BLOCK = 1 << 20  # bytes
_TIMEOUT_S = 60.0
_TRIES = 6  # in a row without a new byte
_RANGE_PAST_END = 416
_LONGEST_PAGE = 64 << 20  # bytes
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def download(url: str, target: Path, sha256: str, report: Report = silent, *, pause_s: float = 2.0) -> None:
    """Fetch the file with that SHA-256 to `target`; where it lies there already, nothing is fetched.

    Until it is whole and checked it is called `target`.part, from whose end the next call goes on, in this run or in
    another. report: in bytes, "downloading", then "loading" while its checksum is looked at. pause_s: between tries
    after a broken connection, longer each time.
    Raises EdgeError download_insecure (not https), download_failed, download_wrong (it has another checksum and is
    removed), disk_full; OSError.
    """
    check_address(url)
    if target.is_file() and file_sha256(target, report) == sha256:
        return
    part = target.with_name(target.name + ".part")
    tries = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            _go_on(url, part, report)
            break
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            gone = isinstance(error, urllib.error.HTTPError) and error.code < 500
            tries = 0 if part.exists() and part.stat().st_size > before else tries + 1
            if gone or tries >= _TRIES:
                raise _failed(url, error) from error
            time.sleep(pause_s * tries)
    if file_sha256(part, report) != sha256:
        part.unlink()
        raise EdgeError(
            "download_wrong",
            f"What {url} gave is not the file that was meant: its checksum is another one.",
            "Try again later; if it stays so, the file was changed where it is offered.",
        )
    part.replace(target)


def read_page(url: str) -> str:
    """A page of an index. Raises EdgeError download_insecure, download_failed."""
    check_address(url)
    try:
        with _open(urllib.request.Request(url)) as answer:  # noqa: S310 - checked
            content: bytes = answer.read(_LONGEST_PAGE)
    except (OSError, http.client.HTTPException) as error:
        raise _failed(url, error) from error
    return content.decode("utf-8", "replace")


def check_address(url: str) -> None:
    """Refuse what is not https, but for this machine's own. Raises EdgeError download_insecure."""
    try:
        parts = urlsplit(url)
        secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    except ValueError:
        secure = False
    if not secure:
        raise EdgeError("download_insecure", f"{url} does not begin with https.", "Use an address that does.")


def file_sha256(path: Path, report: Report = silent) -> str:
    """A file's SHA-256. report: in bytes, as "loading"."""
    digest, size, done = hashlib.sha256(), path.stat().st_size, 0
    with path.open("rb") as file:
        while block := file.read(16 * _BLOCK):
            digest.update(block)
            done += len(block)
            report("loading", done, size)
    return digest.hexdigest()


def _go_on(url: str, part: Path, report: Report) -> None:
    """Fetch what lacks at the end of `part`. Raises ConnectionError where the connection ends before the file does."""
    there = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={there}-"} if there else {})  # noqa: S310 - checked
    try:
        answer = _open(request)
    except urllib.error.HTTPError as error:
        if error.code == _RANGE_PAST_END and there:
            return  # nothing lacks
        raise
    with answer:
        if answer.status != http.client.PARTIAL_CONTENT:
            there = 0  # the server begins anew
        size = there + int(answer.headers.get("Content-Length") or 0)
        _check_room(part, size - there)
        with part.open("r+b" if there else "wb") as file:
            file.seek(0, os.SEEK_END)
            while block := answer.read1(_BLOCK):  # what there is: a slow network must show, too
                file.write(block)
                there += len(block)
                report("downloading", there, max(size, there))
    if there < size:
        raise ConnectionError(f"{there} of {size} bytes came")


def _check_room(part: Path, wanted: int) -> None:
    if shutil.disk_usage(part.parent).free < wanted:
        raise EdgeError(
            "disk_full",
            f"{wanted / 1e9:.1f} GB more are needed at {part.parent}.",
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
    """Goes by the variables https_proxy and no_proxy."""
    trust = ssl.create_default_context()
    if not trust.get_ca_certs():  # a Python, as Blender's on Linux, that does not know where the system keeps them
        with contextlib.suppress(ImportError):  # then every address is refused, in a sentence
            trust.load_verify_locations(importlib.import_module("certifi").where())
    return urllib.request.build_opener(_StaySecure, urllib.request.HTTPSHandler(context=trust))


def _open(request: urllib.request.Request) -> Any:
    return _opener().open(request, timeout=_TIMEOUT_S)
