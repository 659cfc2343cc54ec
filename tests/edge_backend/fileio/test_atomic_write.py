"""Atomic writes, with concurrent writers, failures of the disk, and flushes against power failures."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from small_disk import mounted

from edge_backend.errors.from_exception import explain
from edge_backend.fileio.atomic_write import atomic_write, take_place

LONGEST = 255  # bytes of a name


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """What has been flushed to the disk, in order: the name under which it lay then, and whether it was a folder."""
    seen: list[tuple[str, bool]] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        seen.append((path.name, path.is_dir()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return seen


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the system does not tell what is open")
def test_it_is_on_the_disk_before_the_old_one_goes_and_so_is_its_name(tmp_path: Path, flushed: list) -> None:
    with atomic_write(tmp_path / "dance.npz") as unfinished:
        unfinished.write_text("new")
    assert flushed == [(unfinished.name, False), (tmp_path.name, True)]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the system does not tell what is open")
def test_a_file_that_is_moved_into_place_is_on_the_disk_too(tmp_path: Path, flushed: list) -> None:
    (tmp_path / "made").write_text("new")
    take_place(tmp_path / "made", tmp_path / "target")
    assert flushed == [("made", False), (tmp_path.name, True)]
    assert (tmp_path / "target").read_text() == "new" and not (tmp_path / "made").exists()


def test_several_in_one_process_are_not_in_each_others_way(tmp_path: Path) -> None:
    target, together = tmp_path / "dance.npz", threading.Barrier(8)
    faults: list[BaseException] = []

    def write(letter: str) -> None:
        try:
            with atomic_write(target) as unfinished, unfinished.open("w") as file:
                for _ in range(20):
                    together.wait()
                    file.write(letter * 1000)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    text = target.read_text()
    assert len(text) == 20_000 and len(set(text)) == 1
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("letter", ["a", "é", "踊"])
def test_the_longest_name_will_do(tmp_path: Path, letter: str) -> None:
    name = letter * ((LONGEST - 4) // len(letter.encode())) + ".npz"
    with atomic_write(tmp_path / name) as unfinished:
        unfinished.write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_writer_gets_the_ending_that_it_wants(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "dancer.fbx", suffix=".fbx") as unfinished:
        assert unfinished.suffix == ".fbx" and unfinished.parent == tmp_path
        unfinished.write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == ["dancer.fbx"]


@pytest.mark.parametrize("failure", [OSError("no room"), KeyboardInterrupt()])
def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, failure: BaseException) -> None:
    (tmp_path / "dance.npz").write_text("old")

    def write(path: Path) -> None:
        path.write_text("half")
        raise failure

    with pytest.raises(type(failure)), atomic_write(tmp_path / "dance.npz") as unfinished:
        write(unfinished)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"dance.npz": "old"}


@pytest.mark.parametrize("name", ["", "none/plan.json", "folder"])
def test_a_path_that_is_no_place_for_a_file_is_named_as_it_was_given(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    path = tmp_path / name if name else Path()
    with pytest.raises(OSError) as failed, atomic_write(path) as unfinished:
        unfinished.write_text("a plan")
    assert failed.value.filename == str(path) and failed.value.strerror
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


def test_a_full_disk_leaves_the_old_file_and_is_called_full(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=64k") as disk:
        (disk / "weights.safetensors").write_text("old")
        for write in (
            lambda path: path.write_bytes(bytes(1 << 20)),
            lambda path: save_file({"a": np.zeros(1 << 18, np.float32)}, path),
        ):
            with pytest.raises(Exception) as caught, atomic_write(disk / "weights.safetensors") as unfinished:
                write(unfinished)
            assert explain(caught.value).code == "disk_full"
            assert {path.name: path.read_text() for path in disk.iterdir()} == {"weights.safetensors": "old"}
