"""`convert`: files, folders and people in them; what cannot be used is named at once."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from pipeline_fixtures import swaying

from edge_backend.cli import main as cli
from edge_backend.motion.amass import save_amass
from edge_backend.motion.bvh import save_bvh
from edge_backend.motion.files import load_motion
from edge_backend.motion.motion import Motion
from edge_backend.motion.skeleton import Y_UP_TO_Z_UP
from edge_backend.motion_import.reader import read_motions


def convert(*arguments: Path | str) -> int:
    return cli.main(["convert", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three motions of three kinds, one of them for two people."""
    folder = tmp_path / "mocap"
    (folder / "deeper").mkdir(parents=True)
    save_amass(folder / "take.npz", swaying(40))
    save_bvh(folder / "deeper" / "take.bvh", swaying(40, seed=1))
    params = {"pose_world": np.zeros((40, 72)), "trans_world": np.zeros((40, 3))}
    (folder / "two.pkl").write_bytes(pickle.dumps({1: params, 2: params}))
    return folder


def test_a_file_becomes_a_motion_file(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert convert(folder / "take.npz", tmp_path / "dance.npz") == 0
    said = capsys.readouterr()
    assert "40 frames" in said.out
    assert "+z is up" in said.err
    wanted = read_motions(folder / "take.npz")[0].motion
    np.testing.assert_allclose(load_motion(tmp_path / "dance.npz").joints(), wanted.joints(), atol=1e-5)


@pytest.mark.parametrize("suffix", [".bvh", ".pkl"])
def test_and_a_file_for_another_program(folder: Path, tmp_path: Path, suffix: str) -> None:
    assert convert(folder / "take.npz", tmp_path / f"dance{suffix}") == 0
    (again,) = read_motions(tmp_path / f"dance{suffix}")
    wanted = read_motions(folder / "take.npz")[0].motion
    np.testing.assert_allclose(again.motion.joints()[:, :22], wanted.joints()[:, :22], atol=1e-3)


def test_a_folder_becomes_a_folder_with_each_person(folder: Path, tmp_path: Path) -> None:
    assert convert(folder, tmp_path / "out") == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["take-2.npz", "take.npz", "two-person-1.npz", "two-person-2.npz"]
    assert convert(folder, tmp_path / "amass", "--to=amass") == 0
    assert {one.motion.frames for path in (tmp_path / "amass").iterdir() for one in read_motions(path)} == {40}


def test_every_unusable_file_is_named_at_once(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.bvh").write_text("nothing")
    (folder / "deeper" / "other.npy").write_bytes(b"nothing")
    assert convert(folder, tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert "[motions_unusable]" in said
    assert "bad.bvh" in said and "other.npy" in said
    assert not (tmp_path / "out").exists()
    assert convert(folder, tmp_path / "out", "--skip") == 0
    assert len(list((tmp_path / "out").iterdir())) == 4
    assert capsys.readouterr().err.count("Left out") == 2


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (("nowhere.npz", "a.npz"), "motion_missing"),
        (("mocap", "a.npz"), "output_impossible"),
        (("mocap/take.npz", "a.fbx"), "export_unknown"),
        (("mocap/take.npz", "nowhere/a.npz"), "output_impossible"),
        (("empty", "out"), "motion_missing"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    folder: Path, tmp_path: Path, names: tuple[str, str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs, output = names
    (tmp_path / "empty").mkdir()
    assert folder.is_dir()
    assert convert(tmp_path / inputs, tmp_path / output) == 2
    assert f"[{code}]" in capsys.readouterr().err
    assert not (tmp_path / output).exists()


def test_feet_that_skate_stand_afterwards(tmp_path: Path) -> None:
    """Someone who stands and glides 6 cm aside in two seconds."""
    standing = np.tile(np.eye(3, dtype=np.float32), (60, 24, 1, 1))
    standing[:, 0] = Y_UP_TO_Z_UP
    root = np.zeros((60, 3), np.float32)
    root[:, 0], root[:, 2] = np.linspace(0, 0.06, 60), 0.93
    save_bvh(tmp_path / "glide.bvh", Motion(standing, root, np.zeros((60, 4), np.float32)))
    glides = []
    for options in ((), ("--clean-feet",)):
        assert convert(tmp_path / "glide.bvh", tmp_path / "dance.npz", *options) == 0
        ankles = load_motion(tmp_path / "dance.npz").joints()[:, [7, 8], 0]
        glides.append(float(np.ptp(ankles, axis=0).max()))
    assert glides[0] == pytest.approx(0.06, abs=1e-3)
    assert glides[1] < 0.01
