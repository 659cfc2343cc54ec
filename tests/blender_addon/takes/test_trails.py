"""Paths of hips and feet, and ghosts of kept poses, as they are read for the viewport."""

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, bone_heads, put_dancer
from characters import KINDS, put_character, put_rigify
from dances import dance


def read(character):
    trails, steps = addon("takes.trails"), addon("edge_backend.motion.steps")
    action = character.animation_data.action
    return steps.at_once(trails.read_trails_in_steps(character, bpy.context.scene, action))


def put(kind):
    scene = bpy.context.scene
    scene.render.fps = 30
    character = {"dancer": put_dancer, "Rigify": put_rigify}.get(kind, lambda: put_character(KINDS[kind]()))()
    addon("takes.new_take").add_take(character, dance("modern", 40), scene, 11.0)
    return character


def test_they_are_where_the_joints_are():
    dancer = put("dancer")
    bpy.context.scene.frame_set(3)
    trails = read(dancer)
    assert bpy.context.scene.frame_current == 3
    assert trails.frames.tolist() == list(range(11, 51)) and trails.paths.shape == (3, 40, 3)
    for number in (0, 17, 39):
        np.testing.assert_allclose(trails.paths[:, number], bone_heads(dancer, 11 + number)[[0, 7, 8]], atol=1e-5)


@pytest.mark.parametrize("kind", ["dancer", "UE4", "Rigify"])
def test_kept_poses_have_ghosts(kind):
    character = put(kind)
    keep = addon("constraints.keep_list")
    for frame, mute in ((20, False), (30, False), (40, True)):
        keep.add_row(character, kind="POSE", start=frame).mute = mute
    trails = read(character)
    assert trails.ghosts.shape[1:] == (2, 3) and len(trails.ghosts) % 2 == 0 and len(trails.ghosts) >= 30
    first = trails.ghosts[: len(trails.ghosts) // 2].reshape(-1, 3)
    foot = trails.paths[1, 9]
    assert np.linalg.norm(first - foot, axis=1).min() < 1e-4
    assert 1.0 < np.ptp(first[:, 2]) < 2.2  # a whole body


def test_the_operators_show_and_hide_them():
    put("dancer")
    display = addon("takes.trails").display
    assert not bpy.ops.edge_dance.hide_trails.poll()
    assert bpy.ops.edge_dance.show_trails() == {"FINISHED"}
    assert display.trails is not None
    assert bpy.ops.edge_dance.hide_trails() == {"FINISHED"} and display.trails is None


def test_the_ways_are_drawn_around_the_present_frame():
    trails_of, paths_around = addon("takes.trails").Trails, addon("ui.overlay").paths_around
    scene = bpy.context.scene
    scene.render.fps = 30
    frames = np.arange(101, 5501)
    paths = np.stack([np.stack([frames, frames * 0, frames * 0], axis=1)] * 3).astype(np.float32)
    trails = trails_of(0, 0, frames, paths, np.zeros((0, 2, 3), np.float32))
    for frame, first, last in ((1000, 880, 1120), (101, 101, 221), (5500, 5380, 5500)):
        scene.frame_set(frame)
        for path, now in paths_around(trails, scene):
            assert (path[0, 0], path[-1, 0], now[0, 0]) == (first, last, frame)
    scene.frame_set(50)
    assert [len(now) for _, now in paths_around(trails, scene)] == [0, 0, 0]
    scene.frame_set(6000)
    assert [len(path) for path, _ in paths_around(trails, scene)] == [0, 0, 0]
