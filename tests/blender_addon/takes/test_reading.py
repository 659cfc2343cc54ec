"""Characters are read in small steps, between which character and scene are as the user left them."""

import time
from itertools import pairwise
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, put_dancer, random_motion
from characters import mixamo, put_character

FRAMES = 90


@pytest.fixture(params=["dancer", "mixamo"])
def danced(request):
    """A character with a take that shows another action."""
    bpy.context.scene.render.fps = 30
    armature = put_dancer() if request.param == "dancer" else put_character(mixamo(), units=100, y_up=True)
    take = addon("takes.new_take").add_take(armature, random_motion(FRAMES, 3), bpy.context.scene, 1.0)
    other = addon("takes.new_take").add_take(armature, random_motion(FRAMES, 4), bpy.context.scene, 1.0)
    bpy.context.scene.frame_set(17, subframe=0.25)
    return armature, take, other


@pytest.fixture
def frame_by_frame(monkeypatch):
    """Make steps of a single frame, however fast the machine is."""
    for name in ("_STEP_S", "_LONGEST_STEP_S"):
        monkeypatch.setattr(addon("rig.looking"), name, 0.0)


@pytest.fixture
def reading(danced, frame_by_frame):
    armature, take, _ = danced
    steps = addon("takes.read_take").read_take_in_steps(armature, take, bpy.context.scene)
    yield steps
    steps.close()


def stands(armature, shown):
    scene = bpy.context.scene
    return armature.animation_data.action == shown and (scene.frame_current, scene.frame_subframe) == (17, 0.25)


def at_once(steps):
    return addon("edge_backend.motion.steps").at_once(steps)


def test_progress_is_yielded_and_at_each_step_frame_and_action_are_as_before(danced, reading):
    armature, _, other = danced
    told = []
    for fraction in reading:
        told.append(fraction)
        assert stands(armature, other)
    assert len(told) == FRAMES and told[-1] == 1 and all(one < later for one, later in pairwise(told))
    assert stands(armature, other)


def test_what_is_read_does_not_depend_on_the_steps(danced, reading, monkeypatch):
    armature, take, other = danced
    one = at_once(reading)
    monkeypatch.setattr(addon("rig.looking"), "_STEP_S", 1e6)
    whole = at_once(addon("takes.read_take").read_take_in_steps(armature, take, bpy.context.scene))
    for name in ("rotations", "root", "contacts"):
        assert np.array_equal(getattr(one, name), getattr(whole, name)), name
    asked = random_motion(FRAMES, 3)
    if addon("rig.dancer").is_dancer(armature):  # it has the model's own bones
        assert np.abs(one.rotations - asked.rotations).max() < 1e-4
    assert stands(armature, other)


def test_where_blender_takes_long_between_two_steps_they_are_longer(reading, monkeypatch):
    monkeypatch.setattr(addon("rig.looking"), "_LONGEST_STEP_S", 0.2)
    steps = 0
    for _ in reading:
        steps += 1
        time.sleep(0.2)
    assert 1 < steps < FRAMES / 2


@pytest.mark.parametrize(("first", "frames"), [(0.011, 4), (0.002, 5), (0.06, 3), (0.2, 3)])
def test_a_step_has_time_to_restore_the_scene_and_reads_more_where_it_begins_slowly(monkeypatch, first, frames):
    """Frames of 0.011 s in a step of 0.05; in the first one Blender may have to build its dependency graph."""
    looking, clock = addon("rig.looking"), SimpleNamespace(now=100.0)

    def looks(_armatures, _scene, wanted):
        for number, _ in enumerate(wanted):
            clock.now += 0.011 if number else first
            yield []

    monkeypatch.setattr(looking, "looks", looks)
    monkeypatch.setattr(looking, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    seen = []
    assert looking._step([], bpy.context.scene, range(100), seen.append, 0.05) == len(seen) == frames


def test_the_user_may_move_on_meanwhile(danced, reading):
    """The user's present frame and action are restored, not those of the beginning."""
    armature, take, _ = danced
    next(reading)
    bpy.context.scene.frame_set(50)
    addon("takes.take_list").use_take(armature, take)
    expected = addon("takes.read_take").read_take_in_steps(armature, take, bpy.context.scene)
    assert np.array_equal(at_once(reading).rotations, at_once(expected).rotations)
    assert bpy.context.scene.frame_current == 50 and armature.animation_data.action == take


@pytest.mark.parametrize("what", ["armature", "action", "scene"])
def test_what_is_deleted_meanwhile_ends_it_with_a_sentence(danced, reading, what):
    armature, take, other = danced
    next(reading)
    if what == "armature":
        bpy.data.objects.remove(armature)
    elif what == "action":
        bpy.data.actions.remove(take)
    else:
        old = bpy.context.scene
        bpy.context.window.scene = bpy.data.scenes.new("Another")
        bpy.data.scenes.remove(old)
    with pytest.raises(addon("edge_backend.errors").EdgeError, match="deleted meanwhile") as caught:
        next(reading)
    assert caught.value.code == "dancer_gone"
    assert what != "action" or stands(armature, other)


@pytest.mark.parametrize("what", ["bone", "scene", "undo"])
def test_what_is_changed_meanwhile_ends_it_with_a_sentence(danced, reading, what):
    armature, *_ = danced
    handlers = bpy.app.handlers
    before = list(handlers.undo_post), list(handlers.redo_post)
    bpy.ops.ed.undo_push(message="danced")
    bpy.ops.ed.undo_push(message="something else")
    next(reading)
    if what == "bone":
        name = addon("rig.retarget").bone_map_of(armature).bones["hips"]
        armature.data.bones[name].name = "Renamed"
    elif what == "scene":
        bpy.context.window.scene = bpy.data.scenes.new("Another")
    else:
        bpy.ops.ed.undo()
    with pytest.raises(addon("edge_backend.errors").EdgeError, match="changed while it was read") as caught:
        next(reading)
    assert caught.value.code == "reading_ended"
    assert (list(handlers.undo_post), list(handlers.redo_post)) == before


def test_nothing_is_left_where_it_is_given_up(danced, reading):
    armature, _, other = danced
    handlers = bpy.app.handlers
    before = list(handlers.undo_post), list(handlers.redo_post)
    next(reading)
    reading.close()
    assert stands(armature, other) and (list(handlers.undo_post), list(handlers.redo_post)) == before


def test_a_frame_that_fails_puts_everything_back(danced, reading, monkeypatch):
    armature, _, other = danced
    next(reading)

    def fails(*_what):
        raise ZeroDivisionError

    monkeypatch.setattr(addon("rig.looking").np, "array", fails)
    with pytest.raises(ZeroDivisionError):
        next(reading)
    assert stands(armature, other)


def test_scripts_export_and_mirror_at_once(danced, tmp_path):
    armature, _, other = danced
    path = tmp_path / "dance.npz"
    assert bpy.ops.edge_dance.export_motion(filepath=str(path)) == {"FINISHED"}
    written = addon("edge_backend.motion.files").load_motion(path)
    read = at_once(addon("takes.read_take").read_take_in_steps(armature, other, bpy.context.scene))
    assert written.frames == FRAMES and np.abs(written.root - read.root).max() < 1e-5
    assert stands(armature, other) and not addon("backend.service").service.busy
    assert bpy.ops.edge_dance.mirror() == {"FINISHED"}
    assert armature.animation_data.action.name == f"{other.name} mirrored"
