"""Takes with few keys, in Blender."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_fixtures import CAN_MAKE_STRIPS, addon, bone_heads, put_dancer, put_song, write_song
from characters import mixamo, put_character, unreal, vrm

DANCES = Path(__file__).parents[2] / "data/feet/dances.npz"


def mocap(name):
    motion, rotations = addon("edge_backend.motion.motion"), addon("edge_backend.motion.rotations")
    with np.load(DANCES) as file:
        turns = rotations.axis_angle_to_matrix(file[f"{name}_poses"].reshape(-1, 24, 3)).astype(np.float32)
        root = file[f"{name}_root"].astype(np.float32)
    contacts = addon("edge_backend.motion.contacts").edge_contacts(motion.forward_kinematics(turns, root))
    beats = np.arange(0, len(root) / 30, 0.5, dtype=np.float32)
    dance = motion.Motion(turns, root, contacts.astype(np.float32), beats, {"seed": 1})
    cleaned = addon("edge_backend.motion.feet").clean(dance.rotations, dance.root, dance.contacts)
    dance.rotations, dance.root, dance.planted = cleaned.rotations, cleaned.root, cleaned.planted
    return dance


@pytest.fixture
def scene():
    bpy.context.scene.render.fps = 30
    return bpy.context.scene


def take_of(armature, motion, scene, first_frame=1):
    return addon("takes.new_take").add_take(armature, motion, scene, first_frame)


def thin(armature, action, density="CURVES", tolerance=None, **options):
    copy, curves = action.copy(), addon("keyframes.density")
    tolerance = tolerance or addon("edge_backend.motion.curves").Tolerance()
    keys = addon("edge_backend.motion.steps").at_once(curves.sampled_in_steps(armature, action))
    beats = addon("keyframes.take_details").beat_frames(action)
    steps = curves.in_density(curves.rig_snapshot(armature), keys, density, tolerance, beats=beats, **options)
    curves.rekey(copy, addon("edge_backend.motion.steps").at_once(steps), density)
    addon("takes.take_list").use_take(armature, copy)
    return copy


def test_feet_that_do_not_hang_on_their_shins_are_thinned_too(scene):
    """As in rigs for IK that keep their feet at the root: their own channels say where they are."""
    character = put_character(unreal())
    bpy.ops.object.mode_set(mode="EDIT")
    for name in ("foot_l", "foot_r"):
        bone = character.data.edit_bones[name]
        bone.use_connect, bone.parent = False, character.data.edit_bones["root"]
    bpy.ops.object.mode_set(mode="OBJECT")
    dense = take_of(character, mocap("commercial"), scene)
    feet = [[bone.name for bone in character.pose.bones].index(name) for name in ("foot_l", "foot_r")]
    frames = range(1, 150, 7)
    _, before = poses(character, frames)
    few = thin(character, dense)
    _, after = poses(character, frames)
    count = addon("keyframes.density").key_count
    assert np.abs(after[:, feet] - before[:, feet]).max() < 0.006  # metres; 5 mm are allowed
    assert count(few) < 0.6 * count(dense)


def curves_of(action):
    return addon("compat").fcurves_of(action)


def poses(armature, frames):
    """Bones' rotations against their parents (T, bones, 3, 3) and heads (T, bones, 3), armature space."""
    turns, heads = [], []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        turns.append([np.array(bone.matrix_basis.to_3x3()) for bone in posed])
        heads.append([tuple(bone.head) for bone in posed])
    return np.array(turns), np.array(heads)


@pytest.mark.parametrize("mode", ["QUATERNION", "ZXY", "AXIS_ANGLE"])
def test_curves_follow_the_dance_within_the_tolerance_on_few_keys(scene, mode):
    scene.edge_dance.hands = "off"  # fingers have few keys from the start
    dancer, motion = put_dancer(), mocap("commercial")
    for bone in dancer.pose.bones:
        bone.rotation_mode = mode
    dense = take_of(dancer, motion, scene)
    frames = range(1, motion.frames + 1)
    turns, heads = poses(dancer, frames)
    thinned = thin(dancer, dense)
    count = addon("keyframes.density").key_count
    assert count(thinned) < 0.25 * count(dense)
    new_turns, new_heads = poses(dancer, frames)
    angles = addon("edge_backend.motion.curves.rotation").angles_between(new_turns, turns)
    assert np.degrees(angles.max()) < 1.0
    hips = list(dancer.pose.bones.keys()).index("pelvis")
    assert np.linalg.norm((new_heads - heads)[:, hips], axis=-1).max() < 0.005
    assert {curve.data_path for curve in curves_of(thinned)} == {curve.data_path for curve in curves_of(dense)}


def test_keys_are_bezier_with_aligned_handles_on_whole_frames_in_groups_by_bone(scene):
    dancer = put_dancer()
    scene.render.fps = 24
    thinned = thin(dancer, take_of(dancer, mocap("salsa"), scene, first_frame=7))
    for curve in curves_of(thinned):
        assert curve.group.name in dancer.pose.bones and "scale" not in curve.data_path
        points = list(curve.keyframe_points)
        assert {point.interpolation for point in points} == {"BEZIER"}
        assert {point.handle_left_type for point in points} | {point.handle_right_type for point in points} == {
            "ALIGNED"
        }
        assert all(point.co.x == round(point.co.x) for point in points) and points[0].co.x == 7
    assert thinned["edge_dance"]["density"] == "CURVES"


def test_feet_stay_planted_between_the_keys(scene):
    dancer, motion = put_dancer(), mocap("commercial")
    thin(dancer, take_of(dancer, motion, scene))
    joints = np.array([bone_heads(dancer, frame) for frame in range(1, motion.frames + 1)])
    slide = addon("edge_backend.motion.feet.metrics").plant_slide(joints, motion.planted)
    assert slide.max() <= 0.001  # metres per frame


def test_a_character_in_centimetres_keeps_its_feet_too(scene):
    armature, motion = put_character(mixamo(), units=100, y_up=True), mocap("commercial")
    dense = take_of(armature, motion, scene)
    bones = [bone.name for bone in armature.pose.bones]
    rows = [row for row, bone in enumerate(bones) if bone.endswith(("Foot", "ToeBase"))]
    frames = range(1, motion.frames + 1)
    scale = armature.matrix_world.to_scale().x
    before = poses(armature, frames)[1][:, rows] * scale
    thin(armature, dense)
    after = poses(armature, frames)[1][:, rows] * scale
    standing = np.linalg.norm(np.diff(before, axis=0), axis=-1) < 0.0002
    assert standing.mean() > 0.1
    assert np.linalg.norm(np.diff(after, axis=0), axis=-1)[standing].max() <= 0.001


def test_a_body_that_a_bone_above_it_scales_needs_no_more_keys(scene):
    """As importers of glTF leave some: the pose of a root bone makes the body large."""
    counts = []
    for size in (1.0, 20.0):
        armature = put_character(vrm())
        armature.pose.bones["Root"].scale = (size,) * 3
        few = thin(armature, take_of(armature, mocap("commercial"), scene))
        counts.append(addon("keyframes.density").key_count(few))
    assert counts[1] < 1.05 * counts[0]


def test_blocking_holds_the_pose_of_each_beat_until_the_next(scene):
    dancer, motion = put_dancer(), mocap("salsa")
    dense = take_of(dancer, motion, scene, first_frame=11)
    at_beats = {frame: bone_heads(dancer, frame) for frame in (11, 26, 41)}
    blocking = thin(dancer, dense, "BLOCKING")
    for frame, pose in at_beats.items():
        assert np.abs(bone_heads(dancer, frame) - pose).max() < 1e-4
        assert np.abs(bone_heads(dancer, frame + 14) - pose).max() < 1e-4
    frames = {point.co.x for curve in curves_of(blocking) for point in curve.keyframe_points}
    assert frames == {11.0 + 15 * beat for beat in range(12)} | {190.0}


def test_frames_to_keep_exactly_are_kept(scene):
    dancer, motion = put_dancer(), mocap("salsa")
    dense = take_of(dancer, motion, scene)
    kept = {frame: bone_heads(dancer, frame) for frame in (34, 100)}
    thin(dancer, dense, exact=list(kept))
    for frame, pose in kept.items():
        assert np.abs(bone_heads(dancer, frame) - pose).max() < 0.002


def test_the_dense_take_is_left_alone_and_the_new_one_is_a_take_of_its_own(scene):
    dancer = put_dancer()
    dense = take_of(dancer, mocap("salsa"), scene)
    keys = addon("keyframes.density").key_count(dense)
    assert bpy.ops.edge_dance.change_density(density="BLOCKING") == {"FINISHED"}
    assert bpy.ops.edge_dance.change_density(density="CURVES", degrees=2, millimetres=10) == {"FINISHED"}
    takes = addon("takes.take_list").takes_of(dancer)
    assert len(takes) == 3 and addon("keyframes.density").key_count(dense) == keys
    assert dancer.animation_data.action == takes[2]


@pytest.mark.slow
def test_thirty_seconds_of_a_made_dance_have_a_quarter_of_the_keys_at_most(scene, preferences, tmp_path):
    song = write_song(tmp_path / "song.wav", seconds=30)
    if not CAN_MAKE_STRIPS:
        pytest.skip("Blender 4.2's package makes no sound strips")
    put_song(song)
    scene.render.fps = 30
    scene.edge_dance.quality = "draft"
    dancer = put_dancer()
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    dense = dancer.animation_data.action
    assert bpy.ops.edge_dance.change_density(density="CURVES", degrees=1, millimetres=5) == {"FINISHED"}
    keys = addon("keyframes.density").key_count
    assert keys(dense) == 900 * (24 * 4 + 3)
    print(f"{keys(dancer.animation_data.action) / keys(dense):.1%}")
    assert keys(dancer.animation_data.action) <= 0.25 * keys(dense)
