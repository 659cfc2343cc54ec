"""Resampled sound: frequencies below half of the new rate stay in place, others are removed."""

import math

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge_backend.numerics.resampling import Resampled, resampled

TARGET = 22050
USUAL = (8000, 11025, 16000, 32000, 44100, 48000, 88200, 96000)
INNER = slice(200, -200)  # away from the ends, where the sound itself is cut off


def tone(rate: int, hertz: float, seconds: float = 2.0) -> NDArray[np.float32]:
    sound: NDArray[np.float32] = np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate).astype(np.float32)
    return sound


@pytest.mark.parametrize("rate", [*USUAL, 47952, 44099])
def test_a_tone_that_both_rates_have_stays_as_it_is(rate: int) -> None:
    found = resampled(tone(rate, 440), rate, TARGET)
    assert found.dtype == np.float32 and len(found) == 2 * TARGET
    usual = 1e-4  # the window: 80 dB
    apart = np.abs(found - tone(TARGET, 440))[INNER].max()
    assert apart < (usual if rate in USUAL else 440 * 2 * math.pi / rate / 64)  # half of 1/64 sample, twice


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_what_the_lower_rate_cannot_hold_is_removed(rate: int) -> None:
    assert np.abs(resampled(tone(rate, 13000), rate, TARGET)[INNER]).max() < 1e-4  # -80 dB


@pytest.mark.parametrize("rate", USUAL)
def test_it_is_close_to_soxr(rate: int) -> None:
    """On noise, of which the two differ in the last few hundred hertz below half of the lower rate."""
    noise = np.random.default_rng(0).normal(0, 0.1, 4 * rate).astype(np.float32)
    ours, theirs = resampled(noise, rate, TARGET), soxr.resample(noise, rate, TARGET, quality="HQ")
    spectra = [np.abs(np.fft.rfft(sound[: 4 * TARGET - 10][INNER])) for sound in (ours, theirs)]
    heard = slice(0, round(0.8 * len(spectra[0]) * min(rate / TARGET, 1)))
    assert np.abs(spectra[0] - spectra[1])[heard].max() < 2e-3 * spectra[1][heard].max()


def test_a_click_after_ten_minutes_is_where_it_was() -> None:
    sound = np.zeros(600 * 4800, np.float32)
    sound[-4800] = 1.0
    found = resampled(sound, 4800, 2205)
    assert int(found.argmax()) == 599 * 2205


@settings(max_examples=60)
@given(st.integers(0, 3000), st.sampled_from([8000, 44100, 48000, 44099]), st.sampled_from([8000, 22050, 44100]))
def test_its_length_is_the_songs(samples: int, rate: int, target: int) -> None:
    found = resampled(np.ones(samples, np.float32), rate, target)
    assert len(found) == math.ceil(samples * target / rate) and np.isfinite(found).all()


@settings(max_examples=60)
@given(st.integers(0, 40000), st.integers(0, 40000), st.sampled_from([22050, 32000, 44100, 48000, 44099]))
def test_a_part_is_that_of_the_whole(start: int, stop: int, rate: int) -> None:
    noise = np.random.default_rng(0).normal(size=50000).astype(np.float32)
    whole, part = resampled(noise, rate, TARGET)[start:stop], Resampled(noise, rate, TARGET)[start:stop]
    np.testing.assert_allclose(part, whole, rtol=0, atol=1e-5)
