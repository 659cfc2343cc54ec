"""boundary_smoothing: free frames beside a constrained range continue its motion without a jump in acceleration."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge_backend.diffusion.body_parts import BODY_PARTS
from edge_backend.motion.boundary_smoothing import EDITS, JOINS, smooth_boundaries
from edge_backend.motion.motion import Motion
from edge_backend.motion.representation import ROOT, pack
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import Joint

FRAMES = 90


def smoothed(vectors, *where):
    """Vectors of the smooth motion."""
    return smooth_boundaries(Motion.from_vectors(vectors), *where).vectors()


def dance(turns, seed=0):
    """Vectors (90, 151) of somebody who sways, and turns the left shoulder by turns (90,) degrees about y besides."""
    frame = np.arange(FRAMES)[:, None, None]
    random = np.random.default_rng(seed)
    angles = 0.15 * np.sin(2 * np.pi * (frame / 45 + random.random((1, 24, 3))))
    angles[:, Joint.LEFT_SHOULDER, 1] += np.radians(turns)
    root = np.stack([0.1 * np.sin(frame[:, 0, 0] / 9), 0 * frame[:, 0, 0], 1 + 0 * frame[:, 0, 0]], axis=-1)
    return pack(np.zeros((FRAMES, 4)), root, axis_angle_to_matrix(angles))


def whole(frames):
    return np.broadcast_to(frames[:, None], (FRAMES, 151))


def acceleration(vectors):
    return np.linalg.norm(np.diff(Motion.from_vectors(vectors).joints().astype(float), n=2, axis=0), axis=-1)


FRAME = np.arange(FRAMES)
SWING = np.where(FRAME < 50, 0.0, np.minimum((FRAME - 50) ** 2 * 2.5, 90.0))  # starts at frame 50


@pytest.fixture
def cut():
    """A dance constrained from frame 52 on, in the middle of a swing that the frames before it do not contain."""
    vectors = dance(SWING)
    vectors[:52] = dance(0 * SWING, seed=1)[:52]
    return vectors, whole(FRAME >= 52)


def test_a_stroke_is_taken_up_before_the_border(cut):
    vectors, constrained = cut
    usual = np.percentile(acceleration(vectors), 99)
    smooth = smoothed(vectors, constrained)
    before, after = acceleration(vectors)[47:52].max(), acceleration(smooth)[47:52].max()
    assert before > 3 * usual
    assert after < 1.2 * usual


def test_constrained_and_distant_frames_are_unchanged_to_the_bit(cut):
    vectors, constrained = cut
    found = smoothed(vectors, constrained)
    moved = np.flatnonzero((found != vectors).any(axis=1))
    assert set(moved) <= set(range(52 - EDITS.stages[-1][0], 52))
    assert len(moved) >= 3


@pytest.mark.parametrize("free", [12, 44])
def test_a_join_is_calm_in_its_middle_too(free):
    """A twitch of the arm by 30 degrees in the middle of the free frames."""
    first, last = 45 - free // 2, 45 + free // 2
    vectors = dance(np.where(FRAME == 45, 30.0, 0.0))
    constrained = whole((first > FRAME) | (last <= FRAME))
    usual = np.percentile(acceleration(dance(0 * SWING)), 99)
    worst = [
        acceleration(smoothed(vectors, constrained, usual, around))[first - 2 : last].max() for around in (EDITS, JOINS)
    ]
    assert acceleration(vectors)[38:52].max() > 10 * usual
    assert worst[0] > 3 * usual  # what edits look at
    assert worst[1] < 1.5 * usual


def test_a_calm_border_is_left_alone():
    vectors = dance(0 * SWING)
    np.testing.assert_array_equal(smoothed(vectors, whole(FRAME >= 50)), vectors)


def test_an_arm_is_taken_up_without_the_legs(cut):
    vectors, _ = cut
    constrained = whole(FRAME >= 52) & BODY_PARTS["left_arm"].channels()
    found = smoothed(vectors, constrained)
    changed = np.flatnonzero((found != vectors).any(axis=0))
    assert len(changed)
    assert set(changed) <= set(np.flatnonzero(BODY_PARTS["left_arm"].channels()))


def test_a_root_that_jumps_is_taken_up_by_the_root_alone():
    vectors = dance(0 * SWING)
    vectors[50:, ROOT.start] += 0.08
    constrained = np.zeros((FRAMES, 151), dtype=bool)
    constrained[50:, ROOT.start : ROOT.start + 2] = True
    found = smoothed(vectors, constrained)
    assert set(np.flatnonzero((found != vectors).any(axis=0))) <= {ROOT.start, ROOT.start + 1}
    assert acceleration(found)[45:50, 0].max() < acceleration(vectors)[45:50, 0].max() / 4


def test_no_constraint_changes_nothing(cut):
    vectors, _ = cut
    nothing = np.zeros((FRAMES, 151), dtype=bool)
    np.testing.assert_array_equal(smoothed(vectors, nothing), vectors)


@settings(deadline=None, max_examples=12)
@given(
    first=st.integers(0, FRAMES),
    length=st.integers(0, FRAMES),
    jump=st.floats(-170, 170),
    seed=st.integers(0, 99),
)
@example(first=58, length=12, jump=0.0, seed=7)  # the borders share their free frames
def test_no_border_gets_worse_and_constrained_channels_are_unchanged(first, length, jump, seed):
    vectors = dance(np.where((first <= FRAME) & (first + length > FRAME), jump, 0.0), seed)
    constrained = whole((first > FRAME) | (first + length <= FRAME))
    found = smoothed(vectors, constrained)
    np.testing.assert_array_equal(found[constrained], vectors[constrained])
    assert np.isfinite(found).all()
    rows = [row for border in (first, first + length) for row in range(border - EDITS.rows, border + EDITS.rows - 2)]
    rows = [row for row in rows if 0 <= row < FRAMES - 2]
    free = ~constrained[:, 10]
    rows = [row for row in rows if free[row : row + 3].any()]
    if rows:
        assert acceleration(found)[rows].max() <= acceleration(vectors)[rows].max() * 1.0001 + 1e-6
