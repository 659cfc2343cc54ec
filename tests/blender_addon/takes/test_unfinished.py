"""Keys are written into a hidden action in small steps, which becomes the take."""

import bpy
import numpy as np
import pytest
from blender_fixtures import PACKAGE, addon, put_dancer, random_motion
from characters import mixamo, put_character


@pytest.fixture
def dancer():
    bpy.context.scene.render.fps = 30
    bpy.context.scene.edge_dance.hands = "off"
    return put_dancer()


@pytest.fixture
def motion():
    return random_motion(60, seed=5)


def writing(dancer, motion):
    take = addon("takes.new_take")
    return take.written_in_steps(take.keys_in_steps(dancer, motion, bpy.context.scene, 1.0))


def curves_of(action):
    return addon("compat").fcurves_of(action)


def keys_of(action):
    found = {}
    for curve in curves_of(action):
        values = np.zeros(2 * len(curve.keyframe_points), np.float32)
        curve.keyframe_points.foreach_get("co", values)
        found[curve.data_path, curve.array_index] = values
    return found


def test_each_step_writes_one_curve_and_the_take_is_as_if_written_at_once(dancer, motion):
    take, written = addon("takes.new_take"), None
    at_once = take.add_take(dancer, motion, bpy.context.scene, 1.0)
    counts, steps = [], writing(dancer, motion)
    while written is None:
        try:
            next(steps)
            others = [action for action in bpy.data.actions if action != at_once]
            counts.append(sum(len(curves_of(action)) for action in others))
        except StopIteration as end:
            written = end.value
    assert set(np.diff(counts).tolist()) <= {0, 1} and counts[-1] == len(curves_of(at_once))
    assert dancer.animation_data.action == at_once  # nothing shows what is being written
    action = take.add_take(dancer, motion, bpy.context.scene, 1.0, keys=written)
    assert action.session_uid == written.action and not action.is_runtime_data and action.use_fake_user
    expected, found = keys_of(at_once), keys_of(action)
    assert expected.keys() == found.keys() and all(np.array_equal(expected[path], found[path]) for path in expected)
    assert action.name == f"{at_once.name}.001" and "edge_dance_unfinished" not in action.keys()  # noqa: SIM118


@pytest.mark.parametrize("happening", ["undo_pre", "undo_post", "redo_pre", "redo_post", "save_pre", "load_post"])
def test_undo_and_saving_find_no_half_take_and_it_is_written_anew(dancer, motion, happening):
    steps = writing(dancer, motion)
    while not list(bpy.data.actions):
        next(steps)
    for handler in getattr(bpy.app.handlers, happening)[:]:
        if handler.__module__.startswith(PACKAGE):
            handler(bpy.context.scene, None)
    assert not list(bpy.data.actions)
    next(steps)
    assert len(bpy.data.actions) == 1
    written = addon("edge_backend.motion.steps").at_once(steps)
    action = addon("takes.new_take").add_take(dancer, motion, bpy.context.scene, 1.0, keys=written)
    assert list(bpy.data.actions) == [action] and {len(keys) for keys in keys_of(action).values()} >= {120}


def test_what_undo_has_taken_away_at_the_end_is_written_with_the_take(dancer, motion):
    written = addon("edge_backend.motion.steps").at_once(writing(dancer, motion))
    addon("takes.unfinished").remove_unfinished()
    action = addon("takes.new_take").add_take(dancer, motion, bpy.context.scene, 1.0, keys=written)
    assert action.session_uid != written.action and len(curves_of(action)) > 24 * 4


def test_abandoned_steps_leave_no_action(dancer, motion):
    steps = writing(dancer, motion)
    while not list(bpy.data.actions):
        next(steps)
    steps.close()
    assert not list(bpy.data.actions)


def test_a_character_is_not_read_again_when_its_keys_become_a_take(motion, monkeypatch):
    """With hundreds of bones that takes as long as the rest, for each of many dancers in the same step."""
    character = put_character(mixamo())
    written = addon("edge_backend.motion.steps").at_once(writing(character, motion))
    monkeypatch.delattr(addon("rig.retarget"), "_bone_names")
    action = addon("takes.new_take").add_take(character, motion, bpy.context.scene, 1.0, keys=written)
    assert character.animation_data.action == action and action.session_uid == written.action
