"""Dances are read by smplx itself: its SMPL body, with a stand-in model file, puts its joints where ours are."""

from pathlib import Path

import numpy as np
import pytest
import smplx
import torch
from smplx.utils import Struct
from stand_in import smpl_arrays

from edge_backend.cli import main as cli
from edge_backend.motion.files import save_motion
from edge_backend.motion.motion import Motion
from edge_backend.motion.rotations import axis_angle_to_matrix

FRAMES = 6


@pytest.fixture
def dance() -> Motion:
    random = np.random.default_rng(2)
    rotations = axis_angle_to_matrix(random.normal(0, 0.6, (FRAMES, 24, 3))).astype(np.float32)
    rotations[:, 22:] = np.eye(3)  # SMPL-H has no such joints
    root = random.normal(0, 1, (FRAMES, 3)).astype(np.float32)
    return Motion(rotations, root, np.zeros((FRAMES, 4), np.float32))


def joints_of(path: Path) -> np.ndarray:
    """The 24 joints (T, 24, 3) of smplx's body in the file's poses."""
    body = smplx.SMPL("", data_struct=Struct(**smpl_arrays()), batch_size=FRAMES)
    with np.load(path, allow_pickle=False) as file:
        poses, trans = (torch.from_numpy(file[name]) for name in ("poses", "trans"))
        betas = torch.from_numpy(file["betas"])[None, :10].expand(FRAMES, -1)
    hands = torch.zeros(FRAMES, 6) if poses.shape[1] > 72 else poses[:, 66:72]
    body_pose = torch.cat([poses[:, 3:66], hands], dim=1)
    posed = body(betas=betas, global_orient=poses[:, :3], body_pose=body_pose, transl=trans)
    return posed.joints[:, :24].detach().numpy()


def test_smplx_poses_its_body_as_our_dance_file_says(dance: Motion, tmp_path: Path) -> None:
    save_motion(tmp_path / "dance.npz", dance)
    # The stand-in's joints come from rounded offsets and its own vertices: within 0.2 mm of SMPL's.
    np.testing.assert_allclose(joints_of(tmp_path / "dance.npz"), dance.joints(), atol=2e-4)


def test_smplx_poses_its_body_as_the_amass_export_says(dance: Motion, tmp_path: Path) -> None:
    save_motion(tmp_path / "dance.npz", dance)
    assert cli.main(["export", str(tmp_path / "dance.npz"), "-o", str(tmp_path / "amass.npz")]) == 0
    with np.load(tmp_path / "amass.npz", allow_pickle=False) as file:
        shapes = {name: file[name].shape for name in file}
        assert float(file["mocap_framerate"]) == 30
    assert shapes == {
        "poses": (FRAMES, 156), "trans": (FRAMES, 3), "betas": (16,), "dmpls": (FRAMES, 8), "gender": (),
        "mocap_framerate": (),
    }  # fmt: skip
    np.testing.assert_allclose(joints_of(tmp_path / "amass.npz"), dance.joints(), atol=2e-4)
