import time

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, bone_heads, put_dancer, random_motion


def add_take(dancer, motion, first_frame=1.0):
    return addon("takes.new_take").add_take(dancer, motion, bpy.context.scene, first_frame)


def curves_of(action):
    if bpy.app.version >= (4, 4, 0):
        return action.layers[0].strips[0].channelbag(action.slots[0]).fcurves
    return action.fcurves


def test_the_bones_follow_the_models_kinematics_at_every_frame():
    bpy.context.scene.render.fps = 30
    dancer, motion = put_dancer(), random_motion(60)
    add_take(dancer, motion, first_frame=11)
    joints = motion.joints()
    for frame in range(motion.frames):
        assert np.abs(bone_heads(dancer, 11 + frame) - joints[frame]).max() < 1e-4  # metres


def test_the_kinematics_hold_whatever_rolls_the_animator_has_given_the_bones():
    bpy.context.scene.render.fps = 30
    dancer, motion = put_dancer(), random_motion(10)
    bpy.ops.object.mode_set(mode="EDIT")
    for number, bone in enumerate(dancer.data.edit_bones):
        bone.roll += number
    bpy.ops.object.mode_set(mode="OBJECT")
    add_take(dancer, motion)
    for frame in range(motion.frames):
        assert np.abs(bone_heads(dancer, 1 + frame) - motion.joints()[frame]).max() < 1e-4


@pytest.mark.parametrize("mode", ["XYZ", "ZXY", "YZX", "AXIS_ANGLE"])
def test_a_bone_is_keyed_in_the_rotation_mode_that_it_has(mode):
    bpy.context.scene.render.fps = 30
    dancer, motion = put_dancer(), random_motion(20)
    for bone in dancer.pose.bones:
        bone.rotation_mode = mode
    add_take(dancer, motion)
    assert {bone.rotation_mode for bone in dancer.pose.bones} == {mode}
    for frame in range(motion.frames):
        assert np.abs(bone_heads(dancer, 1 + frame) - motion.joints()[frame]).max() < 1e-4


def test_a_slow_turn_gives_euler_curves_without_jumps():
    bpy.context.scene.render.fps = 30
    dancer, motion = put_dancer(), random_motion(90)
    turn = np.zeros((90, 24, 3))
    turn[:, 16, 2] = np.linspace(0, 4 * np.pi, 90)  # twice around
    motion.rotations = addon("edge_backend.motion.rotations").axis_angle_to_matrix(turn).astype(np.float32)
    dancer.pose.bones["shoulder.L"].rotation_mode = "XYZ"
    action = add_take(dancer, motion)
    eulers = [curve for curve in curves_of(action) if curve.data_path.endswith("rotation_euler")]
    assert len(eulers) == 3
    for curve in eulers:
        values = np.array([point.co.y for point in curve.keyframe_points])
        assert np.abs(np.diff(values)).max() < np.radians(30)


def test_keys_lie_at_the_songs_time_in_a_scene_of_24_frames_a_second():
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, 1.001
    dancer, motion = put_dancer(), random_motion(31)
    add_take(dancer, motion, first_frame=5)
    second = 24 / 1.001
    assert np.abs(bone_heads(dancer, 5 + second) - motion.joints()[30]).max() < 1e-4
    curve = curves_of(dancer.animation_data.action)[0]
    assert curve.keyframe_points[30].co.x == pytest.approx(5 + second, abs=1e-4)


def test_keys_are_linear_in_a_group_per_bone_without_scale():
    dancer = put_dancer()
    bpy.context.scene.edge_dance.hands = "off"  # fingers are curves
    curves = list(curves_of(add_take(dancer, random_motion(5))))
    assert len(curves) == 24 * 4 + 3
    assert {point.interpolation for curve in curves for point in curve.keyframe_points} == {"LINEAR"}
    assert {curve.group.name for curve in curves} == set(addon("rig.skeleton").BONE_NAMES)
    assert {curve.data_path.rsplit(".", 1)[1] for curve in curves} == {"rotation_quaternion", "location"}


@pytest.mark.timing
def test_thirty_seconds_are_keyed_in_half_a_second():
    dancer, motion = put_dancer(), random_motion(900)
    began = time.thread_time()  # this thread's own work: other programs do not count
    add_take(dancer, motion)
    assert time.thread_time() - began < 0.5
