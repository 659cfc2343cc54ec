"""`weights fetch edge`: fetches the authors' file from a mirror, or says where it is to be had, and takes no other."""

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from file_server import FileServer, serving

from edge_backend.cli import main as cli
from edge_backend.cli.commands import weights_fetch
from edge_backend.fileio.hashing import sha256_of
from edge_backend.model.catalogue import known


def refusal(capfd: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert cli.main(["weights", "fetch", "edge", *map(str, arguments)]) == 2
    return capfd.readouterr().err.splitlines()[-1]


@pytest.fixture
def mirror(parity_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A server on this machine in the mirror's place, with a small file of the authors' classes for theirs."""
    content = (parity_folder / "edge_reference.pt").read_bytes()
    with serving({"checkpoint.pt": content}) as server:
        entry = next(entry for entry in known() if entry.id == weights_fetch.EDGE)
        there = replace(
            entry, source_url=server.url + "checkpoint.pt", source_sha256=hashlib.sha256(content).hexdigest()
        )
        monkeypatch.setattr(weights_fetch, "known", lambda _folder: [there])
        yield server


def test_the_index_names_a_mirror_and_the_files_checksum() -> None:
    entry = next(entry for entry in known() if entry.id == weights_fetch.EDGE)
    assert entry.source_url.startswith("https://huggingface.co/edge-dance-generation/EDGE/")
    assert len(entry.source_sha256) == 64


def test_one_command_fetches_checks_and_imports_it(
    mirror: FileServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fetch = ["weights", "fetch", "edge", "--accept-licence", "--weights-folder", str(tmp_path)]
    assert cli.main(fetch) == 0
    assert "MIT" in capfd.readouterr().err
    assert [name for name, _ in mirror.asked] == ["checkpoint.pt"]
    assert [path.name for path in tmp_path.iterdir()] == ["edge-jukebox.safetensors"]


def test_nothing_is_fetched_before_the_licence_is_accepted(
    mirror: FileServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["weights", "fetch", "edge", "--weights-folder", str(tmp_path / "weights")]) == 2
    said = capfd.readouterr().err
    assert "AIST" in said and "[licence_not_accepted]" in said
    assert not mirror.asked and not (tmp_path / "weights").exists()


@pytest.mark.parametrize("fault", ["gone", "other"])
def test_without_the_mirror_it_says_where_the_authors_offer_it(
    mirror: FileServer, tmp_path: Path, capfd: pytest.CaptureFixture[str], fault: str
) -> None:
    if fault == "gone":
        mirror.status = 404
    else:
        mirror.files = {"checkpoint.pt": b"something else"}
    sentence = refusal(capfd, "--accept-licence", "--weights-folder", tmp_path)
    assert weights_fetch.PAGE in sentence
    assert "--from checkpoint.pt" in sentence
    assert "[weights_by_hand]" in sentence
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_the_authors_is_refused(
    parity_folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    other = parity_folder / "edge_reference.pt"
    assert "[checkpoint_other]" in refusal(capfd, "--from", other, "--weights-folder", tmp_path)
    assert "[weights_missing]" in refusal(capfd, "--from", tmp_path / "none.pt")
    assert list(tmp_path.iterdir()) == []


def test_jukebox_comes_with_its_licence_and_from_a_folder_only_with_its_files(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fetch = ["weights", "fetch", "jukebox", "--weights-folder", str(tmp_path / "weights")]
    assert cli.main(fetch) == 2
    said = capfd.readouterr().err
    assert "Noncommercial" in said and "[licence_not_accepted]" in said
    assert cli.main([*fetch, "--accept-licence", "--from", str(tmp_path)]) == 2
    assert "vqvae.pth.tar" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_authors_file_becomes_weights_in_the_folder(
    parity_folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a small file of the authors' classes in the place of theirs, whose SHA-256 the index then names."""
    source = shutil.copy(parity_folder / "edge_reference.pt", tmp_path / "checkpoint.pt")
    entries = [entry for entry in known() if entry.id == weights_fetch.EDGE]
    object.__setattr__(entries[0], "source_sha256", sha256_of(source))
    monkeypatch.setattr(weights_fetch, "known", lambda _folder: entries)
    folder = tmp_path / "mine"
    assert cli.main(["weights", "fetch", "edge", "--from", str(source), "--weights-folder", str(folder)]) == 0
    shown = capfd.readouterr()
    assert "MIT" in shown.err  # the licence, before anything is written
    assert "weights edge-jukebox" in shown.out
    assert [entry.path for entry in known(folder) if entry.id == weights_fetch.EDGE] == [
        folder / "edge-jukebox.safetensors"
    ]
