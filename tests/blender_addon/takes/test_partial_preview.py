"""The preview of a dance on the dancer, which leaves nothing behind."""

import subprocess
import sys
from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_fixtures import PACKAGE, addon, put_dancer
from characters import mixamo, put_character


def swaying(frames):
    """The beginning of one dance, `frames` long."""
    Motion = addon("edge_backend.motion.motion").Motion
    turn = addon("edge_backend.motion.rotations").axis_angle_to_matrix
    time = np.arange(frames)[:, None, None] / 30
    rotations = turn(0.3 * np.sin(time + np.arange(72).reshape(24, 3)))
    root = np.stack([0.1 * time[:, 0, 0], 0 * time[:, 0, 0], 0.9 + 0 * time[:, 0, 0]], axis=1)
    return Motion(rotations.astype(np.float32), root.astype(np.float32), np.zeros((frames, 4), np.float32))


def show(preview, armature, beginning, scene):
    """The numbers of frames that the actions' curves have after each step."""
    counts = []
    for _ in preview.show_in_steps(armature, beginning, scene):
        counts.append(sum(len(curve.keyframe_points) for curve in curves_of_all()))
    return counts


def curves_of_all():
    return [curve for action in bpy.data.actions for curve in addon("compat").fcurves_of(action)]


def values(action):
    curves = sorted(addon("compat").fcurves_of(action), key=lambda curve: (curve.data_path, curve.array_index))
    keys = np.zeros((len(curves), 2 * len(curves[0].keyframe_points)), np.float32)
    for row, curve in zip(keys, curves, strict=True):
        curve.keyframe_points.foreach_get("co", row)
    return keys


@pytest.fixture
def dancer():
    bpy.context.scene.render.fps = 30
    return put_dancer()


@pytest.fixture
def preview():
    return addon("takes.partial_preview").PartialPreview(11.0)


def test_keys_of_the_beginning_appear_and_stay_while_more_come(dancer, preview):
    show(preview, dancer, swaying(40), bpy.context.scene)
    first = values(dancer.animation_data.action)
    show(preview, dancer, swaying(90), bpy.context.scene)
    action = dancer.animation_data.action
    assert np.array_equal(values(action)[:, : 2 * 40], first)
    assert tuple(action.frame_range) == (11, 11 + 89)
    assert len(bpy.data.actions) == 1
    scene_end = 100
    show(preview, dancer, swaying(200), bpy.context.scene)
    assert bpy.context.scene.frame_end == 11 + 199 > scene_end  # the timeline plays what is there


def test_what_has_grown_is_what_the_take_will_be(dancer, preview):
    bpy.context.scene.edge_dance.hands = "off"  # hands come with the take
    show(preview, dancer, swaying(40), bpy.context.scene)
    show(preview, dancer, swaying(90), bpy.context.scene)
    grown = values(dancer.animation_data.action)
    preview.remove()
    action = addon("takes.new_take").add_take(dancer, swaying(90), bpy.context.scene, 11.0)
    assert np.array_equal(values(action), grown)


def test_it_leaves_no_trace(dancer, preview):
    scene = bpy.context.scene
    before = addon("takes.new_take").add_take(dancer, swaying(30), scene, 1.0)
    show(preview, dancer, swaying(300), scene)
    assert dancer.animation_data.action != before
    preview.remove()
    assert dancer.animation_data.action == before
    assert list(bpy.data.actions) == [before]
    assert scene.frame_end == 100
    assert list(addon("takes.take_list").takes_of(dancer)) == [before]
    preview.remove()  # nothing more to remove


def test_a_file_saved_in_the_middle_keeps_the_animators_own_keys(dancer, preview, tmp_path):
    own, _ = addon("compat").new_action("By hand")
    own.use_fake_user = False
    slot = ""
    if hasattr(own, "slots"):
        slot = own.slots.new("OBJECT", "Another").identifier
    addon("compat").assign_action(dancer, own, slot)
    show(preview, dancer, swaying(40), bpy.context.scene)
    path = str(tmp_path / "saved.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path, copy=True)
    preview.remove()
    assert addon("compat").shown_action(dancer) == (own, slot) and not own.use_fake_user
    with bpy.data.libraries.load(path) as (saved, _):
        assert "By hand" in saved.actions


@pytest.fixture
def own(dancer):
    """An action of the user's that the dancer shows, without another user."""
    action, _ = addon("compat").new_action("By hand")
    action.use_fake_user = False
    addon("compat").assign_action(dancer, action)
    return action


def saved_without_handlers(path):
    """Save the file as autosave does, without calling handlers."""
    told = bpy.app.handlers.save_pre[:]
    bpy.app.handlers.save_pre.clear()
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True)
    finally:
        bpy.app.handlers.save_pre.extend(told)
    with bpy.data.libraries.load(str(path)) as (saved, _):
        return saved.actions


def ours(handlers):
    """The handlers of this extension, without those of Blender's other add-ons."""
    return [handler for handler in handlers if handler.__module__.startswith(PACKAGE)]


@pytest.mark.parametrize("happening", ["undo_pre", "undo_post", "redo_pre", "redo_post", "save_pre", "load_post"])
def test_it_is_gone_before_blender_looks_and_after_blender_brings_it_back(dancer, own, preview, happening):
    show(preview, dancer, swaying(300), bpy.context.scene)
    for handler in ours(getattr(bpy.app.handlers, happening)):
        handler(bpy.context.scene, None)
    assert dancer.animation_data.action == own and list(bpy.data.actions) == [own]
    assert bpy.context.scene.frame_end == 100
    assert not [*dancer.keys(), *bpy.context.scene.keys()]


def test_what_was_taken_away_is_shown_again(dancer, own, preview):
    assert not preview.was_removed  # not shown yet
    show(preview, dancer, swaying(40), bpy.context.scene)
    assert not preview.was_removed
    for handler in ours(bpy.app.handlers.save_pre):
        handler(None, None)
    assert preview.was_removed
    show(preview, dancer, swaying(40), bpy.context.scene)
    assert not preview.was_removed and dancer.animation_data.action != own
    preview.remove()
    assert not preview.was_removed and dancer.animation_data.action == own


def test_a_saved_file_is_as_if_no_dance_were_made(dancer, own, preview, tmp_path):
    show(preview, dancer, swaying(300), bpy.context.scene)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    addon("takes.partial_preview").unregister()  # as where the extension is not installed
    try:
        bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
        (armature,) = [ob for ob in bpy.data.objects if ob.type == "ARMATURE"]
        assert armature.animation_data.action.name == "By hand" and len(bpy.data.actions) == 1
        assert bpy.context.scene.frame_end == 100
    finally:
        addon("takes.partial_preview").register()


def test_the_extension_is_disabled_and_enabled_while_a_dance_is_shown(dancer, own, preview):
    show(preview, dancer, swaying(40), bpy.context.scene)
    assert dancer.animation_data.action != own
    assert bpy.ops.preferences.addon_disable(module=PACKAGE) == {"FINISHED"}
    try:
        assert dancer.animation_data.action == own and list(bpy.data.actions) == [own]
        assert not hasattr(bpy.types.Scene, "edge_dance")
    finally:
        assert bpy.ops.preferences.addon_enable(module=PACKAGE) == {"FINISHED"}
    assert bpy.context.scene.edge_dance.quality


def test_an_autosaved_file_has_no_half_dance_and_what_was_shown_is_shown_when_it_is_opened(
    dancer, own, preview, tmp_path
):
    show(preview, dancer, swaying(300), bpy.context.scene)
    assert saved_without_handlers(tmp_path / "saved.blend") == ["By hand"]
    assert dancer.animation_data.action != own  # still shown
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    (armature,) = [ob for ob in bpy.data.objects if ob.type == "ARMATURE"]
    assert armature.animation_data.action.name == "By hand" and len(bpy.data.actions) == 1
    assert bpy.context.scene.frame_end == 100


def test_what_the_user_has_done_meanwhile_stays(dancer, own, preview):
    scene = bpy.context.scene
    show(preview, dancer, swaying(200), scene)
    another, _ = addon("compat").new_action("Another")
    addon("compat").assign_action(dancer, another)
    scene.frame_end = 160
    preview.remove()
    assert dancer.animation_data.action == another and scene.frame_end == 160
    assert {action.name for action in bpy.data.actions} == {"By hand", "Another"}


def test_it_goes_where_the_user_has_put_it(dancer, own, preview):
    """On a copy of the dancer, and in the NLA with a strip in tweak mode."""
    scene = bpy.context.scene
    show(preview, dancer, swaying(40), scene)
    copy = dancer.copy()
    scene.collection.objects.link(copy)
    copy.animation_data.action = copy.animation_data.action.copy()
    data = dancer.animation_data
    track = data.nla_tracks.new()
    track.strips.new("Pushed down", 1, data.action)
    preview.remove()
    assert [ob.animation_data.action for ob in (dancer, copy)] == [own, own]
    assert list(bpy.data.actions) == [own] and not data.nla_tracks


def test_it_leaves_no_trace_behind_a_strip_that_is_tweaked(dancer, own, preview):
    data = dancer.animation_data
    track = data.nla_tracks.new()
    another, _ = addon("compat").new_action("Strip")
    strip = track.strips.new("Strip", 1, another)
    show(preview, dancer, swaying(40), bpy.context.scene)
    data.nla_tracks.active, strip.select, track.select = track, True, True
    data.use_tweak_mode = True
    assert data.use_tweak_mode and data.action == another
    preview.remove()
    assert not data.use_tweak_mode and data.action == own and strip.action == another


def test_without_an_armature_it_leaves_no_trace(dancer, own, preview):
    show(preview, dancer, swaying(300), bpy.context.scene)
    bpy.data.objects.remove(dancer)
    preview.remove()
    assert list(bpy.data.actions) == [own] and bpy.context.scene.frame_end == 100


def test_undone_in_the_middle_it_begins_anew(dancer, preview):
    show(preview, dancer, swaying(40), bpy.context.scene)
    bpy.data.actions.remove(dancer.animation_data.action)  # what undo leaves
    show(preview, dancer, swaying(90), bpy.context.scene)
    assert dancer.animation_data.action.frame_range[1] == 11 + 89


def test_turns_do_not_jump_where_more_keys_come(dancer, preview):
    """Also with Euler angles, which are ambiguous."""
    for bone in dancer.pose.bones:
        bone.rotation_mode = "XYZ"
    for frames in (40, 90):
        show(preview, dancer, swaying(frames), bpy.context.scene)
    keys = values(dancer.animation_data.action)[:, 1::2]
    assert np.abs(np.diff(keys, axis=1)).max() < 0.2  # radians or metres in a frame; the dancer sways slowly


@pytest.mark.parametrize("mode", ["QUATERNION", "AXIS_ANGLE", "XYZ"])
def test_only_new_frames_are_keyed_and_nothing_jumps_where_they_begin(dancer, preview, monkeypatch, mode):
    module, scene = addon("takes.partial_preview"), bpy.context.scene
    for bone in dancer.pose.bones:
        bone.rotation_mode = mode
    keyed = []
    channels_of = module.channels_in_steps

    def counted(armature, motion, **options):
        keyed.append(motion.frames)
        return channels_of(armature, motion, **options)

    monkeypatch.setattr(module, "channels_in_steps", counted)
    dance = turning(400)
    for frames in (75, 150, 225, 400):
        show(preview, dancer, piece(dance, frames), scene)
    assert keyed == [75, 75, 75, 175]
    grown = values(dancer.animation_data.action)
    kinds = {point.interpolation for curve in addon("compat").fcurves_of(dancer.animation_data.action)
             for point in curve.keyframe_points}  # fmt: skip
    assert kinds == {"LINEAR"}
    preview.remove()
    show(preview, dancer, dance, scene)
    assert np.array_equal(values(dancer.animation_data.action), grown)


def test_a_character_is_read_once_for_all_parts(preview, monkeypatch):
    bpy.context.scene.render.fps = 30
    character, retarget, read = put_character(mixamo()), addon("rig.retarget"), []
    names_of = retarget._bone_names
    monkeypatch.setattr(retarget, "_bone_names", lambda armature: read.append(armature) or names_of(armature))
    for frames in (40, 70, 90):
        show(preview, character, swaying(frames), bpy.context.scene)
    assert read == [character] and tuple(character.animation_data.action.frame_range) == (11, 11 + 89)


@pytest.mark.parametrize("change", ["mode", "keys"])
def test_what_the_user_has_changed_meanwhile_is_keyed_from_the_beginning(dancer, preview, change):
    scene, dance = bpy.context.scene, turning(150)
    show(preview, dancer, piece(dance, 75), scene)
    if change == "mode":
        dancer.pose.bones[3].rotation_mode = "XZY"
    else:
        points = addon("compat").fcurves_of(dancer.animation_data.action)[5].keyframe_points
        points.remove(points[10])
    show(preview, dancer, dance, scene)
    curves = list(addon("compat").fcurves_of(dancer.animation_data.action))
    whole = [curve for curve in curves if len(curve.keyframe_points) == 150]
    assert len(whole) >= len(curves) - 4  # what the bone has turned by before stays


def turning(frames):
    """A dance with several full turns, so that signs and angles could jump."""
    Motion = addon("edge_backend.motion.motion").Motion
    turn = addon("edge_backend.motion.rotations").axis_angle_to_matrix
    time = np.arange(frames)[:, None, None] / 30
    axis = np.random.default_rng(4).normal(size=(24, 3))
    rotations = turn(time * axis)
    root = np.stack([time[:, 0, 0]] * 3, axis=1)
    return Motion(rotations.astype(np.float32), root.astype(np.float32), np.zeros((frames, 4), np.float32))


def piece(dance, frames):
    return type(dance)(dance.rotations[:frames], dance.root[:frames], dance.contacts[:frames])


def test_a_preview_is_removed_before_undo_without_a_crash():
    """Blender 4.2 crashes where a view layer is out of step when it reads the step."""
    script = Path(__file__).parent / "undo_of_collections.py"
    done = subprocess.run([sys.executable, str(script)], check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
