"""Fits are compared with dense solutions; bridges and envelopes are tested for their properties."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge_backend.motion.feet.curves import bridge, envelope, fit_curve, rise
from edge_backend.numerics.intervals import distance, runs

MASKS = st.integers(1, 60).flatmap(lambda frames: arrays(bool, frames))
SEEDS = st.integers(0, 2**32 - 1)


@given(st.integers(1, 40), SEEDS, st.floats(0, 1e5))
def test_a_fitted_curve_is_the_least_squares_solution(frames, seed, stiffness):
    random = np.random.default_rng(seed)
    place_weight, step_weight = random.uniform(0.1, 2, frames), random.uniform(0, 2, frames - 1)
    place, step = random.normal(size=(frames, 2)), random.normal(size=(frames - 1, 2))
    curve = fit_curve(place_weight, place, step_weight, step, stiffness)
    difference = np.diff(np.eye(frames), axis=0)
    bends = np.diff(np.eye(frames), n=2, axis=0) if frames > 2 else np.zeros((0, frames))
    rows = [np.diag(place_weight**0.5), step_weight[:, None] ** 0.5 * difference, stiffness**0.5 * bends]
    right = [place_weight[:, None] ** 0.5 * place, step_weight[:, None] ** 0.5 * step, np.zeros((len(bends), 2))]
    best = np.linalg.lstsq(np.concatenate(rows), np.concatenate(right), rcond=None)[0]
    assert np.allclose(curve, best, atol=1e-6)


@given(MASKS)
def test_runs_cover_the_mask(mask):
    rebuilt = np.zeros_like(mask)
    for start, end in runs(mask):
        assert start < end
        rebuilt[start:end] = True
    assert np.array_equal(rebuilt, mask)


@given(MASKS, SEEDS)
def test_a_bridge_keeps_what_is_pinned_and_ends(mask, seed):
    values = 0.02 * np.random.default_rng(seed).normal(size=(len(mask), 3))
    curve = bridge(values, mask, blend=6, acceleration=0.003)
    assert np.array_equal(curve[mask], values[mask])
    # 0.02 * 5 sigma takes sqrt(6 * 0.17 / 0.003) = 19 frames at most
    assert not curve[distance(mask) > 19].any()


def test_a_large_correction_fades_slower_than_a_small_one():
    pinned = np.arange(120) < 10
    for size in (0.001, 0.03, 0.1):
        curve = bridge(np.full((120, 1), size), pinned, blend=6, acceleration=0.003)
        assert np.abs(np.diff(curve[9:], n=2, axis=0)).max() <= max(0.003, 6 * size / 6**2) + 1e-12


def test_a_bridge_between_near_plants_does_not_go_by_zero():
    pinned = np.ones(30, dtype=bool)
    pinned[12:18] = False
    curve = bridge(np.full((30, 1), 0.05), pinned, blend=6, acceleration=0.003)
    assert np.allclose(curve, 0.05)


@given(arrays(np.float64, st.integers(1, 50), elements=st.floats(0, 1)), st.integers(1, 6))
def test_an_envelope_covers_the_need(need, reach):
    curve = envelope(need, reach)
    assert (curve >= need - 1e-12).all()
    assert curve.max() <= need.max() + 1e-12
    assert np.allclose(curve[distance(need > 0) > 2 * reach], 0)


@given(arrays(np.float64, st.integers(1, 50), elements=st.floats(0, 1)), SEEDS)
def test_a_rise_leaves_pinned_frames_alone_and_is_late_by_little(need, seed):
    pinned = np.random.default_rng(seed).random(len(need)) < 0.2
    curve = rise(need, pinned, 4, late=0.1)
    assert not curve[pinned].any()
    assert (curve >= np.where(pinned, 0, need) - 0.1 - 1e-12).all()


@given(MASKS)
def test_distance_is_to_the_nearest(mask):
    frames = np.arange(len(mask), dtype=float)
    for frame, found in zip(frames, distance(mask), strict=True):
        assert found == np.abs(frames[mask] - frame).min(initial=np.inf)
