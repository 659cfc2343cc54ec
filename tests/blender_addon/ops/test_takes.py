"""The list of takes on a character."""

import json
from math import pi

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, bone_heads, put_dancer, put_song, random_motion


def make_take(dancer, frames=40, seed=0, first_frame=1.0, settings=None):
    return addon("takes.new_take").add_take(
        dancer, random_motion(frames, seed), bpy.context.scene, first_frame, settings=settings
    )


def takes_of(dancer):
    return addon("takes.take_list").takes_of(dancer)


@pytest.fixture
def dancer():
    bpy.context.scene.render.fps = 30
    return put_dancer()


def test_a_click_in_the_list_has_the_character_dance_that_take(dancer):
    first, second = make_take(dancer, seed=1), make_take(dancer, seed=2)
    assert takes_of(dancer) == [first, second] and dancer.edge_dance_take == 1
    poses = {}
    for number in (0, 1):
        dancer.edge_dance_take = number
        assert dancer.animation_data.action == (first, second)[number] and dancer.edge_dance_take == number
        poses[number] = bone_heads(dancer, 10)
    assert np.abs(poses[0] - poses[1]).max() > 0.1


def test_the_list_shows_nothing_as_current_while_the_character_does_something_else(dancer):
    make_take(dancer)
    dancer.animation_data.action = bpy.data.actions.new("Wave")
    assert dancer.edge_dance_take == -1
    with pytest.raises(RuntimeError, match="Click a take in the list first"):
        bpy.ops.edge_dance.delete_take()
    dancer.edge_dance_take = 0
    assert bpy.data.actions["Wave"].use_fake_user  # not lost at the next save


def test_settings_star_and_name_are_there_when_the_file_is_opened_again(dancer, tmp_path):
    settings = bpy.context.scene.edge_dance
    settings.style, settings.seed, settings.energy, settings.use_energy = "salsa", 9, 0.75, True
    action = make_take(dancer, settings=addon("settings").stored_settings(settings))
    bpy.ops.edge_dance.star_take(take=action.name)
    action.name = "The good one"
    settings.style, settings.seed, settings.energy, settings.use_energy = "any", 0, 0.5, False
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "dance.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "dance.blend"), load_ui=False)
    dancer = bpy.context.view_layer.objects.active
    (action,) = takes_of(dancer)
    assert action.name == "The good one" and addon("keyframes.take_details").is_starred(action)
    assert action["edge_dance"]["made"][:2] == "20"
    assert bpy.ops.edge_dance.load_settings() == {"FINISHED"}
    settings = bpy.context.scene.edge_dance
    assert (settings.style, settings.seed, settings.energy, settings.use_energy) == ("salsa", 9, 0.75, True)


def test_settings_of_another_version_are_skipped(dancer):
    settings = bpy.context.scene.edge_dance
    addon("settings").restore_settings(settings, {"style": "polka", "gone": 1, "seed": 4, "music": "x"})
    assert (settings.style, settings.seed, settings.music) == ("any", 4, "")


def test_deleting_a_take_removes_its_keys_and_shows_its_neighbour(dancer):
    takes = [make_take(dancer, seed=seed) for seed in range(3)]
    names = [take.name for take in takes]
    bpy.ops.edge_dance.stash_take()
    assert bpy.ops.edge_dance.delete_take() == {"FINISHED"}
    assert [take.name for take in takes_of(dancer)] == names[:2] == [action.name for action in bpy.data.actions]
    assert dancer.animation_data.action.name == names[1] and not dancer.animation_data.nla_tracks
    dancer.edge_dance_take = 0
    bpy.ops.edge_dance.delete_take()
    assert dancer.animation_data.action.name == names[1]
    bpy.ops.edge_dance.delete_take()
    assert not bpy.data.actions and dancer.animation_data.action is None and not dancer.edge_dance_takes


def test_a_take_that_another_character_dances_stays_in_the_file(dancer):
    action = make_take(dancer)
    other = put_dancer()
    addon("takes.take_list").use_take(other, action)
    bpy.context.view_layer.objects.active = dancer
    bpy.ops.edge_dance.delete_take()
    assert list(bpy.data.actions) == [action] and other.animation_data.action == action
    assert not dancer.edge_dance_takes


def test_an_action_removed_behind_the_lists_back_leaves_the_others_usable(dancer):
    first, second = make_take(dancer, seed=1), make_take(dancer, seed=2)
    bpy.data.actions.remove(first)
    assert takes_of(dancer) == [second] and dancer.edge_dance_take == 1
    dancer.edge_dance_take = 0  # a click on what is gone
    assert dancer.animation_data.action == second
    bpy.ops.edge_dance.delete_take()
    assert not dancer.edge_dance_takes


def test_a_stashed_take_lies_muted_in_the_nla_where_its_keys_are(dancer):
    action = make_take(dancer, frames=40, first_frame=11)
    before = bone_heads(dancer, 20)
    bpy.ops.edge_dance.stash_take()
    (track,) = dancer.animation_data.nla_tracks
    strip = track.strips[0]
    assert track.mute and track.lock and track.name == action.name
    assert (strip.action, strip.frame_start, strip.frame_end, strip.scale) == (action, 11, 50, 1)
    assert dancer.animation_data.action == action
    dancer.animation_data.action = None
    track.mute = False
    assert np.abs(bone_heads(dancer, 20) - before).max() < 1e-5


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ"])
def test_blended_takes_go_over_into_each_other_where_the_hips_are(dancer, mode):
    """Before the range the first take is shown, after it the second, moved to the first's place."""
    for bone in dancer.pose.bones:
        bone.rotation_mode = mode
    walk, turned = slow_dance(80), slow_dance(80, turn=2.0)
    dancer.location, dancer.rotation_euler.z = (1, 2, 0), 0.5
    add = addon("takes.new_take").add_take
    scene = bpy.context.scene
    first, second = add(dancer, walk, scene, 1), add(dancer, turned, scene, 31)
    names = addon("rig.skeleton").BONE_NAMES
    expected_first = bone_heads_of(dancer, first, 40)
    moved = addon("takes.nla").blend(dancer, first, second, 50, 60)
    assert dancer.animation_data.action is None and takes_of(dancer) == [first, second, moved]
    assert np.abs(bone_heads(dancer, 40) - expected_first).max() < 1e-4
    hips = np.array([bone_heads(dancer, frame)[names.index("pelvis")] for frame in range(45, 75)])
    assert np.abs(np.diff(hips[:, :2], axis=0)).max() < 0.05  # no jump: both walk 2 cm a frame
    own = bone_heads_of(dancer, moved, 80)
    dancer.animation_data.action = None
    assert np.abs(bone_heads(dancer, 80) - own).max() < 1e-4
    assert np.abs(shape(own) - shape(bone_heads_of(dancer, second, 80))).max() < 1e-4  # the same pose elsewhere


def slow_dance(frames, turn=0.0):
    """A walk of 2 cm per frame along a heading with swinging arms, starting away from the origin."""
    motion = random_motion(frames)
    time = np.arange(frames) / 30
    angles = np.zeros((frames, 24, 3))
    angles[:, 16, 1] = np.sin(3 * time)
    rotations = addon("edge_backend.motion.rotations").axis_angle_to_matrix
    motion.rotations = rotations(angles).astype(np.float32)
    heading = rotations(np.array([0, 0, turn]))
    motion.rotations[:, 0] = heading @ rotations(np.array([pi / 2, 0, 0])).astype(np.float32)
    way = np.stack([np.zeros(frames), -0.02 * np.arange(frames), np.ones(frames)], axis=-1)
    motion.root = (way @ heading.T + [0.3 * turn, 0, 0]).astype(np.float32)
    return motion


def bone_heads_of(dancer, action, frame):
    addon("takes.take_list").use_take(dancer, action)
    return bone_heads(dancer, frame)


def shape(heads):
    """Distances between all joints: the pose independent of its place."""
    return np.linalg.norm(heads[:, None] - heads[None], axis=-1)


def test_takes_that_do_not_meet_are_not_blended(dancer):
    first, second = make_take(dancer, seed=1), make_take(dancer, seed=2, first_frame=100)
    with pytest.raises(RuntimeError, match="they do not overlap"):
        bpy.ops.edge_dance.blend_takes(first=first.name, start=30, end=40)
    with pytest.raises(RuntimeError, match="no other take"):
        bpy.ops.edge_dance.blend_takes(first=second.name, start=110, end=120)
    assert len(bpy.data.actions) == 2 and not dancer.animation_data.nla_tracks


def test_takes_are_shown_side_by_side_by_copies_that_go_again(dancer):
    takes = [make_take(dancer, seed=seed) for seed in range(3)]
    before = {name: len(getattr(bpy.data, name)) for name in ("objects", "meshes", "armatures", "collections")}
    for _ in range(2):
        assert bpy.ops.edge_dance.show_takes(spacing=1.5) == {"FINISHED"}
    armatures = [ob for ob in bpy.data.objects if ob.type == "ARMATURE" and ob != dancer]
    assert {ob.animation_data.action for ob in armatures} == set(takes[:2])
    bpy.context.view_layer.update()
    assert sorted(ob.matrix_world.translation.x for ob in armatures) == [1.5, 3.0]
    bodies = [ob for ob in bpy.data.objects if ob.type == "MESH" and ob.find_armature() in armatures]
    assert len(bodies) == 2 and {ob.data for ob in bodies} == {dancer.children[0].data}
    assert bpy.ops.edge_dance.hide_takes() == {"FINISHED"}
    assert {name: len(getattr(bpy.data, name)) for name in before} == before
    assert len(bpy.data.actions) == 3


def test_only_starred_takes_are_shown_where_there_are_any(dancer):
    takes = [make_take(dancer, seed=seed) for seed in range(4)]
    bpy.ops.edge_dance.star_take(take=takes[2].name)
    bpy.ops.edge_dance.show_takes()
    copies = [ob for ob in bpy.data.objects if ob.type == "ARMATURE" and ob != dancer]
    assert [ob.animation_data.action for ob in copies] == [takes[2]]


def test_where_there_is_nothing_to_show_side_by_side_that_is_said(dancer):
    first = make_take(dancer, seed=1)
    with pytest.raises(RuntimeError, match=f"There is no other take to show beside {first.name}. Generate another"):
        bpy.ops.edge_dance.show_takes()
    with pytest.raises(RuntimeError, match=r"no other take to blend from\. Generate another"):
        bpy.ops.edge_dance.blend_takes()
    second = make_take(dancer, seed=2)
    bpy.ops.edge_dance.show_takes()
    copies = addon("takes.comparison").copies_of(dancer)
    bpy.ops.edge_dance.star_take(take=second.name)
    with pytest.raises(RuntimeError, match="There is no other starred take"):
        bpy.ops.edge_dance.show_takes()
    assert addon("takes.comparison").copies_of(dancer) == copies and len(copies[0].objects)
    with pytest.raises(RuntimeError, match=r"has no other take\. Choose"):
        bpy.ops.edge_dance.blend_takes(start=1, end=10)


def test_variations_are_a_take_for_each_seed_and_can_be_generated_again(song_file, quick_worker):
    put_song(song_file)
    bpy.context.scene.render.fps = 30
    dancer = put_dancer()
    settings = bpy.context.scene.edge_dance
    settings.quality, settings.seed, settings.variations, settings.style = "draft", 5, 2, "salsa"
    assert bpy.ops.edge_dance.variations() == {"FINISHED"}
    takes = takes_of(dancer)
    assert [take["edge_dance"]["seed"] for take in takes] == [5, 6]
    assert [json.loads(take["edge_dance"]["settings"])["seed"] for take in takes] == [5, 6]
    kept = bone_heads_of(dancer, takes[1], 60)
    settings.seed, settings.style = 77, "any"
    assert bpy.ops.edge_dance.generate_again() == {"FINISHED"}
    assert len(takes_of(dancer)) == 3 and np.array_equal(bone_heads(dancer, 60), kept)
