"""Motion files: round trips, equal bytes for equal motions, and errors for other files."""

import json
import os
import time
import zipfile

import numpy as np
import pytest
import smplx
import torch
from hypothesis import given, settings
from motion_strategies import motions

from edge_backend.errors import EdgeError
from edge_backend.motion.files import SMPL_PELVIS, load_motion, save_motion
from edge_backend.motion.motion import Motion
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import SMPL


@pytest.fixture
def dance():
    random = np.random.default_rng(7)
    rotations = axis_angle_to_matrix(random.normal(size=(40, 24, 3))).astype(np.float32)
    root = random.normal(size=(40, 3)).astype(np.float32)
    beats = np.array([0.25, 0.75, 1.25], dtype=np.float32)
    return Motion(rotations, root, np.ones((40, 4), np.float32), beats, {"seed": 3, "song": "Übung"})


def edited(path, **changes):
    """The file with some arrays replaced; None takes one away."""
    with np.load(path) as file:
        arrays = {**file, **changes}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


@settings(max_examples=20)
@given(motion=motions())
def test_a_dance_comes_back(tmp_path_factory, motion):
    path = tmp_path_factory.mktemp("dance") / "dance.npz"
    save_motion(path, motion)
    back = load_motion(path)
    np.testing.assert_allclose(back.rotations, motion.rotations, atol=2e-6)  # through float32 axis-angle
    np.testing.assert_array_equal(back.root, motion.root)
    np.testing.assert_array_equal(back.contacts, motion.contacts)


def test_beats_and_meta_come_back(dance, tmp_path):
    save_motion(tmp_path / "dance.npz", dance)
    back = load_motion(tmp_path / "dance.npz")
    np.testing.assert_array_equal(back.beats, dance.beats)
    assert back.meta == {"format": 1, "seed": 3, "song": "Übung"}


def test_the_same_dance_gives_the_same_bytes(dance, tmp_path, monkeypatch):
    save_motion(tmp_path / "first.npz", dance)
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)  # another day
    dance.meta = dict(reversed(dance.meta.items()))
    save_motion(tmp_path / "second.npz", dance)
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()


def test_an_empty_dance_is_a_file_too(tmp_path):
    save_motion(tmp_path / "none.npz", Motion(np.zeros((0, 24, 3, 3)), np.zeros((0, 3)), np.zeros((0, 4))))
    assert load_motion(tmp_path / "none.npz").frames == 0


def test_smpl_tools_find_amass_arrays(dance, tmp_path):
    save_motion(tmp_path / "dance.npz", dance)
    with np.load(tmp_path / "dance.npz", allow_pickle=False) as file:
        assert file["poses"].shape == (40, 72)
        assert file["poses"].dtype == np.float32
        assert str(file["gender"]) == "male"
        assert float(file["mocap_framerate"]) == 30
        assert file["betas"].tolist() == [0] * 10
        assert file["joints"].shape == (40, 24, 3)
        assert json.loads(str(file["meta"]))["seed"] == 3


def test_smpl_with_our_poses_and_trans_stands_where_our_joints_are(dance, tmp_path):
    """SMPL's own kinematics (smplx) on its male rest joints: our offsets laid end to end from its pelvis."""
    save_motion(tmp_path / "dance.npz", dance)
    with np.load(tmp_path / "dance.npz") as file:
        poses, trans, joints = (torch.from_numpy(file[name]) for name in ("poses", "trans", "joints"))
    rest = torch.from_numpy(SMPL_PELVIS + SMPL.offsets)
    for joint, parent in enumerate(SMPL.parents[1:], start=1):
        rest[joint] = rest[parent] + torch.from_numpy(SMPL.offsets[joint])
    rotations = smplx.lbs.batch_rodrigues(poses.reshape(-1, 3)).reshape(-1, 24, 3, 3)
    posed, _ = smplx.lbs.batch_rigid_transform(
        rotations, rest.expand(len(poses), -1, -1), torch.tensor(SMPL.parents), dtype=torch.float32
    )
    np.testing.assert_allclose(posed + trans[:, None], joints, atol=1e-5)


def refusal(path):
    with pytest.raises(EdgeError) as caught:
        load_motion(path)
    return caught.value


def test_a_file_that_is_not_there(tmp_path):
    assert refusal(tmp_path / "none.npz").code == "motion_missing"
    assert refusal(tmp_path).code == "motion_missing"


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut short", np.zeros(3).tobytes()])
def test_a_file_of_another_kind(tmp_path, content):
    path = tmp_path / "dance.npz"
    path.write_bytes(content)
    assert refusal(path).code == "motion_unreadable"


def test_a_file_that_was_cut_short(dance, tmp_path):
    path = tmp_path / "dance.npz"
    save_motion(path, dance)
    path.write_bytes(path.read_bytes()[:-1000])
    assert refusal(path).code == "motion_unreadable"


@pytest.mark.parametrize(
    "changes",
    [
        {"poses": None},
        {"meta": None},
        {"poses": np.zeros((40, 66), np.float32)},
        {"root": np.zeros((39, 3), np.float32)},
        {"poses": np.full((40, 72), "x")},
        {"beats": np.zeros((2, 2), np.float32)},
        {"meta": np.array("[1]")},
        {"meta": np.array("{")},
    ],
)
def test_an_npz_with_other_arrays(dance, tmp_path, changes):
    save_motion(tmp_path / "dance.npz", dance)
    assert refusal(edited(tmp_path / "dance.npz", **changes)).code == "motion_unreadable"


def test_a_pickle_inside_is_never_read(dance, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "exploded"),))

    save_motion(tmp_path / "dance.npz", dance)
    edited(tmp_path / "dance.npz", beats=np.array([Bomb()], dtype=object))
    assert refusal(tmp_path / "dance.npz").code == "motion_unreadable"
    assert not (tmp_path / "exploded").exists()


def test_a_value_that_is_no_number_is_named_by_frame_and_joint(dance, tmp_path):
    poses = np.zeros((40, 72), np.float32)
    poses[17, 3 * 18 + 1] = np.nan
    save_motion(tmp_path / "dance.npz", dance)
    error = refusal(edited(tmp_path / "dance.npz", poses=poses))
    assert error.code == "motion_nan"
    assert "frame 17, left_elbow" in error.message


@pytest.mark.parametrize(("name", "words"), [("root", "frame 3, pelvis"), ("contacts", "frame 3"), ("beats", "beats")])
def test_other_values_that_are_no_numbers(dance, tmp_path, name, words):
    save_motion(tmp_path / "dance.npz", dance)
    with np.load(tmp_path / "dance.npz") as file:
        array = file[name].copy()
    array.reshape(len(array), -1)[min(3, len(array) - 1), 0] = np.inf
    error = refusal(edited(tmp_path / "dance.npz", **{name: array}))
    assert error.code == "motion_nan"
    assert words in error.message


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(dance, tmp_path):
    path = tmp_path / "dance.npz"
    save_motion(path, dance)
    before = path.read_bytes()
    dance.beats = np.array([object()])
    with pytest.raises((TypeError, ValueError)):
        save_motion(path, dance)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["dance.npz"]


def test_a_folder_that_is_not_there_is_an_operating_system_error(dance, tmp_path):
    with pytest.raises(FileNotFoundError):
        save_motion(tmp_path / "none" / "dance.npz", dance)


def test_entries_are_stored_plainly(dance, tmp_path):
    """Compressed bytes could differ between versions of zlib."""
    save_motion(tmp_path / "dance.npz", dance)
    with zipfile.ZipFile(tmp_path / "dance.npz") as archive:
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
