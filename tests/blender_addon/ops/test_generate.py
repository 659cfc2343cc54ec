"""Generating a dance in background mode: strip, operator, the real worker, keys."""

import shutil
import subprocess
import sys
from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_fixtures import CAN_MAKE_STRIPS, STRIP_FILE, addon, bone_heads, put_dancer, put_song


def dump():
    """The data that a failed job must not change."""
    scene = bpy.context.scene
    return (
        sorted(action.name for action in bpy.data.actions),
        sorted(ob.name for ob in bpy.data.objects),
        {ob.name: ob.animation_data and ob.animation_data.action for ob in bpy.data.objects},
        (scene.frame_start, scene.frame_end, scene.frame_current, len(scene.timeline_markers)),
    )


def trim(strip, first, end):
    if hasattr(strip, "left_handle"):
        strip.left_handle, strip.right_handle = first, end
    else:
        strip.frame_final_start, strip.frame_final_end = first, end


@pytest.fixture
def stage(song_file, quick_worker):
    """A scene with 24 frames per second, four seconds of the song from frame 25 on, and a dancer."""
    strip = put_song(song_file, frame=1)
    bpy.context.scene.render.fps = 24
    trim(strip, 25, 121)
    bpy.context.scene.edge_dance.quality = "draft"
    return put_dancer()


def folders_left():
    return list(Path(bpy.app.tempdir).glob("edge_dance_*"))


def test_one_click_keys_a_dance_on_the_dancer(stage):
    bpy.context.scene.edge_dance.seed = 11
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    action = stage.animation_data.action
    assert action.name == "Test Song 11"
    assert action["edge_dance"]["seed"] == 11 and '"steps": 5' in action["edge_dance"]["meta"]
    first, last = action.frame_range
    assert first == 25 and last == pytest.approx(25 + 119 * 24 / 30)  # 4 s are 120 frames of the model
    assert not folders_left() and addon("backend.service").service.job is None


def test_a_take_names_the_songs_own_file_not_the_one_that_blender_renders(song_file, quick_worker, tmp_path):
    strip = put_song(Path(shutil.copy(song_file, tmp_path / "Tune.wave")))
    trim(strip, 1, 49)
    bpy.context.scene.edge_dance.quality = "draft"
    dancer = put_dancer()
    for make in (bpy.ops.edge_dance.generate, bpy.ops.edge_dance.vary):
        assert make() == {"FINISHED"}
        assert dancer.animation_data.action["edge_dance"]["song"] == "Tune.wave"


def test_the_weights_in_the_zip_make_a_dancer_who_moves_upright_on_the_floor(song_file, preferences):
    strip = put_song(song_file, frame=1)
    bpy.context.scene.render.fps = 30
    trim(strip, 1, 121)
    bpy.context.scene.edge_dance.quality = "draft"
    dancer = put_dancer()
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    heads = np.array([bone_heads(dancer, frame) for frame in range(1, 121, 3)])
    names = addon("rig.skeleton").BONE_NAMES
    height = {name: heads[:, names.index(name), 2] for name in ("head", "pelvis", "toes.L", "toes.R")}
    lowest_toes = np.minimum(height["toes.L"], height["toes.R"])
    assert np.abs(lowest_toes - 0.022).max() < 0.15  # one foot near the floor; beginners do not jump to this song
    assert np.median(height["head"]) > 1.3 and height["head"].min() > 0.9 and height["pelvis"].min() > 0.6
    assert np.abs(np.diff(heads, axis=0)).max(axis=(0, 2)).min() > 0.005  # no joint is frozen
    assert np.linalg.norm(np.diff(heads, axis=0), axis=-1).mean() > 0.01  # metres in a tenth of a second


def test_the_same_seed_gives_the_same_dance_and_another_seed_another(stage):
    poses = []
    for seed in (3, 3, 4):
        bpy.context.scene.edge_dance.seed = seed
        bpy.ops.edge_dance.generate()
        poses.append(bone_heads(stage, 60))
    assert np.array_equal(poses[0], poses[1])
    assert np.abs(poses[0] - poses[2]).max() > 0.01
    assert len(bpy.data.actions) == 3


def test_the_dance_is_made_for_the_beats_as_the_panel_corrects_them(stage):
    beats = []
    for tempo, offset in (("heard", 0.0), ("half", 0.0), ("heard", 0.1)):
        bpy.context.scene.edge_dance.tempo, bpy.context.scene.edge_dance.beat_offset = tempo, offset
        bpy.ops.edge_dance.generate()
        beats.append(np.array(stage.animation_data.action["edge_dance"]["beats"]))
    heard, half, late = beats
    assert np.median(np.diff(half)) == pytest.approx(2 * np.median(np.diff(heard)), abs=0.2)
    period = np.median(np.diff(heard))
    assert (late[1] - heard[1]) % period == pytest.approx(2.4, abs=0.1)  # a tenth of a second at 24 frames a second
    assert len(stage.animation_data.action["edge_dance"]["bars"]) in (2, 3)  # in 4 s at 120 beats a minute


def test_the_dance_lands_on_the_dancer_of_the_selected_body(stage):
    body = stage.children[0]
    bpy.context.view_layer.objects.active = body
    bpy.ops.edge_dance.generate()
    assert stage.animation_data.action and body.animation_data is None


def test_a_packed_song_is_danced_to(quick_worker):
    bpy.ops.wm.open_mainfile(filepath=str(STRIP_FILE), load_ui=False)
    bpy.context.scene.edge_dance.quality = "draft"
    dancer = put_dancer()
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    assert dancer.animation_data.action.name.startswith("song")
    assert not folders_left()


def refused(match):
    before = dump()
    with pytest.raises(RuntimeError, match=match) as caught:
        bpy.ops.edge_dance.generate()
    assert dump() == before and not folders_left()
    assert addon("backend.service").service.job is None
    return str(caught.value)


def test_without_a_dancer_it_says_what_to_select(stage):
    bpy.context.view_layer.objects.active = None
    refused("No dancer is selected. Select one, or add one with Add Dancer")


def test_an_armature_that_is_no_body_is_refused_with_a_word_about_its_bones(stage):
    data = bpy.data.armatures.new("Knight")
    knight = bpy.data.objects.new("Knight", data)
    bpy.context.collection.objects.link(knight)
    bpy.context.view_layer.objects.active = knight
    refused("Knight cannot dance yet. It has too few bones for a body. .* Choose its bones in the bone map")


def test_without_music_it_says_how_to_add_some(quick_worker):
    put_dancer()
    refused("There is no music in the sequencer. Add a song")


def test_a_song_whose_file_is_gone_is_named(tmp_path, song_file, quick_worker):
    lost = shutil.copy(song_file, tmp_path / "lost.wav")
    put_song(lost)
    put_dancer()
    lost.unlink()
    refused(r"The song's file does not exist: .*lost\.wav")


@pytest.mark.skipif(not CAN_MAKE_STRIPS, reason="Blender 4.2's package makes no sound strips")
def test_a_song_that_the_backend_cannot_read_is_reported_by_the_backend(tmp_path, song_file, quick_worker):
    spoilt = shutil.copy(song_file, tmp_path / "spoilt.wav")
    put_song(spoilt)
    put_dancer()
    spoilt.write_bytes(b"no song any more" * 100)
    refused(r"spoilt\.wav")


def test_a_missing_backend_is_reported_before_anything_happens(stage, quick_worker, tmp_path):
    quick_worker.backend_python = str(tmp_path / "no python")
    refused("The backend's Python is not there: .*Choose another one in the extension's preferences")


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small disk")
def test_a_full_disk_in_the_job_folder_is_reported_in_a_sentence(quick_worker, tmp_path, monkeypatch):
    """The packed song does not fit on the disk of the job's folder."""
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(tmp_path)], check=False).returncode:
        pytest.skip("no right to mount")
    try:
        bpy.ops.wm.open_mainfile(filepath=str(STRIP_FILE), load_ui=False)
        put_dancer()
        monkeypatch.setattr(addon("backend.service"), "Path", lambda _: tmp_path)
        refused("The disk is full")
        assert not list(tmp_path.glob("edge_dance_*"))
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_dancer_deleted_meanwhile_is_reported_and_nothing_breaks(stage):
    operators = addon("ops.generate")
    before = len(bpy.data.actions)
    finish = operators.DanceOperator.finish

    def late(self, context, dances):
        bpy.data.objects.remove(stage)
        return finish(self, context, dances)

    operators.DanceOperator.finish = late
    try:
        with pytest.raises(RuntimeError, match="The dancer was deleted"):
            bpy.ops.edge_dance.generate()
    finally:
        operators.DanceOperator.finish = finish
    assert len(bpy.data.actions) == before


def test_a_dancer_whose_collection_was_deleted_gets_no_take_that_nobody_sees(stage, monkeypatch):
    operators = addon("ops.generate")
    cast = bpy.data.collections.new("Cast")
    bpy.context.scene.collection.children.link(cast)
    for collection in stage.users_collection:
        collection.objects.unlink(stage)
    cast.objects.link(stage)
    before, finish = len(bpy.data.actions), operators.DanceOperator.finish

    def late(self, context, dances):
        bpy.data.collections.remove(cast)
        return finish(self, context, dances)

    monkeypatch.setattr(operators.DanceOperator, "finish", late)
    with pytest.raises(RuntimeError, match="The dancer was deleted"):
        bpy.ops.edge_dance.generate()
    assert len(bpy.data.actions) == before and addon("backend.service").service.problem.code == "dancer_gone"


def test_a_collection_whose_link_undo_drops_has_the_dance_in_the_scene(stage):
    """Blender drops links to collections that undo brings back, now and then."""
    cast = bpy.data.collections.new("Cast")
    bpy.context.scene.collection.children.link(cast)
    for collection in stage.users_collection:
        collection.objects.unlink(stage)
    cast.objects.link(stage)
    bpy.ops.edge_dance.generate()
    bpy.ops.ed.undo_push(message="Dance")
    bpy.data.collections.remove(cast)
    bpy.ops.ed.undo_push(message="Delete")

    def drop(*_arguments):
        bpy.context.scene.collection.children.unlink(bpy.data.collections["Cast"])

    bpy.app.handlers.undo_post.insert(0, drop)
    try:
        bpy.ops.ed.undo()
    finally:
        bpy.app.handlers.undo_post.remove(drop)
    dancer = next(ob for ob in bpy.data.objects if ob.type == "ARMATURE")
    assert dancer.users_scene and dancer.animation_data.action


def test_a_take_that_cannot_be_finished_leaves_nothing_behind(stage, monkeypatch):
    """The second of three fails."""
    error = addon("edge_backend.errors").EdgeError
    add_take, calls = addon("takes.new_take").add_take, []

    def failing(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 2:
            raise error("rig_unfit", "The rig has changed.")
        return add_take(*arguments, **options)

    monkeypatch.setattr(addon("ops.generate"), "add_take", failing)
    bpy.context.scene.frame_end = 5
    before = dump()
    with pytest.raises(RuntimeError, match="The rig has changed"):
        bpy.ops.edge_dance.variations()
    assert dump() == before and not stage.edge_dance_takes


def test_while_a_dance_is_made_a_second_one_is_refused(stage):
    service = addon("backend.service").service
    service.open_job(addon("preferences").launch(bpy.context))
    with pytest.raises(RuntimeError, match="A dance is being made already"):
        bpy.ops.edge_dance.generate()
    assert bpy.ops.edge_dance.cancel() == {"FINISHED"}
    service.close_job()
    with pytest.raises(RuntimeError, match="No dance is being made"):
        bpy.ops.edge_dance.cancel()


def test_a_new_seed_is_another_one():
    settings = bpy.context.scene.edge_dance
    seeds = set()
    for _ in range(5):
        bpy.ops.edge_dance.new_seed()
        seeds.add(settings.seed)
    assert len(seeds) > 1 and 0 not in seeds


def test_adjust_last_operation_is_about_the_job_and_has_nothing_to_adjust():
    """Else it would adjust the operator before the job, and undo the dance with it, or start another job."""
    base = addon("ops.job_operator").JobOperator
    jobs = [cls for cls in addon("registration").CLASSES if issubclass(cls, base)]
    assert len(jobs) > 10
    for job in jobs:
        module, _, name = job.bl_idname.partition(".")
        properties = getattr(getattr(bpy.ops, module), name).get_rna_type().properties
        shown = [one.identifier for one in properties if one.identifier != "rna_type" and not one.is_hidden]
        assert {"REGISTER", "UNDO"} <= job.bl_options, name
        assert not shown, name


def test_every_operator_with_an_undo_step_can_be_the_last_operation():
    operators = [cls for cls in addon("registration").CLASSES if issubclass(cls, bpy.types.Operator)]
    undone = [cls.bl_idname for cls in operators if "UNDO" in getattr(cls, "bl_options", ())]
    registered = [cls.bl_idname for cls in operators if "REGISTER" in getattr(cls, "bl_options", ())]
    assert len(undone) > 20
    assert not set(undone) - set(registered)
