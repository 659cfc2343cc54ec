"""The hips' path by the keys is where Blender has the hips when the take is played."""

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, put_skeleton
from characters import mixamo, put_character, put_rigify
from dances import dance


def euler():
    dancer = put_skeleton()
    for number, bone in enumerate(dancer.pose.bones):
        bone.rotation_mode = ("XYZ", "ZXY", "AXIS_ANGLE")[number % 3]
    return dancer


def centimetres():
    character = put_character(mixamo(), units=100, y_up=True)
    character.location, character.rotation_euler.z = (2, 1, 0.5), 0.7
    return character


@pytest.fixture(autouse=True)
def scene(empty_file):
    bpy.context.scene.render.fps = 24
    return bpy.context.scene


@pytest.mark.parametrize("density", ["FRAMES", "CURVES", "BLOCKING"])
@pytest.mark.parametrize("put", [put_skeleton, euler, centimetres, put_rigify])
def test_the_path_is_the_played_one(scene, put, density):
    character, takes, group = put(), addon("takes.new_take"), addon("formation.group")
    bpy.context.view_layer.update()
    at_once, tolerance = addon("edge_backend.motion.steps").at_once, addon("edge_backend.motion.curves").Tolerance()
    motion, modes = dance("salsa", frames=80), addon("keyframes.density").modes_of(character)
    part = group.Part(character.session_uid, 0, motion, 5.0, modes, density, tolerance)
    keys = at_once(part.keys_in_steps(scene))
    leader = put_skeleton()
    action = takes.add_take(leader, dance("modern", frames=90), scene, 1.0)
    paths = at_once(group.hip_paths_in_steps(leader, action, [(part, keys)], scene))
    frames = [float(frame) for frame in range(1, 74)]
    takes.add_take(character, motion, scene, 5.0, keys=keys, density=density)
    played = addon("render.tracks").tracks_of([leader, character], scene, frames)
    assert np.ptp(played[1].hips, axis=0).max() > 0.1  # metres
    for path, track in zip(paths.hips, played, strict=True):
        assert np.abs(path - track.hips).max() < 1e-4


def test_followers_are_shown_nothing_while_it_is_computed(scene, monkeypatch):
    """Whatever an object shows anew has Blender build its dependency graph anew, which many large rigs make long."""
    leader, follower, group = put_skeleton(), put_skeleton(), addon("formation.group")
    action = addon("takes.new_take").add_take(leader, dance(frames=30), scene, 1.0)
    modes, at_once = addon("keyframes.density").modes_of(follower), addon("edge_backend.motion.steps").at_once
    tolerance = addon("edge_backend.motion.curves").Tolerance()
    part = group.Part(follower.session_uid, 0, dance(frames=30), 1.0, modes, "FRAMES", tolerance)
    keys = at_once(part.keys_in_steps(scene))
    monkeypatch.delattr(addon("compat"), "new_action")
    monkeypatch.delattr(addon("compat"), "assign_action")
    paths = at_once(group.hip_paths_in_steps(leader, action, [(part, keys)], scene))
    assert len(paths.hips) == 2 and follower.animation_data is None
