"""Generated dances are not lost: the dancer is deleted, another file is opened, or keying fails."""

import os
import stat
import time

import bpy
import pytest
from blender_fixtures import addon, put_dancer, put_song, random_motion


@pytest.fixture
def stage(song_file, quick_worker):
    strip = put_song(song_file, frame=1)
    bpy.context.scene.render.fps = 30
    if hasattr(strip, "left_handle"):
        strip.right_handle = 61
    else:
        strip.frame_final_end = 61
    bpy.context.scene.edge_dance.quality = "draft"
    forget_results()
    yield put_dancer()
    forget_results()


def forget_results():
    for kept in results().all():
        kept.drop()


def results():
    return addon("preferences").pending_results()


def failing_finish(monkeypatch, effect):
    operators = addon("ops.generate")
    finish = operators.DanceOperator.finish

    def late(self, context, dances):
        effect()
        return finish(self, context, dances)

    monkeypatch.setattr(operators.DanceOperator, "finish", late)


def test_a_dance_that_is_applied_is_not_kept(stage):
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    assert results().all() == []


def test_a_dancer_deleted_meanwhile_leaves_a_dance_for_another(stage, monkeypatch):
    failing_finish(monkeypatch, lambda: bpy.data.objects.remove(stage))
    bpy.context.scene.edge_dance.seed = 5
    with pytest.raises(RuntimeError, match="The dancer was deleted"):
        bpy.ops.edge_dance.generate()
    (kept,) = results().all()
    assert kept.recipe["label"] == "Test Song 5" and kept.motion().frames == 60

    dancer = put_dancer()
    assert bpy.ops.edge_dance.apply_pending() == {"FINISHED"}
    action = dancer.animation_data.action
    assert action.name == "Test Song 5" and action.frame_range[0] == 1
    assert action["edge_dance"]["song"] == kept.recipe["song"] == "Test Song.wav"
    assert results().all() == []
    with pytest.raises(RuntimeError, match="There is no such pending dance"):
        bpy.ops.edge_dance.apply_pending()


def test_a_dancer_renamed_meanwhile_gets_it_all_the_same(stage, monkeypatch):
    failing_finish(monkeypatch, lambda: setattr(stage, "name", "Another Name"))
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    assert stage.animation_data.action and results().all() == []


def test_a_scene_renamed_meanwhile_gets_it_all_the_same(stage, monkeypatch):
    failing_finish(monkeypatch, lambda: setattr(bpy.context.scene, "name", "Act Two"))
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    assert stage.animation_data.action and results().all() == []


@pytest.mark.parametrize("fault", [RuntimeError("a fault of ours"), MemoryError()])
def test_a_fault_while_it_is_keyed_leaves_the_scene_as_it_was_and_the_dance_kept(stage, monkeypatch, fault):
    def failing(*_arguments, **_options):
        raise fault

    bpy.context.scene.frame_end = 5
    monkeypatch.setattr(addon("ops.generate"), "add_take", failing)
    with pytest.raises(RuntimeError):
        bpy.ops.edge_dance.generate()
    assert not bpy.data.actions and not stage.edge_dance.takes if hasattr(stage, "edge_dance") else not bpy.data.actions
    assert bpy.context.scene.frame_end == 5 and addon("backend.service").service.job is None
    assert len(results().all()) == 1


def test_all_variations_are_kept_where_the_last_cannot_be_applied(stage, monkeypatch):
    failing_finish(monkeypatch, lambda: bpy.data.objects.remove(stage))
    bpy.context.scene.edge_dance.variations = 2
    with pytest.raises(RuntimeError, match="The dancer was deleted"):
        bpy.ops.edge_dance.variations()
    assert len(results().all()) == 2


def test_a_job_whose_file_was_closed_goes_on_and_its_dance_is_offered(stage):
    """As in the window: loading a file ends the operator, and a timer finishes the job."""
    operators, service = addon("ops.job_operator"), addon("backend.service").service
    job = service.open_job(addon("preferences").launch(bpy.context))
    settings = addon("settings").stored_settings(bpy.context.scene.edge_dance)
    strip = addon("music").find_strip(bpy.context, "")
    song = addon("music").song_of(*strip)
    job.start(addon("settings").generate_request(bpy.context.scene.edge_dance, song.path, 0.0, 2.0))
    ticks = []
    recipe = {"label": "Test Song 0", "first_frame": 1.0, "planted": True, "settings": settings}
    register, bpy_timers = bpy.app.timers.register, bpy.app.timers
    operators.bpy = FakeTimers(ticks)
    try:
        operators._finish_without_operator(job, recipe)
    finally:
        operators.bpy = bpy
    assert register is bpy_timers.register
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert service.busy
    deadline = time.monotonic() + 60
    while ticks[0]() is not None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert not service.busy and len(results().all()) == 1
    dancer = put_dancer()
    assert bpy.ops.edge_dance.apply_pending() == {"FINISHED"} and dancer.animation_data.action


class FakeTimers:
    """bpy.app.timers that collect timers, since none run in background mode."""

    def __init__(self, ticks):
        self.app = self
        self.timers = self
        self._ticks = ticks
        self.context = bpy.context

    def register(self, tick, persistent):
        assert persistent  # it survives the loading of a file
        self._ticks.append(tick)


def test_only_so_many_are_kept_and_half_written_ones_are_none(tmp_path):
    kept, files = addon("backend.pending_results"), addon("edge_backend.motion.files")
    files.save_motion(tmp_path / "dance.npz", random_motion(10))
    folder = kept.PendingResults(tmp_path / "results")
    names = [folder.keep(tmp_path / "dance.npz", {"label": str(number)}).name for number in range(kept.MOST + 3)]
    assert len(folder.all()) == kept.MOST and len(list((tmp_path / "results").iterdir())) == 2 * kept.MOST
    assert os.name == "nt" or stat.S_IMODE((tmp_path / "results").stat().st_mode) == 0o700
    assert folder.find(names[-1]).recipe == {"label": str(kept.MOST + 2)} and folder.find(names[0]) is None
    (tmp_path / "results/0.npz").write_bytes(b"no dance")
    (tmp_path / "results/1.json").write_text("{")
    assert len(folder.all()) == kept.MOST


def test_a_clock_that_was_set_back_costs_no_dance(tmp_path, monkeypatch):
    kept, files = addon("backend.pending_results"), addon("edge_backend.motion.files")
    files.save_motion(tmp_path / "dance.npz", random_motion(10))
    folder = kept.PendingResults(tmp_path / "results")
    for _ in range(kept.MOST):
        folder.keep(tmp_path / "dance.npz", {})
    monkeypatch.setattr(kept.time, "strftime", lambda _: "19700101-000000")
    last = folder.keep(tmp_path / "dance.npz", {"label": "last"})
    assert folder.find(last.name).recipe == {"label": "last"} and len(folder.all()) == kept.MOST


def test_a_damaged_pending_dance_is_reported_and_changes_nothing(stage, tmp_path):
    kept, files = addon("backend.pending_results"), addon("edge_backend.motion.files")
    files.save_motion(tmp_path / "dance.npz", random_motion(10))
    results().keep(tmp_path / "dance.npz", {"first_frame": "soon"})
    with pytest.raises(RuntimeError, match="damaged"):
        bpy.ops.edge_dance.apply_pending()
    bad = results().keep(tmp_path / "dance.npz", {"first_frame": 1})
    bad.path.write_bytes(b"no dance")
    with pytest.raises(RuntimeError, match="not a motion file"):
        bpy.ops.edge_dance.apply_pending(name=bad.name)
    assert not bpy.data.actions and len(results().all()) == 2 and kept
