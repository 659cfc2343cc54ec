"""The bone map's list: bones are highlighted, taken from the selection and mirrored; a pose replaces the rest pose."""

import json

import bpy
import numpy as np
import pytest
from blender_fixtures import addon
from characters import bare, mixamo, put_character, unreal
from dances import dance
from mathutils import Matrix
from test_retarget import largest_angle, put_take


def item(character, slot):
    return character.edge_dance_bones[slot]


def show(character, slot):
    character.edge_dance_bone = list(character.edge_dance_bones.keys()).index(slot)


def why_not(character):
    error = addon("rig.retarget").why_not_dance(character)
    return str(error) if error else ""


def test_the_bone_of_the_row_that_is_clicked_is_lit_and_the_selected_one_is_picked():
    character = put_character(mixamo())
    bpy.ops.edge_dance.find_bones()
    show(character, "forearm.L")
    assert character.data.bones.active.name == "mixamorig:LeftForeArm"
    compat = addon("compat")
    lit = [bone.name for bone in character.pose.bones if compat.is_selected(bone)]
    assert lit == ["mixamorig:LeftForeArm"]
    bpy.ops.object.mode_set(mode="POSE")
    character.data.bones.active = character.data.bones["mixamorig:LeftHand"]
    bpy.ops.edge_dance.pick_bone()
    assert item(character, "forearm.L").bone == "mixamorig:LeftHand"


@pytest.mark.parametrize("rename", [None, "names that say nothing"])
def test_what_is_chosen_on_one_side_is_mirrored_to_the_other(rename):
    character = put_character(mixamo())
    if rename:
        for number, bone in enumerate(character.data.bones):
            bone.name = f"b{number}"
    bpy.ops.edge_dance.find_bones()
    parts = ("collar", "upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toes")
    before = {part: item(character, f"{part}.R").bone for part in parts}
    assert all(before.values())
    for part in parts:
        item(character, f"{part}.R").bone = ""
    bpy.ops.edge_dance.mirror_bones(side="L")
    assert {part: item(character, f"{part}.R").bone for part in parts} == before


def test_left_and_right_are_changed_over_at_once():
    character = put_character(unreal())
    bpy.ops.edge_dance.find_bones()
    bpy.ops.edge_dance.swap_sides()
    assert item(character, "thigh.L").bone == "thigh_r" and item(character, "hand.R").bone == "hand_l"


def test_the_description_of_a_rig_holds_names_and_rest_positions_alone():
    character = put_character(bare())
    bpy.ops.edge_dance.copy_rig()
    text = bpy.data.texts[f"{character.name} rig.json"].as_string()
    armature = json.loads(text)["armatures"][0]
    assert set(armature) == {"object", "matrix_world", "bones"}
    assert set(armature["bones"][0]) == {"name", "parent", "head", "tail"}
    described = addon("edge_backend.motion.retarget.description")
    found = described.found_in([described._armature(armature)])
    assert found["slots"] == dict(addon("rig.retarget").bone_map_of(character).bones) and not found["problems"]


def lift_legs(character):
    """Give the armature a rest pose in which the legs point up; returns the pose in which it stood."""
    bpy.context.view_layer.update()
    stood = {bone.name: bone.matrix.copy() for bone in character.pose.bones}
    bpy.ops.object.mode_set(mode="POSE")
    for side in ("Left", "Right"):
        thigh = character.pose.bones[f"mixamorig:{side}UpLeg"]
        place = Matrix.Translation(thigh.matrix.translation)
        thigh.matrix = place @ Matrix.Rotation(np.pi, 4, "X") @ place.inverted() @ thigh.matrix
    bpy.context.view_layer.update()
    bpy.ops.pose.armature_apply()
    bpy.ops.object.mode_set(mode="OBJECT")
    return stood


def test_a_character_whose_rest_pose_is_no_body_dances_by_the_pose_of_a_frame():
    character = put_character(mixamo())
    stood = lift_legs(character)
    assert "Use This Pose" in why_not(character)
    for name, matrix in stood.items():
        character.pose.bones[name].matrix = matrix
        bpy.context.view_layer.update()
    bpy.ops.edge_dance.use_pose()
    assert why_not(character) == ""
    bpy.context.scene.render.fps = 30
    motion = dance()
    put_take(character, motion)
    assert largest_angle(character, motion) < 0.1
    steps = addon("rig.retarget").read_motion_in_steps(character, bpy.context.scene, range(1, 40))
    back = addon("edge_backend.motion.steps").at_once(steps)
    assert np.abs(back.rotations - motion.rotations[:39]).max() < 1e-3
    bpy.ops.edge_dance.use_pose(own=True)
    assert "Use This Pose" in why_not(character)


def test_one_doubtful_bone_is_accepted_by_itself():
    character = put_character(mixamo())
    for side in ("Left", "Right"):
        character.data.bones[f"mixamorig:{side}ForeArm"].name = f"mixamorig:{side}UpperArm2"
    bone_map_of = addon("rig.retarget").bone_map_of
    before = bone_map_of(character)
    assert set(before.doubts) == {"forearm.L", "forearm.R"} and not before.problems
    assert bpy.ops.edge_dance.accept_bone(slot="forearm.L") == {"FINISHED"}
    after = bone_map_of(character)
    assert set(after.doubts) == {"forearm.R"} and after.bones == before.bones
    assert [entry.name for entry in character.edge_dance_bones] == ["forearm.L"]
    bpy.ops.edge_dance.mirror_bones(side="L")
    assert not bone_map_of(character).doubts and bone_map_of(character).bones == before.bones
