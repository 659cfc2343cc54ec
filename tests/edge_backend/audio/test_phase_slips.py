"""Beats that go on half a beat later at the same tempo are brought into one phase where neither is clear."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_backend.audio.beat_detection import pointed
from edge_backend.audio.phase_slips import without_slips

PERIOD = 0.5
Array = NDArray[np.float64]


def slipped(phase: float, over: int, count: int = 60, at: int = 40) -> Array:
    """Beats of which `over` intervals are longer, so that those after them are `phase` of a beat late."""
    intervals = np.full(count, PERIOD)
    intervals[at : at + over] += phase * PERIOD / over
    return np.concatenate([[0.3], 0.3 + np.cumsum(intervals)])


def unclear(beats: Array) -> Callable[[Array], Array]:
    """Probabilities that are a little higher at these beats than elsewhere."""
    return lambda seconds: np.where(np.abs(seconds[:, None] - beats).min(axis=1) < 0.03, 0.4, 0.37)


def clear(beats: Array) -> Callable[[Array], Array]:
    """Probabilities that are much higher at these beats than elsewhere."""
    return lambda seconds: np.where(np.abs(seconds[:, None] - beats).min(axis=1) < 0.03, 0.8, 0.05)


def off(found: Array, phase: float) -> float:
    """The largest distance, in beats, of the beats found from a grid of PERIOD."""
    places = (found - 0.3) / PERIOD - phase
    return float(np.abs(places - np.round(places)).max())


@pytest.mark.parametrize("over", [1, 2, 4])
@pytest.mark.parametrize("phase", [0.5, -0.5, 1 / 3])
def test_a_slip_is_mended_in_favour_of_the_longer_side(phase: float, over: int) -> None:
    late = slipped(phase, over)
    mended = without_slips(late, unclear(late))
    assert off(mended, 0.0) < 0.05
    np.testing.assert_allclose(np.diff(mended), PERIOD, rtol=0.05)
    assert abs(len(mended) - len(late)) <= 1 and abs(mended[-1] - late[-1]) < PERIOD
    early = slipped(phase, over, at=18)
    assert off(without_slips(early, unclear(early)), phase) < 0.05


def test_the_likelier_side_has_it_however_short() -> None:
    late = slipped(0.5, 2)
    loud = without_slips(late, lambda seconds: np.where(seconds > 20.0, clear(late)(seconds) + 0.7, 0.8))
    assert off(loud, 0.5) < 0.05


def test_a_slip_of_clear_beats_is_left() -> None:
    """The music itself slips, or is played freely."""
    late = slipped(0.5, 2)
    np.testing.assert_array_equal(without_slips(late, clear(late)), late)


def test_two_slips_are_mended() -> None:
    first = slipped(0.5, 2, at=15)
    both = np.concatenate([first, first[-1] + slipped(-0.5, 1, count=30, at=15)])
    assert off(without_slips(both, unclear(both)), 0.5) < 0.06


@pytest.mark.parametrize(
    "beats",
    [
        slipped(0.0, 1),
        slipped(1.0, 1),  # a beat that is left out
        slipped(0.1, 2),  # a breath
        np.cumsum(np.linspace(0.6, 0.45, 90)),  # a ramp
        np.cumsum(np.where(np.arange(60) < 30, 0.5, 0.4)),  # a jump
        np.arange(0.0, 5.0, PERIOD),  # too few
        np.zeros(0),
    ],
    ids=["steady", "left out", "breath", "ramp", "jump", "short", "none"],
)
def test_other_changes_are_left(beats: Array) -> None:
    np.testing.assert_array_equal(without_slips(beats, clear(beats)), beats)


def test_freely_played_beats_have_none() -> None:
    rng = np.random.default_rng(0)
    drift = np.convolve(rng.normal(0, 0.04, 128), np.ones(9) / 3, "valid")
    beats = np.cumsum(PERIOD * (1 + drift))
    np.testing.assert_array_equal(without_slips(beats, clear(beats)), beats)


def activations(beats: Array, seconds: float, *others: Array) -> Array:
    """Probabilities (T, 3) at 100 frames a second: 0.7 at these beats, 0.6 at others."""
    fine = np.tile([0.97, 0.02, 0.01], (round(100 * seconds), 1))
    for other in others:
        fine[np.round(100 * other).astype(int)] = [0.4, 0.5, 0.1]
    fine[np.round(100 * beats).astype(int)] = [0.3, 0.6, 0.1]
    return fine


def test_off_beats_at_the_end_do_not_move_the_beats() -> None:
    """The network takes the off-beats of the last third for the beats, and is not sure."""
    even = 0.3 + PERIOD * np.arange(63)
    fine = activations(slipped(0.5, 2), 32.0, even[42:])
    beats = without_slips(pointed(fine), lambda seconds: 1 - fine[np.round(100 * seconds).astype(int), 0])
    assert off(beats, 0.0) < 0.1
    assert beats[-1] > 31.0


def test_a_tempo_that_jumps_is_followed() -> None:
    beats = 0.3 + np.cumsum(np.where(np.arange(60) < 30, 0.5, 0.4))
    found = pointed(activations(beats, 30.0))
    assert np.abs(found[:, None] - beats).min(axis=0).max() < 0.03
