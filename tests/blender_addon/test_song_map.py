"""The song map of a strip: heard, corrected by hand, saved, and danced to."""

import json
import time

import bpy
import pytest
from blender_fixtures import CAN_MAKE_STRIPS, addon, put_dancer, put_song, write_song

from edge_backend.schema.song_map import Bar, Section, SongMap

BEATS = tuple((0.5 + 0.5 * number, number % 4 + 1) for number in range(64))  # 16 bars of 2 s from 0.5 s on
MAP = SongMap(
    duration=33.0,
    tempo=120.0,
    metre=4,
    beats=BEATS,
    bars=tuple(Bar(0.5 + 2 * number, 2.5 + 2 * number, 0.5) for number in range(16)),
    sections=(Section(0.5, 16.5, "A", 0.5), Section(16.5, 32.5, "B", 0.5)),
    confidence=0.9,
)


def put_strip(song_file, frame=1):
    """The song as a strip at 30 frames per second. In 4.2 it opens a file: get the scene after it."""
    put_song(song_file, frame=frame)
    bpy.context.scene.render.fps = 30
    return bpy.context.scene


def the_strip():
    return addon("music").find_strip(bpy.context)


def put_map(song_file, frame=1, song_map=MAP):
    """The song as a strip, with a map as if it had been heard."""
    put_strip(song_file, frame)
    strip, owner = the_strip()
    strips = addon("song_map.strip_map")
    ours = addon("edge_backend.schema.song_map").from_json(song_map.to_json())
    corrections = addon("settings").beats_request(bpy.context.scene.edge_dance)
    strips.write_detected(strip, strips.song_part(strip, owner), ours, corrections)
    return strip


def sections(strip):
    return [
        (round(part.start, 3), round(part.end, 3), part.label)
        for part in addon("song_map.strip_map").stored(strip).sections
    ]


def for_dance():
    strip, owner = the_strip()
    settings = bpy.context.scene.edge_dance
    return addon("song_map.strip_map").map_for_dance(strip, owner, addon("settings").beats_request(settings))


def test_listening_stores_the_songs_beats_with_the_strip_and_the_dance_takes_them(song_file, quick_worker):
    """The song has a click every half second."""
    scene = put_strip(song_file, frame=11)
    assert for_dance() is None
    assert bpy.ops.edge_dance.listen() == {"FINISHED"}
    placed = addon("song_map.strip_map").placed_map(bpy.context)
    frames = [placed.frame(second) for second, _ in placed.song_map.beats]
    assert len(frames) == pytest.approx(2 * placed.song_map.duration, abs=2)
    assert all(abs((frame - 11) - 15 * round((frame - 11) / 15)) <= 1 for frame in frames)
    scene.frame_set(round(frames[2]))
    assert bpy.ops.edge_dance.begin_bar() == {"FINISHED"}
    dancer = put_dancer()
    scene.edge_dance.quality = "draft"
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    take = addon("takes.take_list").current_take(dancer)
    bars = addon("keyframes.take_details").details(take)["bars"]
    assert min(abs(frame - frames[2]) for frame in bars) < 0.6  # as the map says now, not as it was heard
    assert for_dance().beats[2][1] == 1


def while_listening(monkeypatch, effect):
    """Have the user do something between the request and the map."""
    operators = addon("ops.song_map")
    finish = operators.EDGE_DANCE_OT_listen.finish

    def late(self, context, dances):
        effect()
        return finish(self, context, dances)

    monkeypatch.setattr(operators.EDGE_DANCE_OT_listen, "finish", late)


def has_map(strip):
    return addon("song_map.strip_map").read(strip) is not None


def rename():
    the_strip()[0].name = "Act Two"


def show_another_scene():
    bpy.context.window.scene = bpy.data.scenes.new("Another")


def trim():
    strip, _ = the_strip()
    if hasattr(strip, "left_handle"):
        strip.left_handle += 30
    else:
        strip.frame_offset_start += 30


@pytest.mark.parametrize("effect", [rename, show_another_scene, trim])
def test_the_map_is_stored_with_the_strip_that_was_listened_to(song_file, quick_worker, monkeypatch, effect):
    """Whatever is done with it meanwhile."""
    scene = put_strip(song_file)
    strip = the_strip()[0]
    first = addon("music").song_of(strip, scene, take_packed=False).first_frame
    while_listening(monkeypatch, effect)
    assert bpy.ops.edge_dance.listen() == {"FINISHED"}
    bpy.context.window.scene = scene
    assert has_map(the_strip()[0])
    placed = addon("song_map.strip_map").placed_map(bpy.context)
    assert placed.frame(0.0) == pytest.approx(first, abs=0.1)


@pytest.mark.skipif(not CAN_MAKE_STRIPS, reason="this Blender's module cannot make sound strips")
def test_another_strip_does_not_get_the_map_of_one_that_was_removed(song_file, quick_worker, monkeypatch, tmp_path):
    """Not even one with its name, which plays another song."""
    scene = put_strip(song_file)
    strip, _ = the_strip()
    name = strip.name

    def replace_strip():
        other = put_song(write_song(tmp_path / "other.wav", 3.0), frame=200, channel=2)
        addon("compat").strips_in(scene.sequence_editor).remove(strip)
        other.name = name
        assert the_strip()[0].name == name

    while_listening(monkeypatch, replace_strip)
    with pytest.raises(RuntimeError, match=f"The strip {name} was removed while its song was analysed"):
        bpy.ops.edge_dance.listen()
    assert not has_map(the_strip()[0])


def test_sections_are_split_moved_merged_and_named(song_file):
    strip, scene = put_map(song_file, frame=1), bpy.context.scene
    scene.frame_set(1 + round(8.7 * 30))
    assert bpy.ops.edge_dance.split_section() == {"FINISHED"}
    assert sections(strip) == [(0.5, 8.5, "A"), (8.5, 16.5, "A"), (16.5, 32.5, "B")]
    item = addon("song_map.strip_map").stored(strip)
    assert item.active == 1  # the new one
    item.sections[1].label = "Chorus"
    scene.frame_set(1 + round(10.4 * 30))
    assert bpy.ops.edge_dance.move_section() == {"FINISHED"}
    assert sections(strip) == [(0.5, 10.5, "A"), (10.5, 16.5, "Chorus"), (16.5, 32.5, "B")]
    item.active = 0
    assert bpy.ops.edge_dance.merge_section() == {"FINISHED"}
    assert sections(strip) == [(0.5, 16.5, "A"), (16.5, 32.5, "B")]
    assert len({part.name for part in item.sections}) == 2
    bands = addon("ui.section_bands").bands(addon("song_map.strip_map").placed_map(bpy.context))
    assert [(round(first), round(end), label) for first, end, label, _ in bands] == [(16, 496, "A"), (496, 976, "B")]
    item.sections[1].label = "A"
    bands = addon("ui.section_bands").bands(addon("song_map.strip_map").placed_map(bpy.context))
    assert len({colour for *_, colour in bands}) == 1  # the same name has the same colour


def test_the_new_section_is_the_active_one_also_where_its_bar_is_behind_the_current_frame(song_file):
    strip, scene = put_map(song_file, frame=1), bpy.context.scene
    scene.frame_set(1 + round(8.2 * 30))  # the bar at 8.5 s is the nearest
    assert bpy.ops.edge_dance.split_section() == {"FINISHED"}
    assert addon("song_map.strip_map").stored(strip).active == 1


def test_the_map_moves_with_the_strip_and_is_kept_in_the_file(song_file, tmp_path):
    strip = put_map(song_file, frame=1)
    strip.frame_start += 30 if hasattr(strip, "frame_start") else 0
    placed = addon("song_map.strip_map").placed_map(bpy.context)
    moved = addon("music").song_of(*the_strip(), take_packed=False).first_frame
    assert placed.frame(0.0) == pytest.approx(moved)
    path = tmp_path / "kept.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    bpy.ops.wm.open_mainfile(filepath=str(path))
    strip, _ = the_strip()
    assert sections(strip) == [(0.5, 16.5, "A"), (16.5, 32.5, "B")]
    assert addon("song_map.strip_map").read(strip).beats == BEATS


def test_the_map_of_a_linked_scene_is_danced_to_and_is_not_changed(song_file, tmp_path):
    """Blender does not save changes of linked data: an edit would be lost when the file is opened again."""
    put_map(song_file)
    bpy.context.scene.name = "Song"
    path = tmp_path / "song.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    with bpy.data.libraries.load(str(path), link=True) as (_, wanted):
        wanted.scenes = ["Song"]
    bpy.context.window.scene = bpy.data.scenes["Song"]
    strip, _ = the_strip()
    assert for_dance() is not None
    for name in ("split_section", "merge_section", "move_section", "tap_tempo", "begin_bar", "clear_song_map"):
        operator = getattr(bpy.ops.edge_dance, name)
        assert not operator.poll(), name
        with pytest.raises(RuntimeError, match=r"linked from song\.blend"):
            operator()
    assert sections(strip) == [(0.5, 16.5, "A"), (16.5, 32.5, "B")]


def test_a_map_of_another_song_or_with_other_corrections_is_not_danced_to(song_file):
    strip, scene = put_map(song_file), bpy.context.scene
    assert for_dance() is not None
    scene.edge_dance.tempo = "half"
    assert for_dance() is None
    scene.edge_dance.tempo = "heard"
    addon("song_map.strip_map").stored(strip).song = "another"
    assert for_dance() is None
    assert bpy.ops.edge_dance.clear_song_map() == {"FINISHED"}
    assert not bpy.ops.edge_dance.split_section.poll()


def test_the_beat_is_tapped_beside_the_song(song_file, monkeypatch):
    strip = put_map(song_file)
    clock = iter([100.0, 101.0, 102.0, 103.0, 110.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    answers = [bpy.ops.edge_dance.tap_tempo() for _ in range(5)]
    assert answers == [{"CANCELLED"}, {"CANCELLED"}, {"FINISHED"}, {"FINISHED"}, {"CANCELLED"}]
    found = addon("song_map.strip_map").read(strip)
    assert found.tempo == pytest.approx(60)
    assert found.method == "user"


def test_sections_become_markers_when_asked_for_and_others_stay(song_file):
    put_map(song_file)
    scene = bpy.context.scene
    scene.timeline_markers.new("Mine", frame=5)
    for _ in range(2):
        assert bpy.ops.edge_dance.mark_sections() == {"FINISHED"}
    assert {marker.name: marker.frame for marker in scene.timeline_markers} == {"Mine": 5, "A": 16, "B": 496}


def test_uncertain_maps_are_reported(song_file):
    ops, maps = addon("ops.song_map"), addon("edge_backend.schema.song_map")
    sure = maps.from_json(MAP.to_json())
    assert ops.summary(sure) == "16 bars of 4 at 120.0 beats per minute; sections A B."
    content = json.loads(MAP.to_json())
    unsure = maps.from_json(json.dumps(content | {"confidence": 0.1}))
    assert ops.summary(unsure).endswith("The beat of this song is unclear: check it, and correct it.")
    neutral = maps.from_json(json.dumps(content | {"confidence": 0.1, "heard_by": "neutral"}))
    assert "No beat was found" in ops.summary(neutral)
