"""Takes whose keys are moved, scaled or deleted by hand: their range, beats and strips follow."""

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, put_skeleton, random_motion

FRAMES, SHIFT = 60, 100


@pytest.fixture(params=["FRAMES", "CURVES", "BLOCKING"])
def danced(request):
    """A dancer with a take of 2 s at 24 frames a second: it ends between two frames, at 48.2."""
    dancer, scene = put_skeleton(), bpy.context.scene
    scene.render.fps = 24
    new_take = addon("takes.new_take")
    motion = random_motion(FRAMES, downbeats=[0.0, 1.0])
    keys = addon("edge_backend.motion.steps").at_once(
        new_take.keys_in_steps(dancer, motion, scene, 1, density=request.param)
    )
    new_take.add_take(dancer, motion, scene, 1, keys=keys, density=request.param)
    bpy.context.view_layer.update()
    return dancer


def move_keys(action, factor=1.0, shift=0.0):
    """As one does in the dope sheet, about frame 1."""
    for curve in addon("compat").fcurves_of(action):
        for point in curve.keyframe_points:
            for end in (point.co, point.handle_left, point.handle_right):
                end.x = (end.x - 1) * factor + 1 + shift
        curve.update()
    action.update_tag()
    bpy.context.view_layer.update()


def beats_of(action):
    return np.array(addon("keyframes.take_details").beat_frames(action))


def test_the_range_beats_and_bars_of_a_moved_dance_move_along(danced):
    action = danced.animation_data.action
    before, beats, bars = np.array(action.frame_range), beats_of(action), list(action["edge_dance"]["bars"])
    move_keys(action, shift=SHIFT)
    np.testing.assert_allclose(action.frame_range, before + SHIFT, atol=1e-3)
    np.testing.assert_allclose(beats_of(action), beats + SHIFT, atol=1e-3)
    np.testing.assert_allclose(action["edge_dance"]["bars"], np.array(bars) + SHIFT, atol=1e-3)
    move_keys(action, shift=-2 * SHIFT)
    np.testing.assert_allclose(action.frame_range, before - SHIFT, atol=1e-3)


def test_the_range_of_a_retimed_dance_is_that_of_its_keys(danced):
    action = danced.animation_data.action
    beats, behind = beats_of(action), action.frame_range[1] - action.curve_frame_range[1]
    move_keys(action, factor=1.5)
    np.testing.assert_allclose(action.frame_range[1], action.curve_frame_range[1] + behind, atol=1e-3)
    assert action.frame_range[1] > 1 + 1.5 * 46
    np.testing.assert_array_equal(beats_of(action), beats)  # the song's tempo is as it was


def test_a_strip_of_a_retimed_dance_plays_all_of_it(danced):
    action, data = danced.animation_data.action, danced.animation_data
    move_keys(action, factor=1.5)
    data.action = None
    strip = data.nla_tracks.new().strips.new(action.name, 1, action)
    assert strip.action_frame_end == pytest.approx(action.frame_range[1], abs=1e-3)


def test_a_dance_whose_end_was_deleted_ends_there(danced):
    action = danced.animation_data.action
    for curve in addon("compat").fcurves_of(action):
        for point in reversed([point for point in curve.keyframe_points if point.co.x > 25]):
            curve.keyframe_points.remove(point)
    action.update_tag()
    bpy.context.view_layer.update()
    assert 13 <= action.frame_range[1] < 27


def test_other_keys_for_the_same_dance_leave_its_range_as_it_is(danced):
    action = danced.animation_data.action
    before = tuple(action.frame_range)
    bpy.ops.edge_dance.change_density(density="BLOCKING")
    bpy.context.view_layer.update()
    blocked = danced.animation_data.action
    assert blocked != action and tuple(blocked.frame_range) == before


def test_a_range_of_the_users_own_is_kept(danced):
    action = danced.animation_data.action
    action.frame_start, action.frame_end = 10, 20
    action.update_tag()
    bpy.context.view_layer.update()
    assert tuple(action.frame_range) == (10, 20)
