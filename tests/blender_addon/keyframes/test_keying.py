"""Placing keys takes as long for each second of dance however long the dance is, in short steps."""

import json
import subprocess
import sys
from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, put_dancer, random_motion

BENCH = Path(__file__).parents[3] / "bench/keying.py"
RIGS = ("dancer", "mixamo", "rigify")


def measured(*arguments):
    """What bench/keying.py prints as JSON, in a process of its own."""
    done = subprocess.run(
        [sys.executable, str(BENCH), "--json", *arguments], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_a_partial_result_writes_the_keys_of_new_frames_alone():
    bpy.context.scene.render.fps = 30
    dancer, dance = put_dancer(), random_motion(420)
    preview = addon("takes.partial_preview").PartialPreview(1.0)
    done = 0
    for frames in (135, 285, 420):
        before, counts = key_counts(), []
        for _ in preview.show_in_steps(dancer, dance.part(slice(frames)), bpy.context.scene):
            counts.append(sum(key_counts().values()))
        after = key_counts()
        grown = {path: after[path] - before.get(path, 0) for path in after if after[path] > 1}
        assert set(grown.values()) == {frames - done} and len(grown) > 24 * 4
        assert set(np.diff(counts).tolist()) <= {0, 1, frames - done}  # a curve in each step
        done = frames


def key_counts():
    curves = [curve for action in bpy.data.actions for curve in addon("compat").fcurves_of(action)]
    return {(curve.data_path, curve.array_index): len(curve.keyframe_points) for curve in curves}


def test_the_bench_measures_steps_keys_and_memory():
    short, long = measured("--rigs", "dancer", "--minutes", "0.2", "0.4", "--density", "FRAMES")
    assert (short["rig"], short["seconds"], long["seconds"]) == ("dancer", 12, 24)
    assert 1.9 < long["keys"] / short["keys"] < 2.1
    assert long["placing"]["count"] > 100 and long["showing"]["count"] > 100  # a curve in each step, at least
    assert long["memory_mb"] < 1.0 * long["seconds"]
    assert all(one["placing"]["seconds"] > 0 and one["showing_s"][1] > 0 for one in (short, long))


@pytest.mark.slow
@pytest.mark.timing
@pytest.mark.parametrize("rig", RIGS)
def test_ten_minutes_take_ten_times_as_long_as_one(rig):
    one, ten = measured("--rigs", rig, "--minutes", "1", "10")
    for part in ("placing", "showing"):
        assert ten[part]["seconds"] / ten["seconds"] < 1.5 * one[part]["seconds"] / one["seconds"]
        assert ten[part]["long"] <= 3  # those that read the rig
    assert ten["memory_mb"] < 1.0 * ten["seconds"]
