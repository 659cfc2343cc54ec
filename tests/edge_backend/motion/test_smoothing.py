import numpy as np
import pytest

from edge_backend.motion.motion import Motion
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.smoothing import smoothed


def swinging(hertz, tremble=0.0, frames=150):
    """Both arms swing so often a second; every joint trembles by so many radians."""
    random = np.random.default_rng(1)
    time = np.arange(frames) / 30
    angles = tremble * random.normal(size=(frames, 24, 3))
    angles[:, 16:18, 1] += np.sin(2 * np.pi * hertz * time)[:, None]
    root = np.stack([time, np.zeros(frames), np.ones(frames)], axis=1)
    root += 0.01 * tremble * random.normal(size=(frames, 3))
    rotations = axis_angle_to_matrix(angles).astype(np.float32)
    return Motion(rotations, root.astype(np.float32), np.zeros((frames, 4), np.float32))


def jerk(motion):
    return np.abs(np.diff(motion.joints(), n=3, axis=0)).mean()


def test_tremble_goes_and_the_dance_stays():
    calm, trembling = swinging(0.5), swinging(0.5, tremble=0.02)
    mended = smoothed(trembling, 0.5)
    assert jerk(mended) < 0.1 * jerk(trembling)
    assert np.abs(mended.joints() - calm.joints()).mean() < 0.5 * np.abs(trembling.joints() - calm.joints()).mean()


def test_no_smoothness_is_the_same_dance_bit_for_bit():
    motion = swinging(1.0, tremble=0.02)
    assert smoothed(motion, 0.0) is motion


def test_constrained_frames_are_unchanged_bit_for_bit_and_there_is_no_step_beside_them():
    motion = swinging(1.0, tremble=0.02)
    constrained = np.zeros((150, 24), dtype=bool)
    constrained[60:90] = True
    mended = smoothed(motion, 1.0, constrained)
    assert np.array_equal(mended.rotations[60:90], motion.rotations[60:90])
    assert np.array_equal(mended.root[60:90], motion.root[60:90])
    step = np.abs(np.diff(mended.joints(), axis=0)).max(axis=(1, 2))
    assert step[58:62].max() <= np.abs(np.diff(motion.joints(), axis=0)).max()
    assert not np.array_equal(mended.rotations[20], motion.rotations[20])


def test_a_steady_walk_is_not_shortened_at_its_ends():
    motion = swinging(0.0)
    assert smoothed(motion, 1.0).root == pytest.approx(motion.root, abs=1e-5)


@pytest.mark.parametrize("strength", [-0.1, 1.1])
def test_other_strengths_are_refused(strength):
    with pytest.raises(ValueError, match="not between 0 and 1"):
        smoothed(swinging(1.0), strength)
