"""Downloads go on where they broke off, from a server that breaks off, and end with the right file or with none."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from file_server import FileServer, serving

from edge_backend.download import download
from edge_backend.errors import EdgeError

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


def test_a_server_that_cannot_go_on_begins_anew(server, tmp_path) -> None:
    server.ranges = False
    (tmp_path / "file.part").write_bytes(b"\0" * 1000)
    fetch(server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_another_file_is_not_kept(server, tmp_path) -> None:
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
