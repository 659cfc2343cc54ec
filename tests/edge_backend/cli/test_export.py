"""`export`: what other readers find in the files is the dance."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from pipeline_fixtures import swaying, write_motion

from edge_backend.cli import main as cli
from edge_backend.motion.files import load_motion
from edge_backend.motion_import.reader import read_motions


@pytest.fixture
def dance(tmp_path: Path) -> Path:
    return Path(write_motion(tmp_path / "dance.npz", swaying(40)))


def export(dance: Path, name: str) -> Path:
    target = dance.with_name(name)
    assert cli.main(["export", str(dance), "-o", str(target)]) == 0
    return target


def test_a_bvh_and_an_amass_file_come_back_as_motion_capture(dance: Path) -> None:
    """The readers of training data know nothing of how these files were written. They set the dancer on the floor."""
    before = load_motion(dance).joints()
    before -= before[:, :1]  # about the pelvis
    for name in ("dance.bvh", "dance amass.npz"):
        after = read_motions(export(dance, name))[0].motion.joints()
        body = slice(0, 22)  # without SMPL's two hand joints
        np.testing.assert_allclose((after - after[:, :1])[:, body], before[:, body], atol=1e-4, err_msg=name)


def test_the_pickle_has_what_edges_scripts_ask_for(dance: Path) -> None:
    motion = load_motion(dance)
    with export(dance, "dance.pkl").open("rb") as file:
        content = pickle.load(file)  # noqa: S301 - written two lines above
    np.testing.assert_array_equal(content["smpl_trans"], motion.root)
    np.testing.assert_allclose(content["full_pose"], motion.joints(), atol=1e-6)


def test_an_export_twice_gives_the_same_bytes(dance: Path) -> None:
    for name in ("a.bvh", "a.npz", "a.pkl"):
        assert export(dance, name).read_bytes() == export(dance, f"again {name}").read_bytes()


@pytest.mark.parametrize(
    ("name", "code"),
    [("dance.fbx", "export_unknown"), ("dance.npz", "output_impossible"), ("no/x.bvh", "output_impossible")],
)
def test_what_cannot_be_written_is_refused(
    dance: Path, name: str, code: str, capfd: pytest.CaptureFixture[str]
) -> None:
    before = dance.read_bytes()
    assert cli.main(["export", str(dance), "-o", str(dance.parent / name)]) == 2
    assert f"[{code}]" in capfd.readouterr().err
    assert dance.read_bytes() == before
