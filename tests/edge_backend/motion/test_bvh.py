"""BVH files: Blender's own importer gets our joints out of them."""

import numpy as np
import pytest
from hypothesis import given
from motion_strategies import axis_angles
from scipy.spatial.transform import Rotation

from edge_backend.motion.bvh import euler_zxy, save_bvh
from edge_backend.motion.motion import Motion
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import SMPL


@pytest.fixture
def dance():
    random = np.random.default_rng(5)
    rotations = axis_angle_to_matrix(random.normal(size=(12, 24, 3))).astype(np.float32)
    return Motion(rotations, random.normal(size=(12, 3)).astype(np.float32), np.ones((12, 4), np.float32))


@given(axis_angles(4))
def test_euler_angles_give_the_rotation_back(vectors):
    matrices = axis_angle_to_matrix(vectors)
    back = Rotation.from_euler("ZXY", euler_zxy(matrices)).as_matrix()
    # Where x is nearly a quarter turn (within 1e-7 of sine 1), y is taken as 0: an error of up to sqrt(2e-7).
    np.testing.assert_allclose(back, matrices, atol=5e-4)


@pytest.mark.parametrize("sign", [1, -1])
def test_euler_angles_of_a_quarter_turn_about_x(sign):
    matrix = Rotation.from_euler("ZXY", [0.3, sign * np.pi / 2, 0.2]).as_matrix()
    np.testing.assert_allclose(Rotation.from_euler("ZXY", euler_zxy(matrix)).as_matrix(), matrix, atol=1e-7)


def test_angles_do_not_jump_by_a_whole_turn(tmp_path):
    turns = axis_angle_to_matrix(np.linspace([0, 0, 0], [0, 0, 12.0], 60))  # nearly two turns about z
    rotations = np.tile(np.eye(3), (60, 24, 1, 1))
    rotations[:, 12] = turns
    save_bvh(tmp_path / "dance.bvh", Motion(rotations, np.zeros((60, 3)), np.zeros((60, 4))))
    rows = (tmp_path / "dance.bvh").read_text().partition("Frame Time")[2].splitlines()[1:]
    angles = np.array([row.split() for row in rows], dtype=float)[:, 3:]
    assert np.abs(np.diff(angles, axis=0)).max() < 12  # 12 rad over 59 frames is 11.7 degrees a frame
    assert angles.max() == pytest.approx(np.degrees(12.0), abs=1e-3)


def test_blenders_importer_finds_our_joints(dance, tmp_path):
    bpy = pytest.importorskip("bpy")
    save_bvh(tmp_path / "dance.bvh", dance)
    bpy.ops.preferences.addon_enable(module="io_anim_bvh")
    bpy.ops.import_anim.bvh(filepath=str(tmp_path / "dance.bvh"), use_fps_scale=False, update_scene_fps=True)
    armature = bpy.context.object
    assert bpy.context.scene.render.fps == 30
    joints = dance.joints()
    for frame in range(dance.frames):
        bpy.context.scene.frame_set(frame + 1)
        heads = [armature.matrix_world @ armature.pose.bones[name].head for name in SMPL.names]
        np.testing.assert_allclose(heads, joints[frame], atol=2e-5)  # angles are written to a millionth of a degree
    bpy.data.objects.remove(armature)
