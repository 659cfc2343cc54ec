"""Loops as takes: cyclic actions whose joint is no other than the rest, on the dancer and on other characters."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, put_dancer, put_song
from characters import KINDS, put_character, put_rigify

LOOP = Path(__file__).parents[2] / "data/loops/loop.npz"


def loop_motion():
    return addon("edge_backend.motion.files").load_motion(LOOP)


def add_loop(character, motion):
    scene = bpy.context.scene
    scene.render.fps = 24
    return addon("takes.new_take").add_take(character, motion, scene, 11.0)


def places(character, frames):
    """Heads (frames, bones, 3) of the mapped bones, metres, world."""
    if addon("rig.dancer").is_dancer(character):
        names = list(addon("rig.skeleton").BONE_NAMES)
    else:
        names = list(addon("rig.retarget").bone_map_of(character).bones.values())
    found = []
    for frame in frames:
        bpy.context.scene.frame_set(int(frame))
        posed = character.evaluated_get(bpy.context.evaluated_depsgraph_get())
        found.append([posed.matrix_world @ posed.pose.bones[name].head for name in names])
    return np.array(found)


def put(kind):
    if kind == "dancer":
        return put_dancer()
    return put_rigify() if kind == "Rigify" else put_character(KINDS[kind]())


@pytest.mark.parametrize("kind", ["dancer", "Mixamo", "Rigify"])
def test_the_take_repeats_and_goes_on(kind):
    character, motion = put(kind), loop_motion()
    action = add_loop(character, motion)
    first, last = action.frame_range
    assert action.use_cyclic and (first, last) == (11.0, 11.0 + round(103 * 24 / 30))
    period = int(last - first)
    frames = np.arange(first, last + 1)
    once = places(character, frames)
    way = once[-1] - once[0]
    assert np.abs(way - way[0]).max() < 1e-4 and 0.05 < np.linalg.norm(way[0]) < 0.3
    np.testing.assert_allclose(
        places(character, frames + period) - once, np.tile(way[0], (*once.shape[:2], 1)), atol=2e-4
    )
    far = places(character, [first + 1000 * period])[0] - once[0]
    np.testing.assert_allclose(far, np.tile(1000 * way[0], (len(far), 1)), atol=0.02)  # float32, 100 m away


@pytest.mark.parametrize("kind", ["dancer", "Mixamo", "Rigify"])
def test_the_joint_is_as_smooth_as_the_rest(kind):
    character = put(kind)
    action = add_loop(character, loop_motion())
    first, last = (int(frame) for frame in action.frame_range)
    shown = places(character, range(first, 2 * last - first + 1))
    for order in (1, 2):
        sizes = np.linalg.norm(np.diff(shown, n=order, axis=0), axis=-1).max(axis=1)
        seam = sizes[last - first - order : last - first]
        assert seam.max() <= np.percentile(sizes, 99)


def repeats(action):
    """Period of a cyclic action, and whether every F-curve with several keys repeats."""
    curves = [curve for curve in addon("compat").fcurves_of(action) if len(curve.keyframe_points) > 1]
    each = [any(modifier.type == "CYCLES" for modifier in curve.modifiers) for curve in curves]
    return action.use_cyclic and action.frame_range[1] - action.frame_range[0], all(each) and len(each)


@pytest.mark.parametrize("kind", ["dancer", "Mixamo"])
@pytest.mark.parametrize("way", ["curves", "blocking", "mirrored", "mirrored curves", "together"])
@pytest.mark.parametrize("fps", [24, 25, 50])
def test_what_is_made_of_a_loop_is_one(kind, way, fps):
    character, motion, scene = put(kind), loop_motion(), bpy.context.scene
    scene.render.fps = fps
    loop = addon("takes.new_take").add_take(character, motion, scene, 11.0)
    period, count = repeats(loop)
    assert period and count
    first = int(loop.frame_range[0])
    before = places(character, [first, first + period])
    if way == "together":
        other = put(kind)
        other.location = (3.0, 0.0, 0.0)
        bpy.context.view_layer.update()
        for one in (other, character):
            one.select_set(True)
        bpy.context.view_layer.objects.active = character
        assert bpy.ops.edge_dance.dance_together() == {"FINISHED"}
        character = other
    if "mirrored" in way:
        assert bpy.ops.edge_dance.mirror() == {"FINISHED"}
    if density := {"curves": "CURVES", "blocking": "BLOCKING"}.get(way.split()[-1]):
        assert bpy.ops.edge_dance.change_density(density=density) == {"FINISHED"}
    action = character.animation_data.action
    assert action != loop and repeats(action)[0] == period and repeats(action)[1]
    begin, end = places(character, [first, first + period])
    travel = np.linalg.norm(before[1] - before[0], axis=-1)
    np.testing.assert_allclose(np.linalg.norm(end - begin, axis=-1), travel, atol=0.006)


def test_a_thousand_repetitions_in_place_end_where_they_began():
    motion = loop_motion()
    way = motion.root[-1] - motion.root[0]
    motion.root = motion.root - (np.arange(motion.frames)[:, None] / (motion.frames - 1) * way).astype(np.float32)
    motion.root[-1] = motion.root[0]
    dancer = put_dancer()
    first, last = add_loop(dancer, motion).frame_range
    begin, end = places(dancer, [first, first + 1000 * (last - first)])
    np.testing.assert_array_equal(begin, end)


def test_the_panel_makes_loops_at_a_bar_line(song_file, quick_worker):
    put_song(song_file, frame=5)
    scene, dancer = bpy.context.scene, put_dancer()
    scene.render.fps = 25
    settings = scene.edge_dance
    settings.quality, settings.use_loop, settings.loop_bars = "draft", True, 2
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    action = dancer.animation_data.action
    first, last = action.frame_range
    assert action.use_cyclic and last - first == 100  # two bars of four beats of half a second
    assert first == int(first) and (first - 5) / 25 == pytest.approx(
        round((first - 5) / 12.5) / 2, abs=0.03
    )  # on a beat
    begin, end = places(dancer, [first, last])
    np.testing.assert_allclose(begin, end, atol=1e-6)
    settings.loop_bars = 200
    with pytest.raises(RuntimeError, match="the loop is to have 200"):
        bpy.ops.edge_dance.generate()
