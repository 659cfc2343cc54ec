"""Paths and ghosts of a take of three minutes in Blender's real window: how long each redraw works for them.

Runs inside Blender, started by window.py; test_paths_window.py reads the facts that it writes. Environment variables:
those of desk, and DANCES, a file of recorded dances.
"""

import os
import sys
import time
from collections.abc import Iterator

import bpy
import numpy as np
from desk import PACKAGE, area, facts, here, play, set_stage, shot

SECONDS, POSES, REDRAWS = 180, 24, 40

worked: list[float] = []  # seconds of this thread's own work, a redraw each
overlay = sys.modules[f"{PACKAGE}.ui.overlay"].overlay
draw = overlay.draw


def timed_draw() -> None:
    began = time.thread_time()
    draw()
    worked.append(time.thread_time() - began)


def three_minutes():
    """A motion that repeats a recorded dance, forwards and backwards."""
    rotations = sys.modules[f"{PACKAGE}.edge_backend.motion.rotations"]
    motion = sys.modules[f"{PACKAGE}.edge_backend.motion.motion"].Motion
    with np.load(os.environ["DANCES"], allow_pickle=False) as file:
        root, turns = file["modern_root"], rotations.axis_angle_to_matrix(file["modern_poses"].reshape(-1, 24, 3))
    order = np.resize(np.r_[0 : len(root), len(root) - 1 : -1 : -1], 30 * SECONDS)
    return motion(turns[order], root[order], np.zeros((len(order), 4), np.float32))


def redraws(frames) -> list[float]:
    """Milliseconds of work in each of as many redraws."""
    worked.clear()
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        bpy.ops.wm.redraw_timer(type="DRAW_WIN", iterations=1)
    return [1000 * seconds for seconds in worked]


def scenario() -> Iterator[float]:
    set_stage()
    yield 0.5
    dancer, motion = bpy.context.object, three_minutes()
    trails, skeleton = (sys.modules[f"{PACKAGE}.{name}"] for name in ("takes.trails", "edge_backend.motion.skeleton"))
    joints = motion.joints()
    lines = [(parent, joint) for joint, parent in enumerate(skeleton.SMPL.parents) if parent >= 0]
    ghosts = joints[100 : 100 + 30 * POSES : 30, lines].reshape(-1, 2, 3)
    overlay.unregister()
    overlay.draw = timed_draw
    overlay.register()
    with here():
        facts["without_ms"] = redraws(range(400, 410))
    frames = np.arange(1, motion.frames + 1)
    paths = joints[:, [0, 7, 8]].swapaxes(0, 1)  # hips and ankles
    trails.display.trails = trails.Trails(dancer.session_uid, 0, frames, paths, ghosts)
    facts["frames"] = len(frames)
    with here():
        facts["playing_ms"] = redraws(range(400, 400 + REDRAWS))
        facts["looking_around_ms"] = redraws([450] * REDRAWS)
    area().tag_redraw()
    yield 1.0
    shot("paths")


play(scenario())
