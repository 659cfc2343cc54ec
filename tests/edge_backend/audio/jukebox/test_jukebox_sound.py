"""Slices are prepared as EDGE's authors prepared them for Jukebox."""

import numpy as np
import pytest
import torch

from edge_backend.audio.jukebox.encoder import encode
from edge_backend.audio.jukebox.sound import prepare
from edge_backend.errors import EdgeError


def tone(rate: int, seconds: float = 1.0, height: float = 0.3) -> np.ndarray:
    return (height * np.sin(2 * np.pi * 440 * np.arange(round(rate * seconds)) / rate)).astype(np.float32)


def test_a_slice_is_as_loud_as_it_can_be_and_silence_stays_silent() -> None:
    assert np.abs(prepare(tone(44100, height=0.01), 44100)).max() == 1.0
    assert not prepare(np.zeros(44100, np.float32), 44100).any()


def test_a_slice_is_rounded_to_sixteen_bits_before() -> None:
    quiet = tone(44100, height=4 / 32768)
    assert len(np.unique(prepare(quiet, 44100))) <= 9  # from -4 to 4


def test_what_is_too_loud_is_clipped() -> None:
    loud = prepare(tone(44100, height=2.0), 44100)
    assert (np.abs(loud) > 0.999).mean() == pytest.approx(2 / 3, abs=0.01)  # |sin| > 1/2 for two thirds of the time


@pytest.mark.parametrize("rate", [22050, 48000, 11025])
def test_any_rate_becomes_44100(rate: int) -> None:
    sound = prepare(tone(rate), rate)
    assert sound.shape == (44100,)
    assert sound.dtype == np.float32
    expected = tone(44100, height=1.0)
    assert np.abs(sound - expected)[2000:-2000].max() < 0.01  # but at the ends, which ring


def test_less_than_a_code_is_refused() -> None:
    with pytest.raises(EdgeError) as caught:
        encode({}, torch.zeros(1, 100))
    assert caught.value.code == "audio_too_short"
