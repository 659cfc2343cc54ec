"""Windows around a loop: they agree wherever they show the same frame, over the end too."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_backend.diffusion.ring import Ring
from edge_backend.motion.representation import CHANNELS, ROOT
from edge_backend.schema.frames import HOP, WINDOW

PLACE = slice(ROOT.start, ROOT.start + 2)
LENGTHS = [1, 51, 75, 76, 149, 150, 206, 225, 411]


@given(frames=st.integers(1, 20_000))
def test_the_windows_go_around_the_loop_and_none_is_needless(frames):
    ring = Ring(frames)
    assert ring.windows * HOP >= frames > (ring.windows - 1) * HOP
    assert set(range(frames)) <= set((ring.places % frames).ravel().tolist())


def test_no_frames_are_no_loop():
    with pytest.raises(ValueError, match="0 frames"):
        Ring(0)


@pytest.mark.parametrize("frames", LENGTHS)
def test_noise_is_the_same_wherever_two_windows_show_the_same_frame(frames):
    ring = Ring(frames)
    noise = ring.share(np.random.default_rng(0).normal(size=(ring.windows, WINDOW, 3)))
    values = {}
    for frame, value in zip((ring.places % frames).ravel(), noise.reshape(-1, 3), strict=True):
        assert (values.setdefault(frame, value) == value).all()


@pytest.mark.parametrize("frames", LENGTHS)
def test_a_loop_cut_into_windows_is_that_loop_again(frames):
    ring = Ring(frames)
    loop = np.random.default_rng(1).normal(size=(frames, CHANNELS)).astype(np.float32)
    blended, travel = ring.blend(ring.cut(loop))
    np.testing.assert_allclose(blended, loop, atol=1e-5)
    assert not travel.any()


@pytest.mark.parametrize("frames", LENGTHS)
def test_a_loop_that_leads_somewhere_is_found_with_its_way(frames):
    ring = Ring(frames, travels=True)
    loop = np.random.default_rng(2).normal(size=(frames, CHANNELS)).astype(np.float32)
    way = np.array([0.3, -0.2], np.float32)
    windows = ring.cut(loop)
    windows[..., PLACE] += (ring.places // frames)[..., None] * way
    blended, travel = ring.blend(windows)
    np.testing.assert_allclose(travel, way, atol=1e-5)
    np.testing.assert_allclose(blended, loop, atol=2e-5)


@pytest.mark.parametrize("travels", [False, True])
@pytest.mark.parametrize("frames", LENGTHS)
def test_windows_agree_whatever_the_network_predicts(frames, travels):
    ring = Ring(frames, travels)
    x = np.random.default_rng(3).normal(size=(ring.windows, WINDOW, CHANNELS)).astype(np.float32)
    agreed = ring.agreeing(lambda values, _t: values)(x, 0)
    again = ring.agreeing(lambda values, _t: values)(agreed, 0)
    np.testing.assert_allclose(again, agreed, atol=1e-5)
    laps = ring.places // frames
    same = (ring.places % frames == 0) & (laps == 1)
    if same.any() and not travels:  # the frame after the last is the first
        np.testing.assert_array_equal(agreed[same], np.broadcast_to(agreed[0, 0], agreed[same].shape))
