import shutil

import bpy
import numpy as np
import pytest
from blender_stage import CAN_MAKE_STRIPS, STRIP_FILE, addon, put_dancer, put_song, random_motion

makes_strips = pytest.mark.skipif(not CAN_MAKE_STRIPS, reason="Blender 4.2's package makes no sound strips")


def the_song(chosen=""):
    music = addon("music")
    return music.song_of(*music.find_strip(bpy.context, chosen))


def set_first(strip, frame):
    if hasattr(strip, "left_handle"):
        strip.left_handle = frame
    else:
        strip.frame_final_start = frame


def set_end(strip, frame):
    if hasattr(strip, "right_handle"):
        strip.right_handle = frame
    else:
        strip.frame_final_end = frame


def refusal(call):
    with pytest.raises(addon("edge_backend.errors").EdgeError) as caught:
        call()
    return caught.value


def test_the_only_strip_is_the_music_from_its_first_frame_on(song_file):
    put_song(song_file, frame=25)
    song = the_song()
    assert (song.path, song.start, song.first_frame) == (song_file, 0, 25)
    assert song.file(song_file.parent) == song_file


def test_a_trimmed_strip_starts_later_in_the_song(song_file):
    strip = put_song(song_file, frame=1)
    fps = bpy.context.scene.render.fps
    set_first(strip, 49)
    set_end(strip, 97)
    song = the_song()
    assert song.first_frame == 49
    assert song.start == pytest.approx(48 / fps)
    assert song.duration == pytest.approx(48 / fps)


@pytest.mark.parametrize(("fps", "base"), [(25, 1.0), (24, 1.001), (60, 1.0)])
def test_the_scenes_frame_rate_is_honoured(song_file, fps, base):
    strip = put_song(song_file, frame=1)
    bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = fps, base
    set_first(strip, 13)
    set_end(strip, 73)
    song = the_song()
    assert song.start == pytest.approx(12 * base / fps)
    assert song.duration == pytest.approx(60 * base / fps)


def test_a_strip_that_begins_before_its_song_dances_from_where_the_song_begins(song_file):
    strip = put_song(song_file, frame=20)
    set_first(strip, 10)
    song = the_song()
    assert (song.start, song.first_frame) == (0, 20)


def test_a_packed_song_is_handed_over_as_a_file(tmp_path):
    bpy.ops.wm.open_mainfile(filepath=str(STRIP_FILE), load_ui=False)
    song = the_song()
    copy = song.file(tmp_path)
    assert copy.parent == tmp_path and copy.suffix == ".wav"
    assert copy.read_bytes()[:4] == b"RIFF" and copy.stat().st_size == 44 + 6 * 8000 * 2


def test_without_music_it_says_so():
    error = refusal(the_song)
    assert error.code == "music_none" and "Add Music" in str(error)


def test_a_file_that_is_gone_is_named(tmp_path, song_file):
    lost = shutil.copy(song_file, tmp_path / "lost.wav")
    put_song(lost)
    lost.unlink()
    error = refusal(lambda: the_song().file(tmp_path))
    assert error.code == "music_missing" and "lost.wav" in error.message


@makes_strips
def test_of_several_strips_the_chosen_one_then_the_active_one_is_the_music(song_file, tmp_path):
    other = shutil.copy(song_file, tmp_path / "Other.wav")
    put_song(song_file, channel=1)
    strip = put_song(other, frame=9, channel=2)
    editor = bpy.context.scene.sequence_editor
    editor.active_strip = None
    assert refusal(the_song).code == "music_ambiguous"
    editor.active_strip = strip
    assert the_song().path == other
    assert the_song(chosen="Test Song").path == song_file


@makes_strips
def test_an_active_strip_without_sound_is_no_music(song_file):
    put_song(song_file, channel=1)
    editor = bpy.context.scene.sequence_editor
    arguments = {"name": "text", "type": "TEXT", "channel": 2, "frame_start": 1}
    length = {"length": 10} if bpy.app.version >= (5, 0, 0) else {"frame_end": 11}
    editor.active_strip = editor.strips.new_effect(**arguments, **length)
    assert the_song().path == song_file


@makes_strips
def test_a_retimed_strip_is_refused_with_what_to_do(song_file):
    strip = put_song(song_file)
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[0]
    area.type = "SEQUENCE_EDITOR"
    if hasattr(window.workspace, "sequencer_scene"):
        window.workspace.sequencer_scene = bpy.context.scene
    bpy.context.scene.sequence_editor.active_strip = strip
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        bpy.ops.sequencer.retiming_segment_speed_set(speed=200)
    error = refusal(the_song)
    assert error.code == "music_retimed" and "retiming" in error.hint


@makes_strips
def test_add_music_puts_a_strip_at_the_current_frame_and_playback_follows_it(song_file):
    scene = bpy.context.scene
    scene.frame_set(31)
    assert bpy.ops.edge_dance.add_music(filepath=str(song_file)) == {"FINISHED"}
    assert the_song().first_frame == 31
    assert scene.sync_mode == "AUDIO_SYNC" and scene.edge_dance.music == "Test Song"
    assert scene.frame_end == 31 + 8 * scene.render.fps - 1
    if bpy.app.version >= (5, 0, 0):
        assert bpy.context.workspace.sequencer_scene == scene


@makes_strips
def test_add_music_uses_a_free_channel(song_file):
    for _ in range(2):
        bpy.ops.edge_dance.add_music(filepath=str(song_file))
    strips = addon("compat").all_strips(bpy.context.scene)
    assert sorted(strip.channel for strip in strips) == [1, 2]


@pytest.mark.parametrize("name", ["nothing.wav", "", "notes.txt"])
def test_add_music_refuses_what_is_no_song_and_leaves_the_scene_as_it_was(tmp_path, name):
    (tmp_path / "notes.txt").write_text("no song")
    with pytest.raises(RuntimeError, match=r"There is no file at|cannot play"):
        bpy.ops.edge_dance.add_music(filepath=str(tmp_path / name))
    assert not addon("compat").all_strips(bpy.context.scene)
    assert bpy.context.scene.sync_mode != "AUDIO_SYNC"


def marks():
    return {marker.name: marker.frame for marker in bpy.context.scene.timeline_markers}


def test_beats_and_bars_of_the_song_are_marked_where_they_sound(song_file, quick_worker):
    """The song has a click every half second."""
    put_song(song_file, frame=11)
    scene = bpy.context.scene
    scene.render.fps = 30
    scene.timeline_markers.new("Mine", frame=5)
    for _ in range(2):
        assert bpy.ops.edge_dance.mark_beats() == {"FINISHED"}
    found = marks()
    assert found.pop("Mine") == 5 and {name.split()[0] for name in found} == {"Beat", "Bar"}
    frames = sorted(found.values())
    assert len(frames) == pytest.approx(2 * the_song().duration, abs=1)  # 120 a minute
    assert all(abs((frame - 11) - 15 * round((frame - 11) / 15)) <= 1 for frame in frames)
    bars = sorted(frame for name, frame in found.items() if name.startswith("Bar"))
    assert np.abs(np.diff(bars) - 60).max() <= 1
    assert bpy.ops.edge_dance.clear_beats() == {"FINISHED"} and marks() == {"Mine": 5}


def test_tempo_offset_and_bar_are_corrected_as_the_panel_says(song_file, quick_worker):
    put_song(song_file, frame=1)
    scene = bpy.context.scene
    scene.render.fps = 30
    bpy.ops.edge_dance.mark_beats()
    heard = min(marks().values())
    scene.edge_dance.tempo, scene.edge_dance.beat_offset = "half", 0.1
    bpy.ops.edge_dance.mark_beats()
    frames = sorted(marks().values())
    assert np.abs(np.diff(frames) - 30).max() <= 1
    assert all((frame - 3 - heard + 1) % 15 <= 2 for frame in frames)


def test_selected_keys_go_to_the_nearest_beat_and_others_stay(song_file):
    scene = bpy.context.scene
    scene.render.fps = 30
    dancer = put_dancer()
    with pytest.raises(RuntimeError, match="mark the beats"):
        bpy.ops.edge_dance.keys_to_beats()
    action = addon("action.take").add_take(dancer, random_motion(45), scene, 11.0)  # beats at 11, 26, 41
    curves = addon("compat").fcurves_of(action)
    for curve in curves:
        for point in curve.keyframe_points:
            point.select_control_point = point.co.x in (24, 30, 44)
    values = {frame: curves[0].evaluate(frame) for frame in (24, 30, 44)}
    assert bpy.ops.edge_dance.keys_to_beats() == {"FINISHED"}
    frames = [round(point.co.x) for point in curves[0].keyframe_points]
    assert frames == [frame for frame in range(11, 56) if frame not in (24, 44)]  # 24 to 26; 44 to 41; 30 was further
    assert curves[0].evaluate(26) == pytest.approx(values[24], abs=1e-6)
    assert curves[0].evaluate(41) == pytest.approx(values[44], abs=1e-6)
    assert curves[0].evaluate(30) == pytest.approx(values[30], abs=1e-6)
