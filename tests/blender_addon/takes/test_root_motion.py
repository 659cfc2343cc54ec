"""What carries a dancer over the floor: the hips, the root bone, the object or nothing, and back without loss."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, put_dancer, put_song
from characters import KINDS, put_character, put_rigify
from dances import dance
from mathutils import Euler

EVERY = 7
LOOP = Path(__file__).parents[2] / "data/loops/loop.npz"


def put(kind):
    character = {"dancer": put_dancer, "Rigify": put_rigify}.get(kind, lambda: put_character(KINDS[kind]()))()
    character.location = (1.0, -2.0, 0.5)
    character.rotation_euler = Euler((*character.rotation_euler[:2], 0.7))
    bpy.context.view_layer.update()
    return character


def add_take(character, density="FRAMES"):
    scene = bpy.context.scene
    scene.render.fps = 30
    takes, steps = addon("takes.new_take"), addon("edge_backend.motion.steps")
    motion = dance("modern", 100)
    keys = steps.at_once(takes.keys_in_steps(character, motion, scene, 1.0, density=density))
    return takes.add_take(character, motion, scene, 1.0, keys=keys, density=density)


def shown(character, names):
    """Matrices (looks, bones, 4, 4) in the world."""
    found = []
    for frame in range(1, 100, EVERY):
        bpy.context.scene.frame_set(frame, subframe=0.4)
        posed = character.evaluated_get(bpy.context.evaluated_depsgraph_get())
        found.append([posed.matrix_world @ posed.pose.bones[name].matrix for name in names])
    return np.array(found)


def mapped(character):
    if addon("rig.dancer").is_dancer(character):
        return list(addon("rig.skeleton").BONE_NAMES)
    bone_map = addon("rig.retarget").bone_map_of(character)
    slots = sorted(bone_map.bones.keys() - {"travel"}, key=lambda slot: (slot != "hips", slot))
    return [bone_map.read.get(slot, bone_map.bones[slot]) for slot in slots]


def keys_of(action):
    compat = addon("compat")
    return {
        (curve.data_path, curve.array_index): np.array([key.co[1] for key in curve.keyframe_points])
        for curve in compat.fcurves_of(action)
        if curve.data_path.endswith("location")
    }


@pytest.mark.parametrize("density", ["FRAMES", "CURVES"])
@pytest.mark.parametrize(("kind", "place"), [
    ("dancer", "OBJECT"), ("UE4", "BONE"), ("UE4", "OBJECT"), ("Rigify", "BONE"), ("MMD", "BONE"),
    ("Mixamo", "OBJECT"),
])  # fmt: skip
def test_the_dancer_is_where_it_was_and_the_root_under_it(kind, place, density):
    character = put(kind)
    action = add_take(character, density)
    names = mapped(character)
    before, keys = shown(character, names), keys_of(action)
    root = addon("takes.root_motion")
    root.set_root_motion(character, action, place)
    assert root.root_motion_of(action) == place
    np.testing.assert_allclose(shown(character, names), before, atol=1e-4)
    travelled, carried = [], []
    for frame in (1, 40, 80):
        bpy.context.scene.frame_set(frame)
        posed = character.evaluated_get(bpy.context.evaluated_depsgraph_get())
        bone = posed.pose.bones[root.root_bone(character)] if place == "BONE" else None
        travelled.append((posed.matrix_world @ bone.matrix if bone else posed.matrix_world).translation[:])
        carried.append((posed.matrix_world @ posed.pose.bones[names[0]].matrix).translation[:])
    moved = np.array(travelled) - travelled[0]
    assert np.abs(moved[:, 2]).max() < 1e-5 and np.abs(moved[:, :2]).max() > 0.05
    np.testing.assert_allclose(moved[:, :2], (np.array(carried) - carried[0])[:, :2], atol=0.15)
    root.set_root_motion(character, action, "HIPS")
    np.testing.assert_allclose(shown(character, names), before, atol=1e-4)
    again = keys_of(action)
    scale = max(np.abs(values).max() for values in keys.values())
    for path, values in keys.items():
        np.testing.assert_allclose(again[path], values, atol=2e-6 * max(scale, 1))


@pytest.mark.parametrize("kind", ["dancer", "UE4", "Mixamo"])
def test_in_place_the_dancer_stays_and_the_way_comes_back(kind):
    character = put(kind)
    action = add_take(character)
    names = mapped(character)
    before = shown(character, names)
    root = addon("takes.root_motion")
    root.set_root_motion(character, action, "IN_PLACE")
    still = shown(character, names)
    hips = still[:, 0, :2, 3]
    assert np.abs(hips - hips[0]).max() < 0.02 and np.ptp(before[:, 0, :2, 3], axis=0).max() > 0.1
    np.testing.assert_allclose(still[:, :, :3, :3], before[:, :, :3, :3], atol=1e-4)
    np.testing.assert_allclose(still[:, 0, 2, 3], before[:, 0, 2, 3], atol=1e-4)
    root.set_root_motion(character, action, "OBJECT")
    np.testing.assert_allclose(shown(character, names), before, atol=1e-4)


def test_a_hundred_times_back_and_forth():
    character = put("UE4")
    action = add_take(character)
    root, keys = addon("takes.root_motion"), keys_of(action)
    for place in ("BONE", "IN_PLACE", "OBJECT", "HIPS") * 25:
        root.set_root_motion(character, action, place)
    for path, values in keys.items():
        np.testing.assert_allclose(keys_of(action)[path], values, atol=1e-4)


def test_a_character_without_a_root_bone_is_refused_before_anything_is_made(song_file, quick_worker):
    put_song(song_file)
    put_dancer()
    bpy.context.scene.edge_dance.root_motion = "BONE"
    with pytest.raises(RuntimeError, match="has no bone above pelvis"):
        bpy.ops.edge_dance.generate()


def test_the_panels_choice_and_its_button():
    character = put("UE4")
    settings = {"root_motion": "BONE"}
    action = addon("takes.new_take").add_take(character, dance("modern", 60), bpy.context.scene, 1.0, settings=settings)
    assert addon("takes.root_motion").root_motion_of(action) == "BONE"
    assert bpy.ops.edge_dance.change_root_motion(root_motion="OBJECT") == {"FINISHED"}
    assert addon("takes.root_motion").root_motion_of(action) == "OBJECT"
    assert bpy.ops.edge_dance.change_density(density="CURVES") == {"FINISHED"}
    current = character.animation_data.action
    bpy.context.scene.frame_set(30)
    here = character.matrix_world.translation.copy()
    character.animation_data.action = action
    if hasattr(character.animation_data, "action_slot"):
        character.animation_data.action_slot = action.slots[0]
    bpy.context.scene.frame_set(30)
    assert (character.matrix_world.translation - here).length < 0.005 and current != action


BEATS = (16, 31, 46, 61, 76, 91)


def at_beats(character):
    """Where the hips are on the beats (6, 3), world."""
    places = []
    for frame in BEATS:
        bpy.context.scene.frame_set(frame)
        posed = character.evaluated_get(bpy.context.evaluated_depsgraph_get())
        places.append((posed.matrix_world @ posed.pose.bones[mapped(character)[0]].matrix).translation[:])
    return np.array(places)


@pytest.mark.parametrize("density", ["CURVES", "BLOCKING"])
@pytest.mark.parametrize(("kind", "place"), [("dancer", "OBJECT"), ("dancer", "IN_PLACE"), ("UE4", "BONE")])
def test_other_keys_are_those_of_the_path_too(kind, place, density):
    character = put(kind)
    take = add_take(character)
    take["edge_dance"]["beats"] = [1.0, *BEATS]
    before = at_beats(character)
    root = addon("takes.root_motion")
    root.set_root_motion(character, take, place)
    assert bpy.ops.edge_dance.change_density(density=density) == {"FINISHED"}
    action = character.animation_data.action
    assert action != take and root.root_motion_of(action) == root.root_motion_of(take) == place
    counts = {path: len(values) for path, values in keys_of(action).items() if len(values) > 1}
    assert len(counts) == 6 and len(set(counts.values())) == 1 and max(counts.values()) < 60
    root.set_root_motion(character, action, "HIPS")
    np.testing.assert_allclose(at_beats(character), before, atol=0.006)


def test_a_path_with_other_keys_than_the_hips_is_refused():
    character = put("dancer")
    action = add_take(character)
    root = addon("takes.root_motion")
    root.set_root_motion(character, action, "OBJECT")
    curves = [curve for curve in addon("compat").fcurves_of(action) if curve.data_path == "location"]
    for curve in curves:
        curve.keyframe_points.remove(curve.keyframe_points[50])
    before = keys_of(action)
    with pytest.raises(addon("edge_backend.errors").EdgeError, match="have location keys at different frames"):
        root.set_root_motion(character, action, "HIPS")
    assert {name: list(values) for name, values in keys_of(action).items()} == {
        name: list(values) for name, values in before.items()
    }


def test_loops_with_root_motion_go_on():
    motion = addon("edge_backend.motion.files").load_motion(LOOP)
    character = put("UE4")
    scene = bpy.context.scene
    scene.render.fps = 30
    action = addon("takes.new_take").add_take(character, motion, scene, 1.0, settings={"root_motion": "BONE"})
    bone = addon("takes.root_motion").root_bone(character)
    first, last = action.frame_range
    places = []
    for lap in range(3):
        scene.frame_set(int(first + lap * (last - first)))
        posed = character.evaluated_get(bpy.context.evaluated_depsgraph_get())
        places.append((posed.matrix_world @ posed.pose.bones[bone].matrix).translation[:])
    steps = np.diff(places, axis=0)
    np.testing.assert_allclose(steps[0], steps[1], atol=1e-4)
    assert np.linalg.norm(steps[0]) > 0.05


def path(character):
    """The hips (looks, 2) over the floor, world."""
    return shown(character, mapped(character)[:1])[:, 0, :2, 3]


@pytest.mark.parametrize(("kind", "place"), [("dancer", "OBJECT"), ("dancer", "IN_PLACE"), ("UE4", "BONE")])
def test_an_edit_keeps_the_path_of_what_it_keeps(kind, place, song_file, quick_worker):
    """The path is in the object or the root bone, while constraints are poses in armature space."""
    put_song(song_file, frame=1)
    character = put(kind)
    add_take(character)
    bpy.ops.edge_dance.change_root_motion(root_motion=place)
    names, still = mapped(character), path(character)
    before = shown(character, names)
    assert bpy.ops.edge_dance.regenerate_range(start=60, end=70) == {"FINISHED"}
    action = character.animation_data.action
    assert addon("takes.root_motion").root_motion_of(action) == place and len(bpy.data.actions) == 2
    np.testing.assert_allclose(shown(character, names)[:8], before[:8], atol=2e-3)
    bpy.ops.edge_dance.change_root_motion(root_motion="HIPS")
    bpy.ops.edge_dance.mirror()
    reach = np.ptp(path(character)[:8], axis=0)
    assert np.linalg.norm(reach) > 0.1 and (place == "IN_PLACE") == (np.ptp(still, axis=0).max() < 0.05)


def test_a_mirrored_take_goes_the_mirrored_way():
    character = put("dancer")
    add_take(character)
    level = character.matrix_world.inverted().to_3x3()
    before = path(character)
    bpy.ops.edge_dance.change_root_motion(root_motion="OBJECT")
    assert bpy.ops.edge_dance.mirror() == {"FINISHED"}
    assert addon("takes.root_motion").root_motion_of(character.animation_data.action) == "OBJECT"
    turn = np.array(level)[:2, :2]
    ways = [(places - places[0]) @ turn.T for places in (before, path(character))]
    np.testing.assert_allclose(ways[1], ways[0] * (-1, 1), atol=2e-3)


def test_the_object_goes_back_to_where_it_stood_when_another_take_is_shown():
    character = put("dancer")
    first = add_take(character)
    home = character.location.copy()
    bpy.ops.edge_dance.change_root_motion(root_motion="OBJECT")
    bpy.context.scene.frame_set(80)
    assert (character.location - home).length > 0.05
    add_take(character)
    assert (character.location - home).length < 1e-6
    character.edge_dance_take = 0
    bpy.context.scene.frame_set(70)
    assert character.animation_data.action == first
    motion = dance("modern", 100)
    settings = {"root_motion": "OBJECT"}
    take = addon("takes.new_take").add_take(character, motion, bpy.context.scene, 1.0, settings=settings)
    assert np.allclose(take["edge_dance"]["root_motion"]["start"], home, atol=1e-6)


def test_a_new_dance_begins_where_the_root_bone_stood():
    character = put("UE4")
    add_take(character)
    names = mapped(character)
    before = shown(character, names)
    bpy.ops.edge_dance.change_root_motion(root_motion="BONE")
    bpy.context.scene.frame_set(80)
    add_take(character)
    root = addon("takes.root_motion").root_bone(character)
    bpy.context.scene.frame_set(1)
    assert character.pose.bones[root].location.length < 1e-4
    np.testing.assert_allclose(shown(character, names), before, atol=2e-3)


def test_copies_of_takes_that_move_the_object_stand_side_by_side():
    character = put("dancer")
    above = bpy.data.objects.new("Above", None)
    above.rotation_euler.z = 1.0
    bpy.context.scene.collection.objects.link(above)
    character.parent = above
    for _ in range(3):
        add_take(character)
        bpy.ops.edge_dance.change_root_motion(root_motion="OBJECT")
    bpy.context.scene.frame_set(50)
    bpy.ops.edge_dance.show_takes(spacing=2.0)
    bpy.context.scene.frame_set(50)
    here = character.matrix_world.translation
    copies = [ob for ob in bpy.data.objects if ob.type == "ARMATURE" and ob != character]
    apart = sorted(tuple(ob.matrix_world.translation - here) for ob in copies)
    np.testing.assert_allclose(apart, [(2, 0, 0), (4, 0, 0)], atol=1e-4)


def test_takes_that_move_the_object_are_not_blended():
    character = put("dancer")
    first = add_take(character)
    add_take(character)
    bpy.ops.edge_dance.change_root_motion(root_motion="OBJECT")
    with pytest.raises(RuntimeError, match="is Object, and blends move bones"):
        bpy.ops.edge_dance.blend_takes(first=first.name, start=30, end=40)
