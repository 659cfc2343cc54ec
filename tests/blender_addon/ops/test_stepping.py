"""Keys are placed in small steps, so that Blender can be used meanwhile; at once without a window."""

import time
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, put_dancer, random_motion
from characters import mixamo, put_character

DANCES = Path(__file__).parents[2] / "data/feet/dances.npz"
STEP_S = 0.1  # a step takes 0.01 to 0.035 s; busy machines stretch it
FRAMES = 1800  # a minute


def minute():
    """A minute of dance: six seconds of motion capture, forwards and backwards."""
    motion, rotations = addon("edge_backend.motion.motion"), addon("edge_backend.motion.rotations")
    with np.load(DANCES) as file:
        turns = rotations.axis_angle_to_matrix(file["commercial_poses"].reshape(-1, 24, 3)).astype(np.float32)
        root = file["commercial_root"].astype(np.float32)
    there = np.abs((np.arange(FRAMES) + len(root) - 1) % (2 * len(root) - 2) - (len(root) - 1))
    still = np.zeros((FRAMES, 4), np.float32)
    return motion.Motion(turns[there], root[there], still, np.arange(0, 60, 0.5, dtype=np.float32), {"seed": 1})


def thread_seconds(call):
    """The result of the call, and the CPU time of this thread, independent of other programs."""
    began = time.thread_time()
    made = call()
    return made, time.thread_time() - began


def dancer_of(kind):
    return put_dancer() if kind == "dancer" else put_character(mixamo(), units=100, y_up=True)


@pytest.fixture
def scene():
    bpy.context.scene.render.fps = 30
    return bpy.context.scene


@pytest.mark.timing
@pytest.mark.parametrize(("kind", "density"), [("dancer", "CURVES"), ("mixamo", "FRAMES")])
def test_a_minute_of_dance_never_holds_blender_up_for_half_a_second(scene, kind, density):
    armature, motion = dancer_of(kind), minute()
    take, tolerance = addon("takes.new_take"), addon("edge_backend.motion.curves").Tolerance()
    steps = take.keys_in_steps(armature, motion, scene, 1.0, clean_feet=True, density=density, tolerance=tolerance)
    took, fractions = [], []
    while True:
        began = time.thread_time()
        try:
            fractions.append(next(steps))
        except StopIteration as end:
            keys = end.value
            break
        finally:
            took.append(time.thread_time() - began)
    action, applying = thread_seconds(lambda: take.add_take(armature, motion, scene, 1.0, keys=keys, density=density))
    longest = max(took), sorted(took)[-4], applying
    assert longest[0] < 0.5 and longest[1] < STEP_S and longest[2] < 0.5, longest  # three at most are the rig's
    assert fractions == sorted(fractions) and fractions[-1] <= 1
    assert addon("keyframes.take_details").span(action) == (1, FRAMES)


@pytest.mark.timing
@pytest.mark.parametrize("mode", ["XYZ", "AXIS_ANGLE"])
def test_rotation_modes_do_not_make_it_slow(scene, mode):
    dancer = put_dancer()
    for bone in dancer.pose.bones:
        bone.rotation_mode = mode
    _, seconds = thread_seconds(lambda: addon("takes.new_take").add_take(dancer, minute(), scene, 1.0))
    assert seconds < 0.5


@pytest.fixture
def take(scene):
    addon("takes.new_take").add_take(put_dancer(), random_motion(60), scene, 1.0)
    yield bpy.context.object.animation_data.action
    addon("backend.service").service.work = None


class Changing:
    """The Change Keys operator, started and stepped as by the window's timer."""

    def __init__(self):
        operators = addon("ops.stepping").SteppingOperator, addon("ops.curves").EDGE_DANCE_OT_change_density
        names = ("begin_work", "go_on", "steps", "apply", "done", "discard", "refuse", "adjusting", "_end_work")
        for name in names:
            kind = next(kind for kind in reversed(operators) if name in vars(kind))
            setattr(self, name, vars(kind)[name].__get__(self))
        self.work_label, self._work, self.said = "Placing keys", None, []
        self.density, self.degrees, self.millimetres = "CURVES", 1.0, 5.0

    def report(self, kinds, sentence):
        self.said.append((*kinds, sentence))


def test_nothing_changes_before_the_last_step(take):
    changing, service = Changing(), addon("backend.service").service
    changing.begin_work(bpy.context)
    assert service.busy and not bpy.ops.edge_dance.generate.poll() and not bpy.ops.edge_dance.change_density.poll()
    answers = 0
    while (answer := changing.go_on(bpy.context)) is None:
        answers += 1
        assert list(bpy.data.actions) == [take] and 0 <= service.work.fraction <= 1
    assert answers > 3 and answer == {"FINISHED"} and not service.busy
    assert [action.name for action in bpy.data.actions] == [take.name, f"{take.name} curves"]


def test_cancel_leaves_everything_as_it_was(take):
    changing, service = Changing(), addon("backend.service").service
    changing.begin_work(bpy.context)
    assert changing.go_on(bpy.context) is None
    assert bpy.ops.edge_dance.cancel() == {"FINISHED"}
    assert changing.go_on(bpy.context) == {"CANCELLED"}
    assert list(bpy.data.actions) == [take] and not service.busy and service.problem is None


def test_a_take_that_is_deleted_meanwhile_is_reported(take):
    changing, service = Changing(), addon("backend.service").service
    changing.begin_work(bpy.context)
    read = addon("ops.curves")._SAMPLING  # while it is read, the dancer is what is missed
    while service.work.fraction < read:
        assert changing.go_on(bpy.context) is None
    bpy.data.objects.remove(bpy.context.object)
    while (answer := changing.go_on(bpy.context)) is None:
        pass
    assert answer == {"CANCELLED"} and service.problem.code == "take_missing" and not service.busy


def test_a_bone_that_turns_in_another_mode_by_the_end_gets_keys_of_that_mode(song_file, quick_worker, monkeypatch):
    from blender_fixtures import put_song  # noqa: PLC0415 - it opens another file in 4.2

    put_song(song_file)
    dancer = put_dancer()
    bpy.context.scene.edge_dance.quality = "draft"
    operators = addon("ops.generate")
    finish = operators.DanceOperator.finish

    def late(self, context, dances):
        dancer.pose.bones["head"].rotation_mode = "XYZ"
        return finish(self, context, dances)

    monkeypatch.setattr(operators.DanceOperator, "finish", late)
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    paths = {curve.data_path for curve in addon("compat").fcurves_of(dancer.animation_data.action)}
    assert 'pose.bones["head"].rotation_euler' in paths and 'pose.bones["head"].rotation_quaternion' not in paths


def test_the_progress_is_drawn_five_times_a_second_and_at_the_end(monkeypatch):
    """Where Blender draws slowly, a redraw after each step of hundredths of a second would take most of the time."""
    stepping = addon("ops.stepping")
    clock, drawn = SimpleNamespace(now=1000.0), []
    monkeypatch.setattr(stepping, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(stepping, "redraw_sidebars", lambda _context: drawn.append(clock.now))
    operator = SimpleNamespace(_redrawn=stepping.SteppingOperator._redrawn)
    for _ in range(100):
        stepping.SteppingOperator._redraw(operator, bpy.context, ended=False)
        clock.now += 0.02
    assert 10 <= len(drawn) <= 11
    clock.now = drawn[-1] + 0.01
    stepping.SteppingOperator._redraw(operator, bpy.context, ended=True)
    assert drawn[-1] == clock.now
