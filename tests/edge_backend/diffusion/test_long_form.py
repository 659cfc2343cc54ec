import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_backend.diffusion.long_form import agreeing, plan_windows, share_overlap, stitch
from edge_backend.motion.representation import pack
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.schema.frames import HOP, WINDOW


@given(frames=st.integers(1, 40_000))
def test_the_windows_cover_the_song_and_none_is_needless(frames):
    plan = plan_windows(frames)
    assert plan.padded_frames >= frames
    assert plan.windows == 1 or plan.padded_frames - HOP < frames


@pytest.mark.parametrize(
    ("frames", "windows"), [(1, 1), (30, 1), (150, 1), (151, 2), (225, 2), (226, 3), (1800, 23), (18_000, 239)]
)
def test_how_many_windows_a_song_has(frames, windows):
    assert plan_windows(frames).windows == windows


def test_no_frames_are_no_dance():
    with pytest.raises(ValueError, match="0 frames"):
        plan_windows(0)


def test_each_window_has_its_part_of_the_song():
    plan = plan_windows(400)
    cut = plan.cut(np.arange(plan.padded_frames, dtype=np.float32)[:, None])
    assert cut.shape == (plan.windows, WINDOW, 1)
    for window in range(plan.windows):
        assert cut[window, :, 0].tolist() == list(range(window * HOP, window * HOP + WINDOW))


def test_windows_begin_as_the_one_before_ends():
    x = np.random.default_rng(0).normal(size=(4, WINDOW, 3))
    shared = share_overlap(x, 0)
    np.testing.assert_array_equal(shared[1:, :HOP], x[:-1, HOP:])
    np.testing.assert_array_equal(shared[:, HOP:], x[:, HOP:])
    np.testing.assert_array_equal(shared[0], x[0])


def test_predictions_of_neighbours_fade_into_each_other():
    x0 = np.stack([np.full((WINDOW, 1), float(window)) for window in range(3)])
    agreed = agreeing(lambda x, _t: x)(x0, 0)
    np.testing.assert_array_equal(agreed[1:, :HOP], agreed[:-1, HOP:])
    np.testing.assert_allclose(agreed[1, :HOP, 0], np.linspace(0, 1, HOP))
    np.testing.assert_allclose(agreed[1, HOP:, 0], np.linspace(1, 2, HOP))
    assert (agreed[0, :HOP] == 0).all()
    assert (agreed[2, HOP:] == 2).all()


def _turning_dance(frames, offset=0.0):
    """A dance that turns about the vertical by 2 degrees a frame, through every angle, and walks along x."""
    angle = np.radians(2.0) * np.arange(frames) + offset
    turn = np.stack([np.zeros(frames), np.zeros(frames), angle], axis=-1)
    rotations = np.broadcast_to(axis_angle_to_matrix(turn)[:, None], (frames, 24, 3, 3))
    root = np.stack([0.01 * np.arange(frames), np.zeros(frames), np.ones(frames)], axis=-1)
    return pack(np.zeros((frames, 4)), root, rotations)


def test_windows_that_agree_stitch_to_the_dance_that_they_were_cut_from():
    dance = _turning_dance(375)
    windows = plan_windows(375).cut(dance)
    np.testing.assert_allclose(stitch(windows).vectors(), dance, atol=2e-6)


def test_one_window_is_left_as_it_is():
    dance = _turning_dance(WINDOW)
    np.testing.assert_allclose(stitch(dance[None]).vectors(), dance, atol=2e-6)


def test_windows_that_disagree_fade_from_the_earlier_to_the_later_at_an_even_pace():
    earlier, later = _turning_dance(WINDOW), _turning_dance(WINDOW, offset=np.radians(2 * HOP + 90))
    rotations = stitch(np.stack([earlier, later])).rotations
    heading = np.unwrap(np.arctan2(rotations[:, 0, 1, 0], rotations[:, 0, 0, 0]))
    turn = np.degrees(np.diff(heading))
    # 90 degrees more over 74 steps from the earlier to the later, on top of the dance's own 2 a frame.
    np.testing.assert_allclose(turn[HOP : 2 * HOP - 1], 2 + 90 / (HOP - 1), atol=1e-2)
    np.testing.assert_allclose(turn[: HOP - 1], 2, atol=1e-2)
    np.testing.assert_allclose(turn[2 * HOP :], 2, atol=1e-2)
