"""The timing of a dance that arrives in pieces."""

import numpy as np
from dancing import stepping

from edge_backend.generation.beat_timing import BeatTiming
from edge_backend.motion.beat_alignment import align_to_beats, motion_beats, retimed
from edge_backend.motion.motion import Motion

BEATS = np.arange(0.5, 30, 0.55)
BEGINS_BAR = np.arange(len(BEATS)) % 4 == 0
LOOK_AHEAD = 15


def dance() -> Motion:
    """Steps whose tempo comes and goes: stops up to a third of a beat away from the beats."""
    return retimed(stepping(30, 109), np.cumsum(1 + 0.08 * np.sin(np.arange(900) / 25)))


def near(motion: Motion) -> float:
    """The share of beats with a stop within 50 ms."""
    away = np.abs(BEATS[:, None] - motion_beats(motion.joints())).min(axis=1)
    return float((away < 0.05).mean())


def test_frames_that_are_final_stay_and_the_others_follow_without_a_jump() -> None:
    timing, before, shown = BeatTiming(BEATS, BEGINS_BAR, 1.0), dance(), np.zeros((0, 151))
    usual = np.abs(np.diff(before.vectors()[:, 4:], axis=0)).max()
    for frames in (75, 150, 225, 300, 320, 450, 900):
        final = frames - LOOK_AHEAD if frames < before.frames else frames
        found = timing.aligned(before.part(slice(frames)), final).vectors()
        np.testing.assert_allclose(found[: len(shown)], shown, atol=1e-5)
        assert np.abs(np.diff(found[:, 4:], axis=0)).max() < 1.5 * usual
        shown = found[:final]


def test_in_pieces_as_many_beats_are_met_as_at_once() -> None:
    timing, before = BeatTiming(BEATS, BEGINS_BAR, 1.0), dance()
    for frames in range(75, 900, 75):
        timing.aligned(before.part(slice(frames)), frames - LOOK_AHEAD)
    streamed = near(timing.aligned(before, before.frames))
    whole = near(align_to_beats(before, BEATS, begins_bar=BEGINS_BAR))
    assert near(before) < 0.6
    assert whole > 0.9
    assert streamed > whole - 0.05


def test_without_beats_or_at_amount_0_the_motion_stays_as_it_is() -> None:
    before = dance()
    assert BeatTiming(np.zeros(0), np.zeros(0, bool), 1.0).aligned(before, 900) is before
    assert BeatTiming(BEATS, BEGINS_BAR, 0.0).aligned(before, 900) is before
