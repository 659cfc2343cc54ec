"""The SMPL body in Blender, from a stand-in for SMPL's model file, through the real worker."""

import subprocess
from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, bone_heads, random_motion
from dances import dance

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def model_file(tmp_path_factory, worker_python):
    path = tmp_path_factory.mktemp("smpl") / "SMPL_FEMALE.npz"
    stand_in = ROOT / "tests/edge_backend/body/stand_in.py"
    subprocess.run([str(worker_python), str(stand_in), str(path)], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, check=True)
    return path


def add_body(model_file, *betas):
    shape = [*betas, *[0.0] * (10 - len(betas))]
    assert bpy.ops.edge_dance.add_smpl_body(filepath=str(model_file), betas=shape) == {"FINISHED"}
    return bpy.context.object


def rest_joints(armature):
    return np.array([armature.data.bones[name].head_local for name in addon("rig.skeleton").BONE_NAMES])


def skin_points(armature):
    posed = armature.children[0].evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = np.empty(len(posed.data.vertices) * 3, np.float32)
    posed.data.vertices.foreach_get("co", points)
    return points.reshape(-1, 3)


def skeleton_of(armature):
    skeleton = addon("edge_backend.motion.skeleton")
    joints = rest_joints(armature)
    offsets = np.zeros((24, 3))
    offsets[1:] = (joints[1:] - joints[list(skeleton.SMPL.parents[1:])]) @ skeleton.Y_UP_TO_Z_UP
    return skeleton.Skeleton(skeleton.SMPL.names, skeleton.SMPL.parents, offsets)


def put_take(armature, motion, feet=False):
    bpy.context.scene.render.fps = 30
    return addon("takes.new_take").add_take(armature, motion, bpy.context.scene, 1, feet)


def test_the_body_is_a_skinned_mesh_on_an_armature_that_stands_on_the_floor_at_the_cursor(preferences, model_file):
    bpy.context.scene.cursor.location = (1, 2, 0)
    armature = add_body(model_file)
    assert tuple(armature.location) == (1, 2, 0) and armature.name == "SMPL Body female"
    mesh = armature.children[0]
    assert len(mesh.data.vertices) == 6890
    assert 13_000 < len(mesh.data.polygons) <= 13776  # some of the stand-in's are twice there
    points = skin_points(armature)
    assert points[:, 2].min() == pytest.approx(0, abs=1e-5) and 1.5 < points[:, 2].max() < 2
    weights = np.array([sum(group.weight for group in vertex.groups) for vertex in mesh.data.vertices])
    assert weights == pytest.approx(1, abs=1e-5)
    assert addon("rig.dancer").is_dancer(armature)


def test_without_shape_it_is_the_dancers_skeleton_and_takes_the_dance_as_it_is(preferences, model_file):
    armature, motion = add_body(model_file), random_motion(6)
    assert np.abs(skeleton_of(armature).offsets - addon("edge_backend.motion.skeleton").SMPL.offsets).max() < 1e-4
    put_take(armature, motion, feet=True)
    for frame in range(6):
        assert np.abs(bone_heads(armature, frame + 1) - motion.joints()[frame]).max() < 1e-3  # offsets to 0.1 mm


def test_a_shaped_body_turns_every_joint_exactly_as_the_dance_says(preferences, model_file):
    armature, motion = add_body(model_file, 2.0, 2.0, -1.0), random_motion(6, seed=3)
    put_take(armature, motion)
    forward = addon("edge_backend.motion.kinematics").forward_kinematics
    wanted = forward(motion.rotations.astype(float), np.zeros((6, 3)), skeleton_of(armature))
    for frame in range(6):
        here = bone_heads(armature, frame + 1)
        assert np.abs(here - here[0] - wanted[frame]).max() < 1e-5


def test_the_skin_follows_as_linear_blend_skinning_says(preferences, model_file):
    armature, motion = add_body(model_file, 1.0), random_motion(2, seed=4)
    rest, weights = skin_points(armature), np.zeros((6890, 24))
    names = addon("rig.skeleton").BONE_NAMES
    for vertex in armature.children[0].data.vertices:
        for group in vertex.groups:
            weights[vertex.index, group.group] = group.weight
    put_take(armature, motion)
    bpy.context.scene.frame_set(2)
    posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
    moves = [np.array(posed[name].matrix @ armature.data.bones[name].matrix_local.inverted()) for name in names]
    moved = np.einsum("jab,vb->vja", moves, np.c_[rest, np.ones(len(rest))])[..., :3]
    wanted = np.einsum("vj,vja->va", weights, moved)
    assert np.abs(skin_points(armature) - wanted).max() < 1e-4


def test_a_body_with_long_legs_goes_further_and_stands_on_its_own_feet(preferences, model_file):
    """The stand-in's second number makes shins longer by a tenth."""
    armature, motion = add_body(model_file, 0.0, 2.0), dance("commercial", frames=90)
    put_take(armature, motion, feet=True)
    joints = np.array([bone_heads(armature, frame) for frame in range(1, 91)])
    rest = rest_joints(armature)
    wanted = addon("edge_backend.motion.retarget").onto_body(
        motion, rest, addon("edge_backend.motion.feet").FootSettings()
    )
    assert np.abs(joints[:, 0] - wanted.root).max() < 1e-5
    assert joints[:, [10, 11], 2].min() > rest[[10, 11], 2].min() - 0.01  # toes above the floor
    leg, model_leg = (
        np.linalg.norm(offsets[[4, 7]], axis=1).sum()
        for offsets in (skeleton_of(armature).offsets, addon("edge_backend.motion.skeleton").SMPL.offsets)
    )
    way = np.ptp(joints[:, 0, :2], axis=0) / np.ptp(motion.root[:, :2], axis=0)
    assert way == pytest.approx(leg / model_leg, abs=0.05)


def test_a_pose_read_off_a_shaped_body_and_put_back_is_the_same_pose(preferences, model_file):
    armature, motion = add_body(model_file, 1.5, 2.0, 1.0), random_motion(4, seed=9)
    put_take(armature, motion)
    back = addon("edge_backend.motion.steps").at_once(
        addon("rig.retarget").read_motion_in_steps(armature, bpy.context.scene, range(1, 5))
    )
    assert np.abs(back.rotations - motion.rotations).max() < 1e-5  # every joint, hands and twist included
    assert np.abs(back.root - motion.root).max() < 1e-5


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("", None, "No SMPL model file is chosen"),
        ("nothing.npz", None, "There is no model file"),
        ("song.pkl", b"no model", "is no SMPL model file, or is damaged"),
        ("trap.pkl", b"cposix\nsystem\n(S'echo'\ntR.", "asks for posix.system"),
    ],
)
def test_a_bad_file_is_one_sentence_and_nothing_is_added(preferences, tmp_path, name, content, words):
    if content:
        (tmp_path / name).write_bytes(content)
    before = len(bpy.data.objects), len(bpy.data.armatures), len(bpy.data.meshes)
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.edge_dance.add_smpl_body(filepath=str(tmp_path / name) if name else "")
    assert before == (len(bpy.data.objects), len(bpy.data.armatures), len(bpy.data.meshes))
    assert addon("backend.service").service.problem.code.startswith("body_")
