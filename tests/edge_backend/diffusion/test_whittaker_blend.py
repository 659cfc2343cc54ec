import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_backend.diffusion.whittaker_blend import EASE, whittaker_blend


def column(values):
    return np.asarray(values, dtype=float)[:, None]


@pytest.fixture
def wave():
    """A smooth movement of 60 frames."""
    return column(np.sin(np.arange(60) / 20))


def roughness(vectors):
    return np.abs(np.diff(vectors, n=2, axis=0)).max()


@pytest.mark.parametrize("frame", [0, 1, 30, 59])
def test_a_constrained_frame_that_trembles_no_longer_jolts_its_neighbours(wave, frame):
    constrained = column(np.arange(60) == frame) > 0
    wave[frame] += 0.02
    eased = whittaker_blend(wave, constrained)
    assert eased[frame] == wave[frame]
    assert roughness(eased) < roughness(wave) / 2


def test_a_step_between_constrained_and_free_frames_becomes_a_slope(wave):
    constrained = column(np.arange(60) < 30) > 0
    wave[30:] += 0.05
    assert roughness(whittaker_blend(wave, constrained)) < roughness(wave) / 3


def test_only_the_frames_beside_constrained_ones_move(wave):
    constrained = column((np.arange(60) >= 20) & (np.arange(60) < 30)) > 0
    wave[30:] += 0.05
    moved = np.flatnonzero(whittaker_blend(wave, constrained) != wave)
    assert set(moved) == {*range(20 - EASE, 20), *range(30, 30 + EASE)}


def test_a_smooth_join_is_left_nearly_as_it_is(wave):
    constrained = column(np.arange(60) < 30) > 0
    assert np.abs(whittaker_blend(wave, constrained) - wave).max() < 0.01  # of a wave from -1 to 1


def test_channels_are_eased_each_for_itself(wave):
    vectors = np.hstack([wave, wave])
    vectors[30] += 0.02
    constrained = np.zeros((60, 2), dtype=bool)
    constrained[30, 1] = True
    eased = whittaker_blend(vectors, constrained)
    np.testing.assert_array_equal(eased[:, 0], vectors[:, 0])
    np.testing.assert_array_equal(eased[:, 1:], whittaker_blend(vectors[:, 1:], constrained[:, 1:]))


@given(frames=st.integers(1, 8), data=st.data())
def test_dances_of_any_length_and_any_constrained_frames(frames, data):
    constrained = column(data.draw(st.lists(st.booleans(), min_size=frames, max_size=frames))) > 0
    vectors = column(np.arange(frames) ** 2)
    eased = whittaker_blend(vectors, constrained)
    assert np.isfinite(eased).all()
    np.testing.assert_array_equal(eased[constrained], vectors[constrained])
    if not constrained.any():
        np.testing.assert_array_equal(eased, vectors)
