"""Several dancers get their keys in steps, and all of them at once or none."""

import time
from itertools import combinations

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, put_skeleton, random_motion
from mathutils import Vector

STEP_S = 0.1  # a step takes 0.01 to 0.04 s; busy machines stretch it


def put_curves(leader, frames):
    """A take on curves, shown by the leader, which is active."""
    addon("takes.new_take").add_take(leader, random_motion(frames), bpy.context.scene, 1.0)
    assert bpy.ops.edge_dance.change_density(density="CURVES") == {"FINISHED"}


@pytest.fixture
def company():
    """A leader with a take on curves, active, and two others."""
    bpy.context.scene.render.fps = 30
    others = [put_skeleton(), put_skeleton()]
    leader = put_skeleton()
    put_curves(leader, 45)
    for other in others:
        other.select_set(True)
    yield leader, others
    addon("backend.service").service.work = None


class Together:
    """The operator, as the window drives it after its dialog: begun, then called by a timer."""

    def __init__(self, **asked):
        operators = addon("ops.stepping").SteppingOperator, addon("ops.group").EDGE_DANCE_OT_dance_together
        for name in ("begin_work", "go_on", "steps", "apply", "done", "discard", "refuse", "adjusting", "_end_work"):
            kind = next(kind for kind in reversed(operators) if name in vars(kind))
            setattr(self, name, vars(kind)[name].__get__(self))
        self.work_label, self._work, self.said = "Placing keys", None, []
        self.dances, self.mirror, self.mirrored, self.turn = "SAME", False, "ALL", 0.0
        self.canon, self.unit = 0, "BEATS"
        self.places, self.spacing, self.distance = "LINE", 1.5, 1.0
        vars(self).update(asked)

    def report(self, kinds, sentence):
        self.said.append((*kinds, sentence))

    def finish(self):
        while (answer := self.go_on(bpy.context)) is None:
            pass
        assert not addon("takes.unfinished").unfinished()
        return answer


def scene_now():
    """What must not change: actions but those that are being written, who shows which, and where they are."""
    dancers = [ob for ob in bpy.data.objects if ob.type == "ARMATURE"]
    shown = [ob.animation_data.action.name if ob.animation_data and ob.animation_data.action else "" for ob in dancers]
    actions = set(bpy.data.actions) - set(addon("takes.unfinished").unfinished())
    return sorted(action.name for action in actions), shown, [tuple(map(tuple, ob.matrix_world)) for ob in dancers]


def test_nothing_changes_before_the_last_step_and_all_have_keys_after_it(company, monkeypatch):
    leader, others = company
    monkeypatch.setattr(addon("backend.work").Work.go_on, "__defaults__", (0.0,))  # one step at a time on any machine
    together, before, service = Together(mirror=True), scene_now(), addon("backend.service").service
    together.begin_work(bpy.context)
    assert service.busy and not bpy.ops.edge_dance.dance_together.poll()
    answers = 0
    while (answer := together.go_on(bpy.context)) is None:
        answers += 1
        assert scene_now() == before and 0 <= service.work.fraction <= 1
    assert answers > 5 and answer == {"FINISHED"} and not service.busy
    lead = addon("keyframes.density").key_count(leader.animation_data.action)
    for other in others:
        action = other.animation_data.action
        assert action["edge_dance"]["density"] == "CURVES"
        assert addon("keyframes.density").key_count(action) == pytest.approx(lead, rel=0.15)
    assert together.said == [("INFO", "3 dance together.")]


def placed(others):
    bpy.context.view_layer.update()
    return np.array([other.matrix_world for other in others])


def no_play(*_given):
    raise AssertionError("the dance was played again")


@pytest.mark.parametrize("density", ["FRAMES", "CURVES"])
def test_the_dance_is_played_in_steps_and_leads_where_it_leads_in_one_go(company, monkeypatch, density):
    leader, others = company
    group, scene = addon("formation.group"), bpy.context.scene
    if density == "FRAMES":
        addon("takes.take_list").use_take(leader, addon("takes.take_list").takes_of(leader)[0])
    others[0].location, others[1].location = (0.5, 0, 0), (0, 0.7, 0)
    before = placed(others)
    monkeypatch.setattr(addon("formation.hip_path"), "_STRETCH", 7)  # frames that are computed at a time, of 45
    together = Together(mirror=True, places="PLACED", distance=3.0)
    with monkeypatch.context() as patched:
        patched.setattr(group, "tracks_of", no_play)
        together.begin_work(bpy.context)
        assert together.finish() == {"FINISHED"}, together.said
    in_steps = placed(others)
    for other, matrix in zip(others, before, strict=True):
        other.matrix_world = matrix.T
    action = leader.animation_data.action
    asked = group.Group(mirror=True, places="PLACED", distance=3.0)
    group.perform(leader, action, together._parts, scene, asked)
    assert np.abs(in_steps - before).max() > 0.5  # metres: they were too close
    assert np.allclose(in_steps, placed(others), atol=1e-5)


def test_who_is_moved_after_the_dance_was_played_has_it_played_again(company):
    leader, others = company
    together = Together(places="PLACED", distance=2.0)
    together.begin_work(bpy.context)
    apply = together.apply

    def late(context):
        others[0].location = (*(leader.location + others[1].location).xy * 0.5 + Vector((0.1, 0.2)), 0)
        bpy.context.view_layer.update()
        return apply(context)

    together.apply = late
    assert together.finish() == {"FINISHED"}
    scene = bpy.context.scene
    tracks = addon("render.tracks").tracks_of([leader, *others], scene, range(1, 46))
    ways = [track.hips[:, :2] for track in tracks]
    nearest = min(np.linalg.norm(one - other, axis=1).min() for one, other in combinations(ways, 2))
    assert nearest > 2.0 - 1e-4


def test_adjusted_places_need_no_second_reading(company, monkeypatch):
    leader, others = company
    together, before = Together(), placed(others)
    together.begin_work(bpy.context)
    assert together.finish() == {"FINISHED"}
    line = placed(others)
    for other, matrix in zip(others, before, strict=True):  # as Blender undoes it before it adjusts
        addon("takes.take_list").delete_take(other, other.animation_data.action)
        other.matrix_world = matrix.T
    bpy.context.view_layer.update()
    monkeypatch.setattr(addon("formation.group"), "tracks_of", no_play)
    monkeypatch.setattr(addon("ops.group"), "parts_in_steps", no_play)
    together.adjusting, together.spacing = (lambda: True), 3.0
    together.begin_work(bpy.context)
    assert together.finish() == {"FINISHED"}
    for places, spacing in ((line, 1.5), (placed(others), 3.0)):
        apart = np.linalg.norm(places[:, :2, 3] - np.array(leader.matrix_world)[:2, 3], axis=1)
        assert apart == pytest.approx(spacing, abs=0.01)
    assert all(other.animation_data.action for other in others)


@pytest.mark.timing
def test_no_step_holds_blender_up(company):
    put_curves(company[0], 240)  # long enough for any machine
    steps, took = Together().steps(bpy.context), []
    while True:
        began = time.thread_time()
        if next(steps, None) is None:
            break
        took.append(time.thread_time() - began)
    longest = sorted(took)[-3:]  # a busy machine stretches one or two of them
    assert longest[0] < STEP_S < sum(took) and longest[-1] < 0.5, (longest, sum(took))


def test_cancel_leaves_everything_as_it_was(company):
    together, before = Together(), scene_now()
    together.begin_work(bpy.context)
    assert together.go_on(bpy.context) is None
    assert bpy.ops.edge_dance.cancel() == {"FINISHED"}
    assert together.go_on(bpy.context) == {"CANCELLED"} and scene_now() == before


@pytest.mark.parametrize("gone", ["leader", "follower", "take"])
def test_a_deletion_meanwhile_is_reported_and_nobody_gets_a_take(company, gone):
    leader, others = company
    together, service = Together(), addon("backend.service").service
    together.begin_work(bpy.context)
    together.go_on(bpy.context)
    if gone == "take":
        bpy.data.actions.remove(leader.animation_data.action)
    else:
        bpy.data.objects.remove(leader if gone == "leader" else others[1])
    before = scene_now()
    assert together.finish() == {"CANCELLED"}
    assert service.problem.code == "dancer_gone" and scene_now() == before and not service.busy


def test_where_they_cannot_be_placed_in_the_end_nobody_gets_a_take(company):
    leader, others = company
    together, service = Together(places="PLACED"), addon("backend.service").service
    together.begin_work(bpy.context)
    together.go_on(bpy.context)
    others[0].matrix_world = leader.matrix_world
    bpy.context.view_layer.update()
    before = scene_now()
    assert together.finish() == {"CANCELLED"}
    assert service.problem.code == "group_places" and scene_now() == before


def test_a_bone_that_turns_in_another_mode_by_the_end_gets_keys_of_that_mode(company):
    _, others = company
    together = Together()
    together.begin_work(bpy.context)
    apply = together.apply

    def late(context):
        others[0].pose.bones["head"].rotation_mode = "XYZ"
        return apply(context)

    together.apply = late
    assert together.finish() == {"FINISHED"}
    paths = {curve.data_path for curve in addon("compat").fcurves_of(others[0].animation_data.action)}
    assert 'pose.bones["head"].rotation_euler' in paths and 'pose.bones["head"].rotation_quaternion' not in paths
