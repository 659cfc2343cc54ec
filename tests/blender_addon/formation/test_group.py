"""Several dancers to one song in Blender: their dances, their distances, and that their feet do not slide."""

import json

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, bone_heads, put_skeleton, put_song
from characters import mixamo, put_character

FRAMES = 60


def walking():
    """A walk of 1.4 m to the left and back; one foot is on the floor while the other moves; beats every half second."""
    time = np.arange(FRAMES) / 30
    rotations = np.tile(np.eye(3, dtype=np.float32), (FRAMES, 24, 1, 1))
    root = np.stack([1.4 * np.sin(np.pi * time / 2), 0.3 * np.sin(np.pi * time), np.full(FRAMES, 0.9)], axis=-1)
    angles = 0.4 * np.sin(2 * np.pi * time)
    rotations[:, 16, :2, :2] = np.moveaxis(
        np.array([[np.cos(angles), -np.sin(angles)], [np.sin(angles), np.cos(angles)]]), -1, 0
    )
    motion = addon("edge_backend.motion.motion").Motion
    beats = np.arange(0, FRAMES / 30, 0.5)
    meta = {"seed": 5, "song": {"name": "s.wav"}}
    return motion(rotations, root.astype(np.float32), np.zeros((FRAMES, 4), np.float32), beats, meta)


@pytest.fixture
def company():
    return assembled()


def assembled():
    """A leader with a take and three followers: two dancers and a character in centimetres; the leader is active."""
    scene = bpy.context.scene
    scene.render.fps, scene.frame_end = 30, 2
    others = [put_skeleton(), put_skeleton(), put_character(mixamo(), units=100, y_up=True)]
    for number, other in enumerate(others):
        other.location = (3 + number, 2, 0)
        other.rotation_euler.z = number
    leader = put_skeleton()
    leader.location, leader.rotation_euler = (1, -1, 0), (0, 0, 0.5)
    addon("takes.new_take").add_take(leader, walking(), scene, 1.0)
    for other in others:
        other.select_set(True)
    bpy.context.view_layer.update()
    return leader, others


def ways(dancers):
    """Positions of the hips over the floor of each dancer, at every frame of the scene."""
    scene = bpy.context.scene
    frames = range(scene.frame_start, scene.frame_end + 1)
    return [track.hips[:, :2] for track in addon("render.tracks").tracks_of(dancers, scene, frames)]


def nearest(dancers):
    found = ways(dancers)
    return min(
        np.linalg.norm(one - other, axis=1).min() for number, one in enumerate(found) for other in found[number + 1 :]
    )


@pytest.mark.parametrize("places", ["LINE", "WEDGE", "PLACED"])
def test_nobody_comes_closer_than_asked_at_any_frame(company, places):
    leader, others = company
    before = [tuple(row) for row in leader.matrix_world]
    options = {"places": places, "mirror": True, "canon": 1, "turn": 0.6, "spacing": 0.8, "distance": 1.3}
    assert bpy.ops.edge_dance.dance_together(**options) == {"FINISHED"}
    assert nearest([leader, *others]) > 1.3 - 1e-4
    assert [tuple(row) for row in leader.matrix_world] == before


def test_all_dance_the_leaders_dance_in_their_own_place(company):
    leader, (second, third, character) = company
    bpy.ops.edge_dance.dance_together(places="LINE", spacing=2.0)
    lead, *rest = ways([leader, second, third])
    for way in rest:
        apart = way - lead
        assert np.ptp(apart, axis=0).max() < 1e-4  # metres: one dance, moved as a whole
        assert np.linalg.norm(apart[0]) == pytest.approx(2.0, abs=1e-4)
    assert np.allclose(bone_heads(second, 30), bone_heads(leader, 30), atol=1e-4)
    take = character.animation_data.action
    assert take["edge_dance"]["song"] == "s.wav" and list(take["edge_dance"]["beats"]) == [1, 16, 31, 46]


def test_a_canon_begins_on_the_songs_beats_and_ends_with_the_leader(company):
    leader, others = company
    bpy.ops.edge_dance.dance_together(canon=1)
    spans = sorted(tuple(other.animation_data.action.frame_range) for other in others)
    assert [start for start, _ in spans] == [16, 31, 46]
    assert all(end <= leader.animation_data.action.frame_range[1] for _, end in spans)
    later = next(other for other in others[:2] if other.animation_data.action.frame_range[0] == 16)
    assert np.allclose(bone_heads(later, 36), bone_heads(leader, 21), atol=1e-4)


def test_every_second_one_is_mirrored(company):
    leader, others = company
    bpy.ops.edge_dance.dance_together(mirror=True)
    names = addon("rig.skeleton").BONE_NAMES
    lead = bone_heads(leader, 20)
    flipped = [names.index(name[:-1] + {"L": "R", "R": "L"}[name[-1]] if "." in name else name) for name in names]
    same = [np.abs(bone_heads(other, 20) - lead).max() < 1e-3 for other in others[:2]]
    mirror = [
        np.abs(bone_heads(other, 20)[flipped] * (-1, 1, 1) - lead).max() < 0.03 for other in others[:2]
    ]  # SMPL is not quite symmetric
    assert sorted(zip(same, mirror, strict=True)) == [(False, True), (True, False)]


def give_plan(action, sections, seconds):
    """The plan of a dance of phrases of some seconds. sections: a letter for each, the label of its section."""
    numbers = {label: number for number, label in enumerate(dict.fromkeys(sections))}
    as_danced = {"phrase": "", "again": -1, "mirrored": False, "originality": 0.0}
    steps = []
    for place, label in enumerate(sections):
        counts = [seconds * (place + share) for share in (0, 0.5, 1)]
        slot = {"label": label, "section": numbers[label], "place": place, "counts": counts, "energy": 0.5}
        steps.append({"slot": slot, **as_danced})
    plan = {"format": 1, "song": "", "start": 0.0, "steps": steps}
    action["edge_dance"]["meta"] = json.dumps({"choreography": plan})


@pytest.mark.parametrize(("unit", "begins"), [("PHRASES", [16, 31]), ("SECTIONS", [31, 46])])
def test_a_canon_begins_with_the_phrases_or_sections_of_the_plan(company, unit, begins):
    leader, (*_, last) = company
    last.select_set(False)
    give_plan(leader.animation_data.action, "AABC", 0.5)
    assert bpy.ops.edge_dance.dance_together(canon=1, unit=unit) == {"FINISHED"}
    spans = sorted(other.animation_data.action.frame_range[0] for other in company[1][:2])
    assert spans == begins


def test_a_canon_without_a_plan_is_counted_by_the_song_map(song_file):
    put_song(song_file, frame=1)
    _, others = assembled()
    with pytest.raises(RuntimeError, match="are not known"):
        bpy.ops.edge_dance.dance_together(canon=1, unit="SECTIONS")
    maps = addon("edge_backend.schema.song_map")
    beats = tuple((0.125 * n, n % 4 + 1) for n in range(17))
    bars = tuple(maps.Bar(0.5 * n, 0.5 * n + 0.5, 0.5) for n in range(4))
    sections = tuple(maps.Section(0.5 * n, 0.5 * n + 0.5, "ABAC"[n], 0.5) for n in range(4))
    heard = maps.SongMap(2.0, 480.0, 4, beats, bars, sections, confidence=0.9)
    strip, owner = addon("music").find_strip(bpy.context)
    settings = bpy.context.scene.edge_dance
    strips = addon("song_map.strip_map")
    strips.write_detected(strip, strips.song_part(strip, owner), heard, addon("settings").beats_request(settings))
    bpy.ops.edge_dance.dance_together(canon=1, unit="SECTIONS")
    assert sorted(other.animation_data.action.frame_range[0] for other in others) == [16, 31, 46]
    with pytest.raises(RuntimeError, match="has 4 sections, too few for 3 dancers to start 2 sections apart"):
        bpy.ops.edge_dance.dance_together(canon=2, unit="SECTIONS")


def test_every_second_section_is_mirrored(company):
    """The second section begins after a second, at frame 31."""
    leader, others = company
    give_plan(leader.animation_data.action, "AB", 1.0)
    bpy.ops.edge_dance.dance_together(mirror=True, mirrored="SECTIONS")
    names = addon("rig.skeleton").BONE_NAMES
    flipped = [names.index(name[:-1] + {"L": "R", "R": "L"}[name[-1]] if "." in name else name) for name in names]

    def apart(other, frame):
        lead, seen = bone_heads(leader, frame), bone_heads(other, frame)
        lead, seen = lead - lead[0], seen - seen[0]  # its place over the floor depends on the way of the blend
        return np.abs(seen - lead).max(), np.abs(seen[flipped] * (-1, 1, 1) - lead).max()

    turned, unison = sorted(others[:2], key=lambda other: apart(other, 50)[1])
    for frame, mirrored in ((10, False), (50, True)):
        same, image = apart(turned, frame)
        assert (image < 0.06) == mirrored and (same < 0.03) == (not mirrored), (frame, same, image)
        assert apart(unison, frame)[0] < 1e-3


def test_feet_that_stand_go_on_standing(company):
    """A dance is moved as a whole: a foot moves between two frames as the leader's does."""
    leader, (second, *_) = company
    bpy.ops.edge_dance.dance_together(places="WEDGE", turn=1.0)
    steps = []
    for dancer in (leader, second):
        feet = []
        for frame in range(1, FRAMES + 1):
            bpy.context.scene.frame_set(frame)
            posed = dancer.evaluated_get(bpy.context.evaluated_depsgraph_get())
            feet.append([posed.matrix_world @ posed.pose.bones[name].head for name in ("toes.L", "toes.R")])
        steps.append(np.linalg.norm(np.diff(np.array(feet), axis=0), axis=-1))
    assert np.abs(steps[0] - steps[1]).max() < 1e-5


def test_different_takes_are_the_leaders_others(company):
    leader, others = company
    with pytest.raises(RuntimeError, match="has no other takes"):
        bpy.ops.edge_dance.dance_together(dances="TAKES")
    assert all(other.animation_data is None or other.animation_data.action is None for other in others)
    first = leader.animation_data.action
    assert bpy.ops.edge_dance.mirror() == {"FINISHED"}
    addon("takes.take_list").use_take(leader, first)
    bpy.ops.edge_dance.dance_together(dances="TAKES")
    assert all(other.animation_data.action.name.startswith(f"{first.name} mirrored") for other in others)
    assert leader.animation_data.action == first


def test_two_dancers_in_one_place_are_refused_and_nothing_changes(company):
    leader, others = company
    others[0].matrix_world = leader.matrix_world
    actions = len(bpy.data.actions)
    with pytest.raises(RuntimeError, match="start at the same place"):
        bpy.ops.edge_dance.dance_together(places="PLACED")
    assert len(bpy.data.actions) == actions


def test_without_followers_it_says_whom_to_select(company):
    _, others = company
    for other in others:
        other.select_set(False)
    with pytest.raises(RuntimeError, match="Select the others too"):
        bpy.ops.edge_dance.dance_together()
