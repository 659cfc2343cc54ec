"""The bundled weights join constrained and free frames as smoothly as the dances of test_editing.py are joined.

At every border no joint may accelerate more than 1.5 times what 99 % of these weights' unconstrained frames stay below.
"""

from pathlib import Path

import numpy as np
import pytest

from edge_backend.diffusion.body_parts import BODY_PARTS
from edge_backend.diffusion.constraints import combine, frame_range, pose_at, root_path
from edge_backend.diffusion.song import SamplerSettings, sample_song
from edge_backend.model.controls import control_channels
from edge_backend.model.onnx_engine import OnnxEngine
from edge_backend.model.weights_file import load_weights
from edge_backend.motion.representation import unpack

FRAMES = 225  # two windows
ALLOWED = 1.5  # times the 99th percentile
STARTER = Path(__file__).parents[3] / "weights" / "starter.safetensors"


@pytest.fixture(scope="module")
def dance():
    """(seed, sequential, constraint) -> vectors of a dance by the bundled weights, without music."""
    weights = load_weights(STARTER)
    engine = OnnxEngine(weights)
    controls = control_channels("any", None, FRAMES)
    music = np.zeros((FRAMES, weights.info.feature_width), np.float32)
    cond = np.concatenate([music, np.broadcast_to(controls, (FRAMES, controls.shape[-1]))], axis=-1)

    def build(seed, sequential=False, constraint=None):
        settings = SamplerSettings("dpmpp", 8, seed=seed, sequential=sequential)
        return sample_song(engine, weights.normaliser, cond, FRAMES, settings, constraint=constraint).vectors()

    return build


@pytest.fixture(scope="module")
def old(dance):
    return dance(seed=1)


@pytest.fixture(scope="module")
def usual(dance, old, acceleration):
    return float(np.percentile(np.concatenate([acceleration(old), acceleration(dance(seed=2))]), 99))


def winding_path():
    """A path (FRAMES, 2) through the room, metres."""
    return np.stack([np.linspace(0, 2, FRAMES), 0.5 * np.sin(np.linspace(0, 6, FRAMES))], axis=-1)


# What is constrained to the old dance, and the first frames behind its borders.
TASKS = {
    "continue a motion": lambda old: (frame_range(old[:90], 0, FRAMES), [90]),
    "continue a motion window after window": lambda old: (frame_range(old[:90], 0, FRAMES), [90]),
    "between two poses": lambda old: (
        combine(pose_at(old[0], [0], FRAMES), pose_at(old[-1], [FRAMES - 1], FRAMES)),
        [1, FRAMES - 1],
    ),
    "a new middle": lambda old: (
        combine(frame_range(old[:90], 0, FRAMES), frame_range(old[160:], 160, FRAMES)),
        [90, 160],
    ),
    "upper from lower body": lambda old: (frame_range(old, 0, FRAMES, BODY_PARTS["lower"]), []),
    "lower from upper body": lambda old: (frame_range(old, 0, FRAMES, BODY_PARTS["upper"]), []),
    "an arm for a while": lambda old: (frame_range(old[100:200], 100, FRAMES, BODY_PARTS["left_arm"]), [100, 200]),
    "a path": lambda _old: (root_path(winding_path(), range(FRAMES), FRAMES), []),
    "a pose right behind a seam, window after window": lambda old: (
        pose_at(old[40], [152], FRAMES, BODY_PARTS["upper"]),
        [152, 153],
    ),
}


@pytest.mark.parametrize("task", TASKS)
def test_the_bundled_weights_meet_constraints_and_join_them(dance, old, usual, at_borders, task):
    constraint, borders = TASKS[task](old)
    new = dance(3, sequential="window after window" in task, constraint=constraint)
    np.testing.assert_array_equal(new[constraint.exact], constraint.values[constraint.exact])
    if borders:
        assert at_borders(new, borders) < ALLOWED * usual


def test_the_bundled_weights_never_whirl_round(dance, old):
    """750 degrees a second are a very fast turn; without heading projection one of these turns by 38 in a frame."""
    for vectors in (old, dance(seed=2), dance(seed=3)):
        _, _, rotations = unpack(vectors)
        turns = np.trace(rotations[1:, 0] @ np.swapaxes(rotations[:-1, 0], -1, -2), axis1=-2, axis2=-1)
        assert np.degrees(np.arccos(np.clip((turns - 1) / 2, -1, 1))).max() < 25
