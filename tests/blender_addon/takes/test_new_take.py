import json

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, put_dancer, random_motion


def add_take(dancer, motion, first_frame=1.0):
    return addon("takes.new_take").add_take(dancer, motion, bpy.context.scene, first_frame)


def test_a_take_is_an_action_named_after_song_and_seed():
    dancer = put_dancer()
    action = add_take(dancer, random_motion(30, seed=7))
    assert action.name == "Test Song 7"
    assert dancer.animation_data.action == action and action.use_fake_user
    if bpy.app.version >= (4, 4, 0):
        assert dancer.animation_data.action_slot == action.slots[0]


def test_older_actions_are_kept_and_never_written_to():
    dancer = put_dancer()
    mine = bpy.data.actions.new("Mine")
    dancer.animation_data_create().action = mine
    first = add_take(dancer, random_motion(10, seed=1))
    second = add_take(dancer, random_motion(20, seed=1))
    assert [action.name for action in (mine, first, second)] == ["Mine", "Test Song 1", "Test Song 1.001"]
    assert all(action.use_fake_user for action in (mine, first, second))
    assert first.frame_range[1] < second.frame_range[1]


def test_a_take_can_be_put_back_by_its_action_alone():
    dancer = put_dancer()
    first = add_take(dancer, random_motion(10, seed=1))
    add_take(dancer, random_motion(10, seed=2))
    dancer.animation_data.action = first
    bpy.context.scene.frame_set(3)
    assert tuple(dancer.pose.bones["pelvis"].location) != (0, 0, 0)
    if bpy.app.version >= (4, 4, 0):
        assert dancer.animation_data.action_slot == first.slots[0]


def test_the_scenes_end_moves_out_and_never_in():
    scene = bpy.context.scene
    scene.render.fps, scene.frame_end = 30, 40
    add_take(put_dancer(), random_motion(30), first_frame=21)
    assert scene.frame_end == 50
    add_take(put_dancer(), random_motion(10))
    assert scene.frame_end == 50


def test_settings_and_beats_stay_with_the_action():
    bpy.context.scene.render.fps = 60
    meta = {"energy": None, "song": {"name": "Müsik 你好.flac", "sha256": "ab"}, "big": 2**40}
    action = add_take(put_dancer(), random_motion(45, seed=3, **meta), first_frame=11)
    kept = action["edge_dance"]
    assert (kept["song"], kept["seed"]) == ("Müsik 你好.flac", 3)
    assert json.loads(kept["meta"])["big"] == 2**40
    assert addon("keyframes.take_details").beat_frames(action) == [11, 41, 71]


def test_a_dance_that_cannot_be_keyed_leaves_nothing_behind():
    dancer, motion = put_dancer(), random_motion(10)
    motion.beats = np.array([object()])
    with pytest.raises(Exception):  # noqa: B017 - whatever it is
        add_take(dancer, motion)
    assert len(bpy.data.actions) == 0 and dancer.animation_data is None


def test_a_dancer_in_tweak_mode_is_refused_in_a_sentence():
    dancer = put_dancer()
    action = add_take(dancer, random_motion(10))
    data = dancer.animation_data
    data.action = None
    track = data.nla_tracks.new()
    track.strips.new("strip", 1, action)
    data.nla_tracks.active = track
    track.strips[0].select = True
    data.use_tweak_mode = True
    if not data.use_tweak_mode:
        pytest.skip("this Blender enters tweak mode in the NLA editor alone")
    with pytest.raises(addon("edge_backend.errors").EdgeError, match="tweak mode"):
        add_take(dancer, random_motion(10))
    assert len(bpy.data.actions) == 1
