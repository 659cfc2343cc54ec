"""A take looks the same whatever else animates the character: the channels that it does not move are keyed once."""

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, put_dancer
from characters import mixamo, mmd, put_character, put_rigify, unreal
from dances import dance
from mathutils import Quaternion, Vector

KINDS = {"Mixamo": mixamo, "UE4": unreal, "MMD": mmd, "Rigify": None}
FRAMES = (1, 20, 40)


@pytest.fixture(params=KINDS)
def character(request):
    return put_rigify() if request.param == "Rigify" else put_character(KINDS[request.param]())


def bones_of(armature):
    return list(addon("rig.retarget").bone_map_of(armature).bones.values())


def shown(armature):
    """Transforms of the bone map's bones (frames, bones, 4, 4), armature space."""
    poses = []
    for frame in FRAMES:
        bpy.context.scene.frame_set(frame)
        pose = armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        poses.append([np.array(pose[bone].matrix) for bone in bones_of(armature)])
    return np.array(poses)


def put_take(armature):
    return addon("takes.new_take").add_take(armature, dance(frames=60), bpy.context.scene, 1)


def pristine(armature):
    """The transforms of the dance without any other animation."""
    take = put_take(armature)
    right = shown(armature)
    addon("takes.take_list").delete_take(armature, take)
    for bone in armature.pose.bones:
        bone.matrix_basis.identity()
    return right


def throw_about(bone, random):
    bone.location, bone.scale = random.normal(0, 0.1, 3), 1 + 0.3 * random.random(3)
    turn = Quaternion(Vector(random.normal(0, 1, 3)).normalized(), 0.5)
    bone.rotation_quaternion, bone.rotation_euler = turn, turn.to_euler()


def animate(armature, scale=True):
    """Show an action of the user's that rotates, moves and scales every bone."""
    random = np.random.default_rng(5)
    armature.animation_data_create().action = None
    for frame in (1, 40):
        for bone in armature.pose.bones:
            throw_about(bone, random)
            turn = "rotation_quaternion" if bone.rotation_mode == "QUATERNION" else "rotation_euler"
            for channel in ("location", turn, *(("scale",) if scale else ())):
                bone.keyframe_insert(channel, frame=frame)
            if not scale:
                bone.scale = (1, 1, 1)
    return armature.animation_data.action


def test_in_place_of_an_action_of_the_users(character):
    right = pristine(character)
    animate(character)
    bpy.context.scene.frame_set(15)
    put_take(character)
    assert np.abs(shown(character) - right).max() < 1e-3


@pytest.mark.parametrize("blending", ["REPLACE", "ADD", "COMBINE"])
def test_above_a_strip(character, blending):
    right = pristine(character)
    action = animate(character)
    character.animation_data.action = None
    character.animation_data.nla_tracks.new().strips.new("Strip", 1, action).blend_type = blending
    bpy.context.scene.frame_set(15)
    put_take(character)
    assert np.abs(shown(character) - right).max() < 1e-3


def test_after_another_action_was_looked_at():
    """The other action was added later, and leaves the bones where it has put them."""
    character = put_character(unreal())
    right = pristine(character)
    take = put_take(character)
    animate(character, scale=False)
    bpy.context.scene.frame_set(15)
    addon("takes.take_list").use_take(character, take)
    assert np.abs(shown(character) - right).max() < 1e-4


def test_where_bones_were_moved_by_hand(character):
    """Locations of bones that only rotate in a dance."""
    right = pristine(character)
    random = np.random.default_rng(6)
    bone_map = addon("rig.retarget").bone_map_of(character)
    for name in bone_map.bones.values():
        if name not in (bone_map.bones["hips"], bone_map.bones.get("travel")):
            character.pose.bones[name].location = random.normal(0, 0.1, 3)
    put_take(character)
    assert np.abs(shown(character) - right).max() < 1e-4


def test_the_root_stays_where_it_stands_and_the_dance_is_where_it_was():
    character = put_character(unreal())
    right = pristine(character)
    root = character.pose.bones["root"]
    root.location = (0.3, 0.2, 0.1)
    bpy.context.view_layer.update()
    put_take(character)
    assert np.abs(shown(character) - right).max() < 1e-4
    root.location = (1, 1, 1)
    bpy.context.scene.frame_set(5)
    assert np.allclose(root.location, (0.3, 0.2, 0.1))
    assert np.abs(shown(character) - right).max() < 1e-4


def test_a_head_that_was_made_larger_stays_large():
    character = put_character(mixamo())
    head = character.pose.bones["mixamorig:Head"]
    head.scale = (2, 2, 2)
    put_take(character)
    head.scale = (1, 1, 1)
    bpy.context.scene.frame_set(5)
    assert tuple(head.scale) == (2, 2, 2)


def test_the_built_in_dancer_needs_nothing_of_it():
    take = put_take(put_dancer())
    assert len(addon("compat").fcurves_of(take)) == (24 + 30) * 4 + 3


def test_what_stands_still_keeps_its_one_key_when_keys_are_changed():
    character = put_character(unreal())
    take = put_take(character)
    once = {curve.data_path for curve in addon("compat").fcurves_of(take) if len(curve.keyframe_points) == 1}
    assert any('"root"' in path for path in once) and any(path.endswith('"hand_l"].location') for path in once)
    keys = addon("edge_backend.motion.steps").at_once(addon("keyframes.density").sampled_in_steps(character, take))
    assert "root" not in {channel.bone for channel in keys}
    assert {channel.bone for channel in keys if channel.channel == "location"} == {"pelvis"}


def test_an_edit_keeps_how_a_shoulder_was_moved():
    """F-curves of the edited action replace the single keys of a take."""
    character = put_character(unreal())
    source = put_take(character)
    shoulder = character.pose.bones["clavicle_l"]
    for frame in (1, 30):
        shoulder.location = (0, frame / 100, 0)
        shoulder.keyframe_insert("location", frame=frame)
    edited = put_take(character)
    addon("keyframes.channel_keys").copy_others(source, edited)
    bpy.context.scene.frame_set(30)
    assert shoulder.location.y == pytest.approx(0.3)
