import shutil
import subprocess
import sys
import wave
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from blender_fixtures import CAN_MAKE_STRIPS, STRIP_FILE, addon, put_dancer, put_song, random_motion

FLAC_30_S = Path(__file__).resolve().parents[1] / "data/jukebox/song.flac"

makes_strips = pytest.mark.skipif(not CAN_MAKE_STRIPS, reason="Blender 4.2's package makes no sound strips")


WRITE_FILM = """
import sys, av
with av.open(sys.argv[1], "w") as container:
    stream = container.add_stream("mpeg4", rate=24)
    stream.width = stream.height = 32
    stream.pix_fmt = "yuv420p"
    for _ in range(24):
        container.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
    container.mux(stream.encode(None))
"""


@pytest.fixture
def film(tmp_path, worker_python):
    """A film of a second, without sound."""
    path = tmp_path / "film.mp4"
    subprocess.run([str(worker_python), "-c", WRITE_FILM, str(path)], check=True)
    return path


def the_song(chosen=""):
    music = addon("music")
    return music.song_of(*music.find_strip(bpy.context, chosen))


def rendered(chosen="", **options):
    music = addon("music")
    return music.rendered_song(*music.find_strip(bpy.context, chosen), **options)


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


def retime(strip, percent):
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[0]
    area.type = "SEQUENCE_EDITOR"
    if hasattr(window.workspace, "sequencer_scene"):
        window.workspace.sequencer_scene = bpy.context.scene
    bpy.context.scene.sequence_editor.active_strip = strip
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        bpy.ops.sequencer.retiming_segment_speed_set(speed=percent)


@makes_strips
def test_a_retimed_strip_is_danced_to_as_it_is_played(song_file):
    strip = put_song(song_file)
    retime(strip, 200)
    if hasattr(strip, "pitch_correction"):  # it smears the clicks
        strip.pitch_correction = False
    assert the_song().duration == pytest.approx(4, abs=0.05)
    found = np.diff(strokes(rendered().path))[1:] / 22050  # seconds: a click every half second, twice as fast
    assert len(found) >= 12 and np.abs(found - 0.25).max() < 0.01


@makes_strips
def test_a_retimed_strip_that_cannot_be_rendered_is_refused_with_what_to_do(song_file, monkeypatch):
    retime(put_song(song_file), 150)
    monkeypatch.setattr(addon("compat"), "mixdown", lambda *_: None)  # as in some distributions' Blender
    error = refusal(rendered)
    assert error.code == "music_retimed" and "retiming" in error.hint


@makes_strips
@pytest.mark.parametrize("way", ["operator", "mixer"])
@pytest.mark.parametrize("suffix", ["wav", "m4a", "mp4"])
def test_whatever_blender_plays_comes_as_a_wav_file_of_the_songs_name(
    way, suffix, tmp_path, monkeypatch, worker_python
):
    path = write_clicks_as(tmp_path / f"My Song.{suffix}", worker_python)
    put_song(path, frame=7)
    if way == "mixer":
        monkeypatch.setattr(addon("compat"), "mixdown", lambda *_: None)
    song = rendered()
    assert song.path.name == "My Song.wav" and song.first_frame == 7 and song.packed is None
    assert np.abs(np.diff(said_frames(song)) - bpy.context.scene.render.fps / 2).max() < 0.1


def write_click(_scene, path, samples):
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, samples, 0, "NONE", ""))
        file.writeframes(b"\xff\x3f" * 2 * (samples // 10))


@makes_strips
def test_a_mixdown_that_is_cut_short_is_not_believed(song_file, monkeypatch):
    """After a film has been rendered, Blender 5.2's writes a tenth of a second."""
    put_song(song_file, frame=7)
    monkeypatch.setattr(addon("compat"), "mixdown", write_click)
    assert np.abs(np.diff(said_frames(rendered())) - bpy.context.scene.render.fps / 2).max() < 0.1


@makes_strips
def test_a_full_disk_is_said_before_blender_mixes(song_file, monkeypatch):
    """Its Mixdown ends the program where it cannot write."""
    put_song(song_file)
    monkeypatch.setattr(addon("compat"), "mixdown", lambda *_: pytest.fail("Blender would have ended here"))
    monkeypatch.setattr(addon("disk_room").shutil, "disk_usage", lambda _folder: SimpleNamespace(free=1 << 20))
    assert refusal(rendered).code == "disk_full"


@makes_strips
def test_a_song_is_rendered_once_until_the_sequencer_changes(song_file, tmp_path):
    strip = put_song(song_file)
    first = rendered()
    state = first.path.stat()
    assert rendered() == first and first.path.stat() == state
    strip.volume = 0.5
    assert rendered().path != first.path
    strip.volume = 1
    assert rendered() == first
    put_song(shutil.copy(song_file, tmp_path / "Other.wav"), frame=60, channel=2)
    assert rendered("Test Song").path != first.path


@makes_strips
def test_alone_or_with_all_that_sounds(song_file, tmp_path):
    """The other strip's clicks lie between the song's."""
    put_song(song_file, frame=1)
    put_song(shutil.copy(song_file, tmp_path / "Other.wav"), frame=7, channel=2)
    one, both = (rendered("Test Song", everything=many).path for many in (False, True))
    assert np.abs(np.diff(stroke_frames(*soundfile_of(one))) - 12).max() < 0.1
    assert (len(strokes(one)), len(strokes(both))) == (16, 32)
    scene = bpy.context.scene
    assert not any(strip.mute for strip in addon("compat").all_strips(scene))


@makes_strips
def test_rendering_leaves_the_scene_as_it_was(song_file):
    put_song(song_file, frame=31)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end, scene.use_preview_range = 5, 9, True
    rendered()
    assert (scene.frame_start, scene.frame_end, scene.use_preview_range) == (5, 9, True)


@makes_strips
def test_a_song_that_fades_in_is_audible(song_file):
    strip = put_song(song_file)
    for frame, volume in ((1, 0.0), (100, 1.0)):
        strip.volume = volume
        strip.keyframe_insert("volume", frame=frame)
    samples, rate = soundfile_of(rendered().path)
    early, late = (np.abs(samples[round(at * rate) : round((at + 0.5) * rate)]).max() for at in (0.5, 6.0))
    assert 0.01 < early / late < 0.25  # eased in


@pytest.mark.skipif(CAN_MAKE_STRIPS, reason="this Blender renders")
def test_without_a_sound_system_the_file_itself_is_danced_to(song_file):
    put_song(song_file, frame=25)
    assert rendered() == the_song()


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
@pytest.mark.parametrize(("relative", "stored"), [(True, "//song.flac"), (False, "")])
def test_add_music_stores_the_path_as_blender_is_set_to(tmp_path, relative, stored):
    song = Path(shutil.copy(FLAC_30_S, tmp_path / "song.flac"))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "dance.blend"))
    paths = bpy.context.preferences.filepaths
    before, paths.use_relative_paths = paths.use_relative_paths, relative
    try:
        assert bpy.ops.edge_dance.add_music(filepath=str(song)) == {"FINISHED"}
    finally:
        paths.use_relative_paths = before
    (strip,) = addon("compat").all_strips(bpy.context.scene)
    assert strip.sound.filepath == (stored or str(song))
    assert the_song().path == song and the_song().duration == pytest.approx(30, abs=0.1)


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


def test_a_bar_begins_at_the_beat_nearest_to_the_current_frame():
    scene = bpy.context.scene
    with pytest.raises(RuntimeError, match="mark them first"):
        bpy.ops.edge_dance.begin_bar()
    addon("keyframes.beats").mark_beats(scene, list(range(1, 301, 15)), list(range(16, 301, 45)))  # in 3, a beat before
    scene.edge_dance.bar_offset = 1
    scene.frame_set(95)
    assert bpy.ops.edge_dance.begin_bar() == {"FINISHED"}
    bars = sorted(frame for name, frame in marks().items() if name.startswith("Bar"))
    assert bars == list(range(1, 301, 45)) and len(marks()) == 20  # the beat at 91 is one of them
    assert scene.edge_dance.bar_offset == 0  # 1 and 2 beats later are a whole bar


def test_an_unclear_beat_is_reported():
    say = addon("ops.music")._summary
    assert say(92, 121.7, 3, 0.8) == "92 beats at 121.7 per minute, 3 in a bar."
    assert say(92, 121.7, 3, 0.2).endswith("The beat of this song is unclear: check it, and correct it.")


def test_selected_keys_go_to_the_nearest_beat_and_others_stay(song_file):
    scene = bpy.context.scene
    scene.render.fps = 30
    dancer = put_dancer()
    with pytest.raises(RuntimeError, match="mark the beats"):
        bpy.ops.edge_dance.keys_to_beats()
    action = addon("takes.new_take").add_take(dancer, random_motion(45), scene, 11.0)  # beats at 11, 26, 41
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


def mute_channel(owner, strip):
    owner.channels[strip.channel].mute = True


def new_meta(strip_maker, channel=3):
    """A meta strip with a sound strip in it, as long as that."""
    editor = bpy.context.scene.sequence_editor_create()
    meta = editor.strips.new_meta("Meta", channel, 1)
    strip = strip_maker(meta.strips)
    set_end(meta, int(addon("compat").strip_frames(strip).end))
    return meta, strip


MIXDOWN = """
import os, sys, bpy
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
bpy.ops.sound.mixdown(filepath=sys.argv[2], container="WAV", codec="PCM", format="S16")
os._exit(0)
"""


def heard_in_blender(tmp_path):
    """What Blender's own mixdown of the scene plays, (n,) at 48 kHz; by a Blender of its own.

    In 5.2 a mixdown is silent in a process that has rendered a film before.
    """
    scene, path, file = bpy.context.scene, tmp_path / "mixdown.wav", tmp_path / "scene.blend"
    scene.frame_start, scene.frame_end = 1, 400
    bpy.ops.wm.save_as_mainfile(filepath=str(file), copy=True)
    subprocess.run([sys.executable, "-c", MIXDOWN, str(file), str(path)], check=True, capture_output=True, timeout=120)
    with wave.open(str(path)) as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
        return frames.mean(axis=1) / 32768, file.getframerate()


def stroke_frames(samples, rate, first=0.0):
    """Frames of the scene, 1 at the first sample, on which the song's clicks begin."""
    loud = np.flatnonzero(np.abs(samples) > 0.2)
    starts = loud[np.diff(loud, prepend=-rate) > 0.3 * rate]
    return 1 + (first + starts / rate) * bpy.context.scene.render.fps


def said_frames(song):
    """Frames on which they begin, as the song has it."""
    samples, rate = soundfile_of(song.path)
    first, last = round(song.start * rate), round((song.start + song.duration) * rate)
    return stroke_frames(samples[first:last], rate) - 1 + song.first_frame


def soundfile_of(path):
    with wave.open(str(path)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
        return sound.mean(axis=1) / 32768, file.getframerate()


def strokes(path):
    """Samples on which clicks begin that come at least a quarter of a second apart."""
    samples, rate = soundfile_of(path)
    loud = np.flatnonzero(np.abs(samples) > 0.2)
    return loud[np.diff(loud, prepend=-rate) > 0.15 * rate]


WRITE_SONG = """
import sys, av, numpy as np
time = np.arange(4 * 48000) / 48000
sound = 0.6 * np.exp(-(time % 0.5) * 60) * np.sin(2 * np.pi * 150 * (time % 0.5))
with av.open(sys.argv[1], "w") as container:
    stream = container.add_stream("pcm_s16le" if sys.argv[1].endswith("wav") else "aac", rate=48000, layout="mono")
    frame = av.AudioFrame.from_ndarray((sound * 32767).astype("<i2")[None], "s16", "mono")
    frame.rate = 48000
    for packet in (*stream.encode(frame), *stream.encode(None)):
        container.mux(packet)
"""


def write_clicks_as(path, python):
    subprocess.run([str(python), "-c", WRITE_SONG, str(path)], check=True)
    return path


def trim_content(strip, name, frames):
    for each in ("content_trim_" + name, "animation_offset_" + name):
        if hasattr(strip, each):
            setattr(strip, each, frames)
            return


PLACES = {
    "plain": lambda _strip: None,
    "played later": lambda strip: setattr(strip, "sound_offset", 0.3),
    "played earlier": lambda strip: setattr(strip, "sound_offset", -0.3),
    "trimmed": lambda strip: (set_first(strip, 40), set_end(strip, 120)),
    "trimmed and later": lambda strip: (set_first(strip, 40), set_end(strip, 120), setattr(strip, "sound_offset", 2.2)),
    "trimmed and earlier": lambda strip: (set_first(strip, 40), setattr(strip, "sound_offset", -3.1)),
    "begun before its file": lambda strip: (set_first(strip, -20), setattr(strip, "sound_offset", 0.4)),
    "its file cut": lambda strip: trim_content(strip, "start", 30),
}


@makes_strips
@pytest.mark.parametrize("in_meta", [False, True])
@pytest.mark.parametrize("place", PLACES)
def test_a_song_is_where_blenders_own_mixdown_has_it(place, in_meta, song_file, tmp_path):
    """Rendered, and where that cannot be, in its own file."""
    if in_meta:
        meta, strip = new_meta(lambda strips: strips.new_sound("Test Song", str(song_file), 1, 13))
        set_first(meta, 50)
        set_end(meta, 150)
    else:
        strip = put_song(song_file, frame=13)
    PLACES[place](strip)
    heard = stroke_frames(*heard_in_blender(tmp_path))
    inner = slice(1, -1)  # one that is cut may be loud enough in one of them alone
    for said in map(said_frames, (rendered(), the_song())):
        assert len(said) >= 4
        missed = [np.abs(said - frame).min() for frame in heard[inner]]
        surplus = [np.abs(heard - frame).min() for frame in said[inner]]
        assert max([*missed, *surplus]) < 0.1


@makes_strips
@pytest.mark.parametrize(("frame", "trimmed"), [(-20, -20), (-60, -8)])
def test_a_song_that_begins_before_frame_0_is_where_its_file_has_it(frame, trimmed, song_file):
    """Mixdown would begin at frame 0."""
    strip = put_song(song_file, frame=frame)
    set_first(strip, trimmed)
    song = rendered()
    assert song.first_frame == trimmed and song.path != song_file
    np.testing.assert_allclose(said_frames(song), said_frames(the_song()), atol=0.1)


UNHEARD = {
    "the strip is muted": (lambda strip, _meta: setattr(strip, "mute", True), "Test Song is muted"),
    "its channel is muted": (lambda strip, meta: mute_channel(meta, strip), "the channel of Test Song is muted"),
    "its volume is 0": (lambda strip, _meta: setattr(strip, "volume", 0), "the volume of Test Song is 0"),
    "its meta strip is muted": (lambda _strip, meta: setattr(meta, "mute", True), "Meta is muted"),
    "its meta strip's channel is muted": (
        lambda _strip, meta: mute_channel(bpy.context.scene.sequence_editor, meta),
        "the channel of Meta is muted",
    ),
}


@makes_strips
@pytest.mark.parametrize("why", UNHEARD)
def test_an_inaudible_strip_is_no_music_and_the_reason_is_given(why, song_file, tmp_path):
    make, said = UNHEARD[why]
    meta, strip = new_meta(lambda strips: strips.new_sound("Test Song", str(song_file), 5, 1))
    make(strip, meta)
    assert not heard_in_blender(tmp_path)[0].any()
    for chosen in ("", "Test Song"):
        error = refusal(lambda chosen=chosen: the_song(chosen))
        assert (error.code, error.message) == ("music_unheard", f"The sound strip Test Song is not audible: {said}.")
    other = shutil.copy(song_file, tmp_path / "Other.wav")
    put_song(other, channel=9)
    assert the_song().path == other  # one that is not heard is none to choose from
    assert refusal(lambda: the_song("Test Song")).code == "music_unheard"


@makes_strips
def test_a_strip_that_is_faded_in_is_audible(song_file):
    strip = put_song(song_file)
    strip.volume = 0
    strip.keyframe_insert("volume", frame=1)
    assert the_song().duration == pytest.approx(8)


@makes_strips
@pytest.mark.parametrize("chosen", ["", "Test Song", "Second"])
def test_a_song_that_was_cut_is_one_song(chosen, song_file):
    strip = put_song(song_file, frame=11)
    second = put_song(song_file, frame=11, channel=2)
    second.name = "Second"
    whole = the_song("Test Song")
    set_end(strip, 100)
    set_first(second, 100)
    bpy.context.scene.sequence_editor.active_strip = None
    assert the_song(chosen) == whole
    assert addon("music").song_names(bpy.context) == ["Test Song"]


@makes_strips
def test_the_command_line_unmutes_all_pieces_of_its_song_and_no_other(song_file, tmp_path):
    strip = put_song(song_file, frame=11)
    second = put_song(song_file, frame=11, channel=2)
    other = put_song(shutil.copy(song_file, tmp_path / "Other.wav"), channel=3)
    whole = the_song("Test Song")
    set_end(strip, 100)
    set_first(second, 100)
    addon("command_line.scene")._put_song(song_file)
    assert the_song(bpy.context.scene.edge_dance.music) == whole
    assert [each.mute for each in (strip, second, other)] == [False, False, True]


@makes_strips
def test_pieces_of_a_song_that_do_not_follow_on_each_other_are_songs_to_choose_from(song_file):
    strip = put_song(song_file, frame=11)
    second = put_song(song_file, frame=1, channel=2)  # moved on: a part of the song is left out
    set_end(strip, 100)
    set_first(second, 100)
    bpy.context.scene.sequence_editor.active_strip = None
    assert refusal(the_song).code == "music_ambiguous"
    assert the_song("Test Song").duration == pytest.approx(89 / bpy.context.scene.render.fps)


@makes_strips
def test_a_chosen_strip_that_is_gone_is_not_guessed_at(song_file, tmp_path):
    put_song(song_file).name = "Renamed"
    assert the_song("Test Song").path == song_file  # there is only this one
    put_song(shutil.copy(song_file, tmp_path / "Other.wav"), channel=2)
    error = refusal(lambda: the_song("Test Song"))
    assert error.code == "music_gone" and "Test Song" in error.message


@makes_strips
def test_a_scene_strip_says_where_the_music_is(song_file):
    put_song(song_file)
    shown = bpy.context.scene
    shown.name = "Band"
    other = bpy.data.scenes.new("Edit")
    other.sequence_editor_create().strips.new_scene("Strip", shown, 1, 1)
    music = addon("music")
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = other
    with bpy.context.temp_override(scene=other):
        for chosen in ("", "Strip"):
            error = refusal(lambda chosen=chosen: music.find_strip(bpy.context, chosen))
            assert error.code == "music_in_scene" and "Band" in error.message


@makes_strips
def test_a_movie_strip_plays_no_sound(film):
    scene = bpy.context.scene
    scene.sequence_editor_create().strips.new_movie("Film", str(film), 1, 1)
    assert refusal(the_song).code == "music_none"
    assert refusal(lambda: the_song("Film")).code == "music_no_sound"
    with pytest.raises(RuntimeError, match="no sound in it"):  # this one has none
        bpy.ops.edge_dance.add_music(filepath=str(film))


@makes_strips
def test_a_strip_whose_sound_was_removed_is_no_music(song_file):
    strip = put_song(song_file)
    bpy.data.sounds.remove(strip.sound)
    assert refusal(the_song).code == "music_none"


@makes_strips
def test_add_music_makes_a_strip_as_long_as_the_sound_whatever_the_file_says(tmp_path):
    """A header with too few samples, as streaming encoders leave it; Blender believes it and plays on all the same."""
    scene = bpy.context.scene
    for name, samples in (("none.flac", 0), ("few.flac", 44100)):
        content = bytearray(FLAC_30_S.read_bytes())
        fields = int.from_bytes(content[18:26], "big") >> 36 << 36 | samples
        content[18:26] = fields.to_bytes(8, "big")
        (tmp_path / name).write_bytes(content)
        bpy.ops.edge_dance.add_music(filepath=str(tmp_path / name))
        song = the_song(name.removesuffix(".flac"))
        assert song.duration == pytest.approx(30, abs=1 / scene.render.fps)


@makes_strips
@pytest.mark.skipif(bpy.app.version >= (5, 0, 0), reason="its mixdown without a window is empty; it has aud")
@pytest.mark.parametrize("samples", [0, 44100])
def test_so_it_is_where_blender_lacks_its_module_for_sound(tmp_path, monkeypatch, samples):
    """As in Debian's 4.3: then a mixdown tells how long there is sound."""
    monkeypatch.setitem(sys.modules, "aud", None)
    content = bytearray(FLAC_30_S.read_bytes())
    fields = int.from_bytes(content[18:26], "big") >> 36 << 36 | samples
    content[18:26] = fields.to_bytes(8, "big")
    (tmp_path / "song.flac").write_bytes(content)
    bpy.ops.edge_dance.add_music(filepath=str(tmp_path / "song.flac"))
    assert the_song("song").duration == pytest.approx(30, abs=1 / bpy.context.scene.render.fps)
    assert len(bpy.data.scenes) == 1 and len(bpy.data.sounds) == 1
    whole = tmp_path / "whole.flac"
    shutil.copy(FLAC_30_S, whole)
    assert addon("compat").longer_sound(str(whole), 30.0) is None


@makes_strips
@pytest.mark.skipif(bpy.app.version >= (5, 0, 0), reason="its mixdown without a window is empty; it has aud")
def test_on_a_full_disk_a_strip_is_as_long_as_the_file_says(tmp_path, monkeypatch):
    """Where only a mixdown could tell how long there is sound: it would end the program."""
    monkeypatch.setitem(sys.modules, "aud", None)
    monkeypatch.setattr(addon("disk_room").shutil, "disk_usage", lambda _folder: SimpleNamespace(free=1 << 20))
    monkeypatch.setattr(addon("compat"), "mixdown", lambda *_: pytest.fail("Blender would have ended here"))
    bpy.ops.edge_dance.add_music(filepath=str(shutil.copy(FLAC_30_S, tmp_path)))
    assert the_song(FLAC_30_S.stem).duration == pytest.approx(30, abs=1 / bpy.context.scene.render.fps)
    assert len(bpy.data.scenes) == 1


@makes_strips
def test_a_strip_of_a_single_frame_says_what_to_do(song_file):
    set_end(put_song(song_file.with_name("nothing.wav")), 40)
    error = refusal(the_song)
    assert error.code == "music_no_length" and "Add Music" in error.hint


@makes_strips
def test_the_panel_is_drawn_where_the_sequencer_belongs_to_another_scene(song_file, tmp_path):
    """In 5.0 and later the 3D view's scene may have no sequence editor at all."""
    put_song(song_file)
    put_song(shutil.copy(song_file, tmp_path / "Other.wav"), channel=2)
    sung, stage = bpy.context.scene, bpy.data.scenes.new("Stage")
    bpy.context.window.scene = stage
    if not hasattr(bpy.context.workspace, "sequencer_scene"):
        return
    bpy.context.workspace.sequencer_scene = sung
    assert stage.sequence_editor is None
    layout = RecordingLayout()
    addon("ui.panels")._draw_music(layout, bpy.context)
    assert ("prop", "music") in layout.drawn


@makes_strips
@pytest.mark.skipif(bpy.app.version < (5, 0, 0), reason="the sequencer shows the 3D view's scene")
def test_songs_of_one_name_in_a_scene_and_its_full_copy_can_be_told_apart(song_file):
    put_song(song_file)
    sung = bpy.context.scene
    bpy.ops.scene.new(type="FULL_COPY")
    copy = bpy.context.scene
    bpy.context.workspace.sequencer_scene = sung
    music = addon("music")
    assert music.song_names(bpy.context) == ["Test Song", f"Test Song ({sung.name})"]
    for name, scene in zip(music.song_names(bpy.context), (copy, sung), strict=True):
        assert music.find_strip(bpy.context, name)[1] == scene


class RecordingLayout:
    """Takes what a panel draws, and refuses a search in nothing as Blender does."""

    def __init__(self):
        self.drawn = []

    def row(self, **_options):
        return self

    def label(self, text, **_options):
        self.drawn.append(("label", text))

    def operator(self, name, **_options):
        self.drawn.append(("operator", name))

    def prop(self, owner, name, **_options):
        assert hasattr(owner, name)
        self.drawn.append(("prop", name))

    def prop_search(self, owner, name, data, _collection, **_options):
        if data is None:
            raise TypeError("UILayout.prop_search(): no data")
        self.drawn.append(("prop", name))


SUFFIXES = "wav flac ogg oga opus mp3 m4a aac mp4 webm mkv mov avi caf wma aiff"


@pytest.mark.parametrize("suffix", SUFFIXES.split())
def test_add_music_shows_every_kind_of_file_that_blender_plays(suffix):
    """A file is seen where one of the browser's filters takes it."""
    properties = bpy.ops.edge_dance.add_music.get_rna_type().properties
    shown = {name: prop.default for name, prop in properties.items() if name.startswith("filter_")}
    kinds = [f".{pattern.removeprefix('*.')}" for pattern in shown.get("filter_glob", "").split(";")]
    if shown.get("filter_movie"):
        kinds += bpy.path.extensions_movie
    if shown.get("filter_sound"):
        kinds += bpy.path.extensions_audio - bpy.path.extensions_movie  # what is both is a movie
    assert f".{suffix}" in kinds


def test_clear_beats_leaves_the_users_own_markers_whatever_they_are_called(song_file, quick_worker):
    put_song(song_file)
    scene = bpy.context.scene
    for name, frame in (("Bar 3", 7), ("Beat 1.2", 9)):
        scene.timeline_markers.new(name, frame=frame)
    bpy.ops.edge_dance.mark_beats()
    assert len(scene.timeline_markers) > 10
    next(marker for marker in scene.timeline_markers if marker.frame > 9).name = "Drop"  # of ours, renamed
    bpy.ops.edge_dance.clear_beats()
    assert marks() == {"Bar 3": 7, "Beat 1.2": 9}


def test_every_click_is_marked_and_nothing_else(song_file, quick_worker):
    """The song has a click every half second, the first of them at its beginning."""
    put_song(song_file, frame=1)
    scene = bpy.context.scene
    scene.render.fps = 30
    bpy.ops.edge_dance.mark_beats()
    frames = np.array(sorted(marks().values()))
    clicks = 1 + 15 * np.arange(round(2 * the_song().duration))
    assert len(frames) == len(clicks)
    assert np.abs(frames - clicks).max() <= 1


@pytest.mark.parametrize("offset", [-10.0, 10.0])
def test_the_furthest_offset_of_a_short_song_marks_its_beats(offset, song_file, quick_worker):
    put_song(song_file, frame=1)
    bpy.context.scene.edge_dance.beat_offset = offset
    bpy.ops.edge_dance.mark_beats()
    assert len(marks()) == pytest.approx(2 * the_song().duration, abs=1)


@makes_strips
def test_a_dropped_song_becomes_the_music(song_file):
    bpy.context.scene.frame_set(5)
    assert bpy.ops.edge_dance.drop_song(filepath=str(song_file)) == {"FINISHED"}
    assert bpy.context.scene.edge_dance.music == song_file.stem
    assert {".wav", ".mp3", ".ogg", ".mp4", ".opus"} <= set(bpy.types.EDGE_DANCE_FH_song.bl_file_extensions.split(";"))


@makes_strips
def test_a_song_dropped_on_a_character_makes_it_dance(song_file, quick_worker):
    dancer = put_dancer()
    bpy.context.scene.edge_dance.quality = "draft"
    assert bpy.ops.edge_dance.drop_song(filepath=str(song_file), generate=True) == {"FINISHED"}
    assert dancer.animation_data.action.name.startswith(song_file.stem)


def test_a_dropped_file_that_is_no_song_is_refused(tmp_path):
    (tmp_path / "a.ogg").write_bytes(b"nothing")
    with pytest.raises(RuntimeError, match=r"a\.ogg"):
        bpy.ops.edge_dance.drop_song(filepath=str(tmp_path / "a.ogg"), generate=True)
