"""A dance gets hands: few keys on the fingers that are the user's to have, in the style that was asked for."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, put_dancer
from characters import mixamo, put_character, put_rigify
from dances import dance
from mathutils import Quaternion

DIGITS = {"Thumb": (0.03, -0.02), "Index": (0.09, -0.03), "Middle": (0.095, -0.01), "Ring": (0.09, 0.01)}


def with_fingers():
    """A Mixamo character with four fingers of three bones on each hand."""
    character = put_character(mixamo())
    bpy.ops.object.mode_set(mode="EDIT")
    bones = character.data.edit_bones
    for side, sign in (("Left", 1), ("Right", -1)):
        hand = bones[f"mixamorig:{side}Hand"]
        for digit, (along, aside) in DIGITS.items():
            parent, start = hand, hand.head.copy()
            start.x += sign * along
            start.y += aside
            for number in (1, 2, 3):
                bone = bones.new(f"mixamorig:{side}Hand{digit}{number}")
                bone.head, bone.tail = (
                    start,
                    (start.x + sign * 0.03, start.y + (-0.01 if digit == "Thumb" else 0), start.z),
                )
                bone.roll, bone.parent = number * 0.7, parent
                parent, start = bone, bone.tail.copy()
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.context.scene.render.fps = 30
    return character


def curves_of(action):
    return {(curve.data_path, curve.array_index): curve for curve in addon("compat").fcurves_of(action)}


def finger_curves(action):
    return [curve for (path, _), curve in curves_of(action).items() if "Hand" in path and path.count("Hand") == 1
            and any(digit in path for digit in DIGITS)]  # fmt: skip


def put_take(character, motion):
    return addon("takes.new_take").add_take(character, motion, bpy.context.scene, 1, False)


def test_fingers_are_found_and_keyed_sparsely():
    character = with_fingers()
    fingers = addon("rig.retarget").bone_map_of(character).fingers
    assert set(fingers) == {f"{digit.lower()}.{side}" for digit in DIGITS for side in "LR"}
    action = put_take(character, dance(frames=120))
    curves = finger_curves(action)
    assert len(curves) == 4 * 24
    assert all(len(curve.keyframe_points) <= 13 for curve in curves)  # of 120 frames
    keys = sum(len(curve.keyframe_points) for curve in curves_of(action).values())
    assert sum(len(curve.keyframe_points) for curve in curves) < 0.08 * keys


@pytest.mark.parametrize(("style", "life"), [("relaxed", 0.5), ("fist", 1.0), ("open", 0.5)])
@pytest.mark.parametrize("put", [put_dancer, with_fingers])
def test_few_keys_move_fingers_as_a_key_every_ten_frames_does(put, style, life):
    character, motion = put(), real_dance(180)
    scene = bpy.context.scene
    scene.render.fps = 30
    scene.edge_dance.hands, scene.edge_dance.hand_life = style, life
    action = put_take(character, motion)
    hands, retarget = addon("rig.hands"), addon("rig.retarget")
    measured = None if addon("rig.dancer").is_dancer(character) else retarget.measure(character)
    frames, bones = hands.hands_of(character, hands.hand_settings(scene), measured).channels(motion)
    assert len(frames) == 19 and len(bones) in (24, 30)
    keys = sum(len(curve.keyframe_points) for (path, _), curve in curves_of(action).items()
               if addon("rig.paths").bone_of(path) in {one.bone for one in bones})  # fmt: skip
    assert keys < (0.65 if character.name.startswith("Dancer") else 0.95) * 4 * len(frames) * len(bones)
    moved = 0.0
    for frame in range(motion.frames):
        scene.frame_set(1 + frame)
        for one in bones:
            wanted = Quaternion(smooth_at(frames, one.quaternions, frame)).normalized()
            turned = character.pose.bones[one.bone].matrix_basis.to_quaternion()
            assert np.degrees(turned.rotation_difference(wanted).angle) < 1
            moved = max(moved, np.degrees(wanted.rotation_difference(Quaternion(one.quaternions[0])).angle))
    assert moved > 5


def smooth_at(frames, values, frame):
    """The value (n,) at a frame of a smooth curve through keys (K,) with values (K, n)."""
    slopes = np.gradient(values, frames, axis=0)
    at = min(int(np.searchsorted(frames, frame, side="right")), len(frames) - 1) - 1
    length = frames[at + 1] - frames[at]
    basis = addon("edge_backend.numerics.hermite").hermite_basis((frame - frames[at]) / length)
    weights = np.multiply(basis, (1, 1, length, length))
    return weights @ np.stack([values[at], values[at + 1], slopes[at], slopes[at + 1]])


def real_dance(frames):
    """Some seconds of motion capture."""
    rotations = addon("edge_backend.motion.rotations")
    with np.load(Path(__file__).parents[2] / "data/feet/dances.npz") as file:
        turns = rotations.axis_angle_to_matrix(file["commercial_poses"].reshape(-1, 24, 3)[:frames]).astype(np.float32)
        root = file["commercial_root"][:frames].astype(np.float32)
    beats = np.arange(0, frames / 30, 0.5, dtype=np.float32)
    return addon("edge_backend.motion.motion").Motion(
        turns, root, np.zeros((frames, 4), np.float32), beats, {"seed": 1}
    )


def test_hands_without_life_are_keyed_once():
    dancer = put_dancer()
    bpy.context.scene.render.fps = 30
    bpy.context.scene.edge_dance.hand_life = 0
    action = put_take(dancer, dance(frames=120))
    fingers = addon("rig.skeleton").FINGER_NAMES
    counts = [len(curve.keyframe_points) for (path, _), curve in curves_of(action).items()
              if addon("rig.paths").bone_of(path) in fingers]  # fmt: skip
    assert counts == [1] * 4 * len(fingers)


def test_a_fist_is_closed_and_off_leaves_the_fingers_alone():
    character = with_fingers()
    settings = bpy.context.scene.edge_dance
    settings.hands, settings.hand_life = "fist", 0
    put_take(character, dance(frames=60))
    bpy.context.scene.frame_set(30)
    posed = character.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
    for side in ("Left", "Right"):
        first, second = (posed[f"mixamorig:{side}HandIndex{number}"] for number in (1, 2))
        bend = (first.tail - first.head).angle(second.tail - second.head)
        assert np.degrees(bend) == pytest.approx(95, abs=1)
    settings.hands = "off"
    assert not finger_curves(put_take(character, dance(frames=60)))
    settings.hands, settings.hand_amount = "fist", 0
    assert not finger_curves(put_take(character, dance(frames=60)))


def test_fingers_that_the_user_has_keyed_stay_the_users():
    character = with_fingers()
    bone = character.pose.bones["mixamorig:LeftHandIndex2"]
    bone.rotation_mode = "QUATERNION"
    for frame, value in ((1, 0.0), (20, 0.5)):
        bone.rotation_quaternion = (1, value, 0, 0)
        bone.keyframe_insert("rotation_quaternion", frame=frame)
    action = put_take(character, dance(frames=60))
    keyed = {curve.data_path for curve in finger_curves(action)}
    assert not any("LeftHandIndex" in path for path in keyed)
    assert any("RightHandIndex" in path for path in keyed) and any("LeftHandMiddle" in path for path in keyed)


def test_a_rigify_humans_finger_controls_are_keyed():
    rig = put_rigify(human=True)
    bpy.context.scene.render.fps = 30
    settings = bpy.context.scene.edge_dance
    settings.hands, settings.hand_life = "fist", 0
    action = put_take(rig, dance(frames=30))
    keyed = {addon("rig.paths").bone_of(path) for path, _ in curves_of(action)}
    assert {"f_index.01.L", "f_pinky.03.R", "thumb.02.L"} <= keyed
    bpy.context.scene.frame_set(15)
    posed = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
    first, second = posed["ORG-f_index.01.L"], posed["ORG-f_index.02.L"]
    assert np.degrees((first.tail - first.head).angle(second.tail - second.head)) == pytest.approx(95, abs=5)


def test_the_dancers_own_fingers_are_keyed_in_the_style():
    dancer = put_dancer()
    bpy.context.scene.render.fps = 30
    settings = bpy.context.scene.edge_dance
    settings.hands, settings.hand_life = "fist", 0
    action = put_take(dancer, dance(frames=120))
    names = addon("rig.skeleton").FINGER_NAMES
    curves = [curve for (path, _), curve in curves_of(action).items() if addon("rig.paths").bone_of(path) in names]
    assert len(curves) == 4 * len(names)
    assert all(len(curve.keyframe_points) == 1 for curve in curves)  # without life
    bpy.context.scene.frame_set(60)
    posed = dancer.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
    for side in "LR":
        for digit, angle in (("index", 95), ("middle", 98), ("ring", 98), ("pinky", 95)):
            first, second = (posed[f"{digit}{number}.{side}"] for number in (1, 2))
            assert np.degrees((first.tail - first.head).angle(second.tail - second.head)) == pytest.approx(angle, abs=1)
            hand, tip = posed[f"hand.{side}"], posed[f"{digit}3.{side}"]
            assert (tip.tail - posed[f"wrist.{side}"].head).length < 0.8 * (
                hand.tail - posed[f"wrist.{side}"].head
            ).length
    settings.hands = "off"
    action = put_take(dancer, dance(frames=30))
    assert names[0] not in {addon("rig.paths").bone_of(path) for path, _ in curves_of(action)}


def test_a_dancer_of_an_earlier_version_dances_without_fingers():
    dancer, model = put_dancer(), put_dancer()
    bpy.context.view_layer.objects.active = dancer
    bpy.ops.object.mode_set(mode="EDIT")
    for name in addon("rig.skeleton").FINGER_NAMES:
        dancer.data.edit_bones.remove(dancer.data.edit_bones[name])
    bpy.ops.object.mode_set(mode="OBJECT")
    assert len(dancer.data.bones) == 24 and addon("rig.dancer").is_dancer(dancer)
    bpy.context.scene.render.fps = 30
    for armature in (dancer, model):
        put_take(armature, dance(frames=30))
    bpy.context.scene.frame_set(20)
    posed, other = (
        armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones for armature in (dancer, model)
    )
    assert max((bone.head - other[bone.name].head).length for bone in posed) < 1e-6
