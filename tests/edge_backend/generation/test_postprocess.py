"""Incremental postprocessing: frames once shown do not change, and later ones continue them smoothly."""

import tracemalloc

import numpy as np
import pytest
from pipeline_fixtures import swaying

from edge_backend.diffusion.constraints import frame_range, free
from edge_backend.diffusion.edit_constraints import EditConstraints
from edge_backend.generation.postprocess import LOOK_AHEAD, Postprocessor
from edge_backend.motion.feet import FootSettings

FRAMES = 900
BEATS = np.arange(0.4, FRAMES / 30, 0.5)
ENDS = (150, 300, 600)


@pytest.fixture(scope="module")
def sampled():
    return swaying(FRAMES, place=(1.0, 2.0), heading=1.0)


def postprocessor(edit=None, on_beat=1.0, smoothness=0.2, feet=True):
    return Postprocessor(
        BEATS, edit or EditConstraints(free(FRAMES)), on_beat, FootSettings(enabled=feet), smoothness, {"seed": 1}
    )


def acceleration(motion):
    return np.linalg.norm(np.diff(motion.joints(), n=2, axis=0), axis=-1).max(axis=1)


def test_frames_once_shown_are_unchanged_bit_for_bit(sampled):
    incremental = postprocessor()
    parts = [incremental.new_frames(sampled.part(slice(end))) for end in ENDS]
    whole = incremental.whole(sampled)
    assert whole.frames == FRAMES
    shown = 0
    for end, new in zip(ENDS, parts, strict=True):
        assert new is not None
        assert shown + new.frames == end - LOOK_AHEAD
        assert new.vectors().tobytes() == whole.vectors()[shown : shown + new.frames].tobytes()
        shown += new.frames


def test_what_a_part_takes_does_not_depend_on_what_was_shown():
    """So that the time for an hour grows with its length alone."""
    long = swaying(3 * FRAMES, place=(1.0, 2.0), heading=1.0)
    incremental = postprocessor(EditConstraints(free(3 * FRAMES)))
    most = {}
    for end in range(300, 3 * FRAMES + 1, 300):
        tracemalloc.start()
        incremental.new_frames(long.part(slice(end)))
        most[end] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most[2700] < 1.05 * most[900]


def test_stretches_join_without_a_jolt(sampled):
    incremental = postprocessor()
    for end in ENDS:
        incremental.new_frames(sampled.part(slice(end)))
    jolts = acceleration(incremental.whole(sampled))
    seams = [jolts[end - LOOK_AHEAD - 3 : end - LOOK_AHEAD + 2].max() for end in ENDS]
    assert max(seams) < 2 * np.percentile(acceleration(postprocessor().whole(sampled)), 99)


def test_too_little_is_not_shown_yet(sampled):
    incremental = postprocessor()
    assert incremental.new_frames(sampled.part(slice(40))) is None
    assert incremental.new_frames(sampled.part(slice(150))) is not None
    assert incremental.new_frames(sampled.part(slice(150))) is None  # nothing new


def test_at_once_and_untouched_the_dance_is_what_it_was_but_for_its_place(sampled):
    plain = postprocessor(on_beat=0, smoothness=0, feet=False).whole(sampled)
    np.testing.assert_array_equal(plain.rotations[:, 1:], sampled.rotations[:, 1:])
    np.testing.assert_allclose(plain.root[:, 2], sampled.root[:, 2], atol=1e-6)
    assert plain.root[0, :2].tolist() == [0, 0]


def test_constraints_further_on_are_met_exactly(sampled):
    """Although the foot cleanup of the frames shown before has moved the root."""
    edit = EditConstraints(frame_range(sampled.vectors()[500:560], 500, FRAMES))
    incremental = postprocessor(edit)
    for end in ENDS:
        incremental.new_frames(sampled.part(slice(end)))
    whole = incremental.whole(sampled)
    np.testing.assert_allclose(whole.root[500:560], sampled.root[500:560], atol=1e-6)


def test_joins_are_brought_to_the_beats_while_the_dance_is_streamed(sampled):
    """Only they: the pieces between them are on the beats already."""
    laid = frame_range(sampled.vectors(), 0, FRAMES)
    joins = np.zeros(FRAMES, bool)
    joins[200:250] = True
    laid.weight[joins] = 0.95
    incremental = postprocessor(smoothness=0, feet=False)
    incremental.timed = True
    assert incremental.new_frames(sampled.part(slice(150))) is not None
    incremental.join(laid)
    new = incremental.new_frames(sampled.part(slice(400))).rotations
    then = slice(150 - LOOK_AHEAD, 400 - LOOK_AHEAD)
    changed = np.abs(new - sampled.rotations[then])[:, 1:].max(axis=(1, 2, 3)) > 1e-4
    assert changed[joins[then]][5:-5].mean() > 0.5
    assert not changed[~joins[then]].any()
