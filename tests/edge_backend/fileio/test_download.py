"""Downloads are resumed after broken connections, and end with the right file or with none."""

import errno
import hashlib
import http.client
import ssl
import subprocess
import sys
import time
import urllib.error
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import numpy as np
import pytest
from file_server import FileServer, serving

from edge_backend.errors import EdgeError
from edge_backend.fileio import download as downloads
from edge_backend.fileio import file_lock
from edge_backend.fileio.download import LONGEST_PAUSE_S, download, read_page

REPOSITORY = Path(__file__).parents[3]
CONTENT = np.random.default_rng(0).bytes(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving({"file": CONTENT}) as server:
        yield server


def firsts(server: FileServer) -> list[int]:
    """With which bytes the connections began."""
    return [first for _, first in server.asked]


def fetch(server: FileServer, target: Path, sha256: str = SHA256) -> None:
    download(server.url + "file", target, sha256, pause_s=0.0)


def refusal(server: FileServer, target: Path, sha256: str = SHA256) -> EdgeError:
    with pytest.raises(EdgeError) as caught:
        fetch(server, target, sha256)
    return caught.value


def test_a_file_comes_whole_and_is_not_fetched_again(server, tmp_path) -> None:
    for _ in range(2):
        fetch(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert firsts(server) == [0]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_broken_connection_goes_on(server, tmp_path) -> None:
    server.lasts = 1_100_000
    fetch(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert firsts(server) == [0, 1_100_000, 2_200_000]


def test_another_run_goes_on_too(server, tmp_path) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT[:2_000_000])
    fetch(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert firsts(server) == [2_000_000]


def test_a_part_that_was_whole_is_taken(server, tmp_path) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT)
    fetch(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


FETCH = """
import sys
from pathlib import Path
from edge_backend.errors import EdgeError
from edge_backend.fileio.download import download
try:
    download(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
except EdgeError as error:
    print(error.code)
"""


def test_of_two_programs_that_fetch_a_file_one_is_refused_and_it_comes_whole(server, tmp_path) -> None:
    server.pause_s = 0.02
    target = tmp_path / "file"
    command = [sys.executable, "-c", FETCH, server.url + "file", str(target), SHA256]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE) as other:
        while not (tmp_path / "file.part").exists():
            time.sleep(0.01)
        error = refusal(server, target)
        assert error.code == "download_busy" and str(target) in error.message
        assert other.communicate() == (b"", None)
    assert target.read_bytes() == CONTENT and firsts(server) == [0]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_where_files_cannot_be_locked_they_are_fetched_nevertheless(server, tmp_path, monkeypatch) -> None:
    def flock(*_arguments: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(file_lock, "_lock", flock)
    fetch(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_server_that_cannot_go_on_begins_anew(server, tmp_path) -> None:
    server.ranges = False
    (tmp_path / "file.part").write_bytes(b"\0" * 1000)
    fetch(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_file_with_another_checksum_is_removed(server, tmp_path) -> None:
    assert refusal(server, tmp_path / "file", "0" * 64).code == "download_wrong"
    assert not list(tmp_path.iterdir())


def test_a_file_of_that_name_with_other_content_is_replaced(server, tmp_path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    fetch(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize("status", [404, 503])
def test_a_server_that_has_nothing(server, tmp_path, status) -> None:
    server.status = status
    error = refusal(server, tmp_path / "file")
    assert error.code == "download_failed"
    assert str(status) in error.message


def test_no_server_at_all(tmp_path) -> None:
    with pytest.raises(EdgeError) as caught:
        download("http://127.0.0.1:1/file", tmp_path / "file", SHA256, pause_s=0.0)
    assert caught.value.code == "download_failed"


@pytest.mark.parametrize(
    "failure",
    [
        ssl.SSLError(1, "[SSL: DECRYPTION_FAILED_OR_BAD_RECORD_MAC] decryption failed"),
        ssl.SSLEOFError(8, "EOF occurred in violation of protocol"),
        OSError(errno.EHOSTUNREACH, "No route to host"),
        OSError(errno.ENETDOWN, "Network is down"),
    ],
    ids=["cipher", "end", "route", "network"],
)
def test_a_network_that_fails_while_it_is_read_goes_on(server, tmp_path, monkeypatch, failure) -> None:
    real, reads = http.client.HTTPResponse.read1, []

    def read1(self, n=-1) -> bytes:
        reads.append(0)
        if len(reads) == 3:
            raise failure
        return real(self, min(n, 200_000))

    monkeypatch.setattr(http.client.HTTPResponse, "read1", read1)
    fetch(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert len(firsts(server)) == 2 and firsts(server)[1] > 0


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_a_server_that_is_busy_is_asked_again(server, tmp_path, status) -> None:
    server.first = [status] * 3
    fetch(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_final_refusal_of_the_server_is_not_retried(server, tmp_path, status) -> None:
    server.first = [status]
    assert str(status) in refusal(server, tmp_path / "file").message
    assert not firsts(server)


@pytest.mark.parametrize(
    ("asked", "between"),
    [
        ("7", (7, 7)),
        (lambda: formatdate(time.time() + 60, usegmt=True), (50, 61)),
        ("86400", (LONGEST_PAUSE_S, LONGEST_PAUSE_S)),
        (lambda: formatdate(time.time() - 60, usegmt=True), (0, 0)),
        ("soon", (0, 0)),
    ],
    ids=["seconds", "date", "a day", "the past", "nonsense"],
)
def test_a_server_may_say_when_to_come_again(server, tmp_path, monkeypatch, asked, between) -> None:
    server.first, server.retry_after = [429], asked if isinstance(asked, str) else asked()
    pauses: list[float] = []
    monkeypatch.setattr(downloads.time, "sleep", pauses.append)
    fetch(server, tmp_path / "file")
    (pause,) = (pause for pause in pauses if pause != server.pause_s) if any(between) else pauses[:1]
    assert between[0] <= pause <= between[1]


def test_a_truncated_download_of_unknown_length_is_detected(server, tmp_path) -> None:
    server.length, server.lasts = False, 1_100_000
    fetch(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert firsts(server) == [0, 1_100_000, 2_200_000]


@pytest.mark.parametrize("ranges", [True, False])
def test_without_a_length_a_file_with_another_checksum_is_removed_too(server, tmp_path, ranges) -> None:
    server.length, server.ranges = False, ranges
    assert refusal(server, tmp_path / "file", "0" * 64).code == ("download_wrong" if ranges else "download_failed")
    assert not (tmp_path / "file").exists()


def test_a_certificate_that_is_not_trusted_is_reported_at_once(server, tmp_path, monkeypatch) -> None:
    tries = []

    class Opener:
        def open(self, *_arguments: object, **_options: object) -> None:
            tries.append(0)
            raise urllib.error.URLError(ssl.SSLCertVerificationError(1, "certificate verify failed"))

    monkeypatch.setattr(downloads, "_opener", Opener)
    assert "certificate verify failed" in refusal(server, tmp_path / "file").message
    assert len(tries) == 1


def test_what_fails_on_this_machine_is_not_tried_again(server, tmp_path) -> None:
    (tmp_path / "file.part").mkdir()
    with pytest.raises(OSError):
        fetch(server, tmp_path / "file")
    assert len(firsts(server)) <= 1


def test_a_page_comes_whole_from_a_server_that_is_busy_and_breaks_off(monkeypatch) -> None:
    with serving({"page": b"x" * 500_000}) as server:
        server.first = [429, 503]
        assert len(read_page(server.url + "page", pause_s=0.0)) == 500_000
        server.lasts = 100_000
        with pytest.raises(EdgeError) as caught:
            read_page(server.url + "page", pause_s=0.0)
    assert caught.value.code == "download_failed" and "100000 of 500000" in caught.value.message
