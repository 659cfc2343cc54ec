"""Beat alignment, on a body that swings its arm with stops at given times."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_backend.choreography.library import STARTER, open_libraries
from edge_backend.evaluation.beats import beat_alignment
from edge_backend.evaluation.smoothness import jitter
from edge_backend.motion.beat_alignment import (
    PULSE,
    REACH_S,
    TEMPO,
    align_to_beats,
    motion_beats,
    places_on_the_beat,
    pulse,
    retimed,
)
from edge_backend.motion.motion import Motion
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import Joint

SECONDS = 10
BEATS = np.arange(0.5, SECONDS, 0.5)  # 120 bpm


def swinging(stops, seconds=SECONDS):
    """An arm that comes to rest at each of the stops (seconds), and of a foot that steps between them."""
    frames = round(seconds * Motion.fps)
    times = np.arange(frames) / Motion.fps
    ends = np.concatenate([[0.0], stops, [seconds]])
    way = np.interp(times, ends, np.arange(len(ends)))
    eased = np.floor(way) + (1 - np.cos(np.pi * (way % 1))) / 2  # speed 0 at each whole number
    angles = np.zeros((frames, 24, 3))
    angles[:, Joint.LEFT_SHOULDER, 1] = np.abs((eased % 2) - 1)
    root = np.stack([0.1 * times, np.zeros(frames), np.full(frames, 0.95)], axis=-1)
    contacts = np.repeat((np.arange(frames) // 15 % 2)[:, None], 4, axis=1)
    rotations = axis_angle_to_matrix(angles)
    return Motion(rotations.astype(np.float32), root.astype(np.float32), contacts.astype(np.float32))


def late(seconds=SECONDS):
    """Stops that come up to 0.12 s after the beats, and before them again."""
    beats = np.arange(0.5, seconds, 0.5)
    return beats + 0.12 * np.sin(np.arange(len(beats)) / 2)


def distance(motion, beats):
    """Seconds from each beat to the nearest stop."""
    return np.abs(beats[:, None] - motion_beats(motion.joints())).min(axis=1)


def test_stops_come_to_lie_on_the_beats():
    before = swinging(late())
    after = align_to_beats(before, BEATS)
    assert distance(before, BEATS).max() > 0.1
    assert distance(after, BEATS).max() < 0.02  # a stop's place is known to about half a frame


def test_a_dance_that_does_not_listen_beats_chance_afterwards():
    """Stops 0.25 to 0.7 s apart, at random relative to beats every 0.5 s; after alignment far more are on beats."""
    stops = np.cumsum(np.random.default_rng(0).uniform(0.25, 0.7, 40))
    before = swinging(stops[stops < SECONDS - 0.1])
    after = align_to_beats(before, BEATS)
    assert beat_alignment(before.joints(), BEATS).percentile < 0.9
    aligned = beat_alignment(after.joints(), BEATS)
    assert aligned.percentile > 0.98
    assert aligned.music > 1.5 * aligned.music_chance


def test_a_stop_between_two_beats_goes_to_the_one_that_begins_a_bar():
    stops, beats, free = np.array([4.2]), np.array([4.0, 4.5]), np.zeros(300, bool)
    assert places_on_the_beat(stops, beats, free)[120] == pytest.approx(126)  # of equal beats to the nearer one
    assert places_on_the_beat(stops, beats, free, np.array([False, True]))[135] == pytest.approx(126)


def test_two_stops_on_other_beats_are_worth_more_than_one_on_a_first_beat():
    stops, beats, free = np.array([4.17, 5.05]), np.array([4.0, 4.5, 5.0]), np.zeros(300, bool)
    places = places_on_the_beat(stops, beats, free, np.array([False, True, False]))
    assert places[[120, 150]] == pytest.approx([125.1, 151.5])


def test_on_beats_without_a_stop_near_them_a_dance_is_slower_than_between():
    """The arm swings on and on; only the root's 0.1 m/s show the pulse."""
    steady = swinging(np.zeros(0))
    walked = np.diff(align_to_beats(steady, BEATS).root[:, 0].astype(float)) * Motion.fps / 0.1
    on, between = (walked[(15 * np.arange(2, 18) + offset).astype(int)] for offset in (0, 7))
    assert on == pytest.approx(1 - PULSE, abs=0.03)
    assert between == pytest.approx(1 + PULSE, abs=0.03)


@settings(deadline=None, max_examples=40)
@given(gaps=st.lists(st.floats(0.2, 1.2), min_size=1, max_size=20))
def test_a_pulse_keeps_the_beats_and_changes_the_tempo_by_no_more_than_its_share(gaps):
    beats = np.cumsum(gaps)
    assert pulse(beats, beats) == pytest.approx(0, abs=1e-9)
    seconds = np.linspace(0, beats[-1] + 1, 2000)
    rate = np.diff(seconds + pulse(seconds, beats)) / np.diff(seconds)
    assert rate.min() > 1 - PULSE - 1e-6
    assert rate.max() < 1 + PULSE + 1e-6


def test_places_that_are_known_are_continued_without_a_jump():
    stops, beats = late(), BEATS
    free = np.zeros(300, bool)
    known = places_on_the_beat(stops, beats, free)[:130]
    assert abs(known[-1] - 129) > 0.5
    rest = places_on_the_beat(stops, beats, np.arange(300) < 130, known=known)
    assert np.array_equal(rest[:130], known)
    assert np.abs(np.diff(rest) - 1).max() < 3 * TEMPO
    shown = np.interp(rest / Motion.fps, stops, np.arange(len(stops)))
    assert shown[(beats * 30).astype(int)] == pytest.approx(np.arange(len(beats)), abs=0.01)


def test_half_the_amount_goes_half_the_way():
    motion = swinging(late())
    ways = [distance(align_to_beats(motion, BEATS, amount), BEATS).mean() for amount in (0, 0.5, 1)]
    assert ways[1] == pytest.approx(ways[0] / 2, rel=0.25)
    assert ways[2] < 0.2 * ways[0]


def test_without_beats_or_at_amount_0_nothing_changes():
    motion = swinging(late())
    assert align_to_beats(motion, BEATS, 0) is motion
    assert align_to_beats(motion, np.zeros(0)) is motion
    still = motion.part(np.zeros(60, int))
    np.testing.assert_allclose(align_to_beats(still, BEATS).vectors(), still.vectors(), atol=1e-6)


def test_constrained_frames_are_unchanged_bit_for_bit_and_are_left_without_a_jolt():
    motion = swinging(late())
    constrained = np.zeros(motion.frames, bool)
    constrained[[90]] = constrained[150:181] = True
    after, before = align_to_beats(motion, BEATS, constrained=constrained).vectors(), motion.vectors()
    assert np.array_equal(after[constrained], before[constrained])
    assert not np.allclose(after[~constrained], before[~constrained], atol=1e-3)
    # The root walks at a steady 0.1 m/s: its speed shows the tempo, which beside constrained frames is the dance's own.
    tempo = np.diff(after[:, 4].astype(float)) * Motion.fps / 0.1
    for frame in (90, 150, 180):
        assert tempo[frame - 3 : frame + 3] == pytest.approx(1, abs=0.02)


def test_a_dance_constrained_everywhere_is_unchanged():
    motion = swinging(late())
    after = align_to_beats(motion, BEATS, constrained=np.ones(motion.frames, bool))
    assert np.array_equal(after.vectors(), motion.vectors())


def test_contacts_stay_contacts_and_the_dance_trembles_no_more_than_before():
    motion = swinging(late())
    after = align_to_beats(motion, BEATS)
    assert set(np.unique(after.contacts)) == {0.0, 1.0}
    assert {after.rotations.dtype, after.root.dtype, after.contacts.dtype} == {np.dtype(np.float32)}
    clip = open_libraries([STARTER]).clip(0).part(slice(300))
    assert jitter(align_to_beats(clip, BEATS).joints()) < 1.05 * jitter(clip.joints())


def test_sincs_keep_the_jitter_of_motion_capture_and_places_that_stand():
    library = open_libraries([STARTER])
    for number in range(0, len(library.phrases), 700):
        clip = library.clip(number).part(slice(300))
        shown = np.arange(10, clip.frames - 10) + 0.5
        before = jitter(clip.part(slice(10, -10)).joints())
        cubic, sinc = (jitter(retimed(clip, shown, sharp=sharp).joints()) / before for sharp in (False, True))
        assert cubic < 0.9
        assert 0.95 < sinc < 1.05
    still = replace(clip, root=np.broadcast_to(clip.root[0], clip.root.shape))
    np.testing.assert_allclose(retimed(still, shown, sharp=True).root, still.root[10:-10], atol=1e-6)


@settings(deadline=None, max_examples=40)
@given(
    stops=st.lists(st.floats(0.15, 0.9), min_size=4, max_size=12),
    gaps=st.lists(st.floats(0.25, 1.2), min_size=0, max_size=20),
    constrained=st.lists(st.integers(0, 179), max_size=6),
)
def test_whatever_the_beats_time_runs_forward_at_nearly_the_dances_own_tempo(stops, gaps, constrained):
    seconds = 6
    motion = swinging(np.cumsum(stops)[np.cumsum(stops) < seconds - 0.1], seconds)
    constrained_frames = np.zeros(motion.frames, bool)
    constrained_frames[constrained] = True
    after, before = align_to_beats(motion, np.cumsum(gaps), constrained=constrained_frames).vectors(), motion.vectors()
    assert after.shape == before.shape
    assert np.array_equal(after[[0, -1]], before[[0, -1]])
    assert np.array_equal(after[constrained_frames], before[constrained_frames])
    shown = after[:, 4].astype(float) / 0.1  # the second of the old dance, by how far the root has walked
    tempo = np.diff(shown) * Motion.fps
    # Between two stops the tempo keeps to TEMPO on average; a smooth curve has to exceed it in between.
    assert tempo.min() > 1 - 3 * TEMPO
    assert tempo.max() < 1 + 3 * TEMPO
    assert np.abs(shown - np.arange(len(shown)) / Motion.fps).max() < REACH_S + 0.01
