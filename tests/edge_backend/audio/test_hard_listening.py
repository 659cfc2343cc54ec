"""Sound that is hardly a song, or none, gets an honest map; never an exception."""

import numpy as np
import pytest
from made_sound import audio, hats, kicks
from numpy.typing import NDArray

from edge_backend.audio.features import song_features
from edge_backend.audio.listening import listen
from edge_backend.schema.song_map import SongMap, from_json

RATE = 22050
SECONDS = 20.0
Array = NDArray[np.float64]


def _time(seconds: float = SECONDS) -> Array:
    return np.arange(round(RATE * seconds)) / RATE


def _speech() -> Array:
    """Syllables of uneven lengths: a buzz with two moving formants, pauses and hisses between."""
    rng = np.random.default_rng(5)
    out = np.zeros(round(RATE * SECONDS))
    place = 0.3
    while place < SECONDS - 0.6:
        length = float(rng.uniform(0.08, 0.35))
        time = _time(length)
        pitch = 110 + 30 * rng.standard_normal() + 40 * np.sin(2 * np.pi * 1.5 * time)
        phase = np.cumsum(pitch) / RATE
        formants = rng.uniform(300, 900), rng.uniform(1000, 2400)
        tone = sum(
            np.sin(2 * np.pi * k * phase) * max(np.exp(-(((k * 120 - f) / 250) ** 2)) for f in formants)
            for k in range(1, 25)
        )
        hiss = rng.standard_normal(len(time)) * (0.3 if rng.random() < 0.3 else 0.02)
        start = round(place * RATE)
        out[start : start + len(time)] += (tone + hiss) * np.sin(np.pi * time / length)
        place += length + float(rng.choice([0.02, 0.1, 0.6], p=[0.6, 0.25, 0.15]))
    return 0.2 * out


def _a_cappella() -> Array:
    """A voice alone that slides from tone to tone, freely in time."""
    rng = np.random.default_rng(6)
    moments = np.cumsum(rng.uniform(0.4, 1.7, 24))
    pitches = 220 * 2 ** (rng.integers(0, 12, 24) / 12)
    pitch = np.interp(_time(), np.repeat(moments, 2)[1:-1], np.repeat(pitches, 2)[:-2])
    phase = np.cumsum(pitch * (1 + 0.02 * np.sin(2 * np.pi * 5.5 * _time()))) / RATE
    return 0.2 * sum(np.sin(2 * np.pi * k * phase) / k for k in range(1, 8))


def _birds() -> Array:
    rng = np.random.default_rng(7)
    out = np.zeros(round(RATE * SECONDS))
    for start in rng.uniform(0, SECONDS - 0.5, 40):
        time = _time(float(rng.uniform(0.05, 0.3)))
        chirp = np.sin(2 * np.pi * (rng.uniform(2500, 6000) * time + rng.uniform(-4000, 4000) * time**2))
        out[round(start * RATE) : round(start * RATE) + len(time)] += chirp * np.hanning(len(time))
    return 0.3 * out + 0.002 * rng.standard_normal(len(out))


SOUNDS = {
    "speech": _speech,
    "a cappella": _a_cappella,
    "birds": _birds,
    "rain": lambda: 0.2 * np.random.default_rng(8).standard_normal(round(RATE * SECONDS)),
}


def _is_whole(found: SongMap, seconds: float) -> None:
    assert found.duration == pytest.approx(seconds, abs=0.01)
    moments = [second for second, _ in found.beats]
    assert moments == sorted(moments)
    assert all(0 <= moment <= seconds for moment in moments)
    assert all(1 <= number <= found.metre for _, number in found.beats)
    assert 0 <= found.confidence <= 1
    assert from_json(found.to_json()).sections == found.sections


@pytest.mark.parametrize("kind", SOUNDS)
def test_other_sounds_get_a_map_with_a_low_confidence(kind: str) -> None:
    found = listen(audio(SOUNDS[kind]()))
    _is_whole(found, SECONDS)
    assert found.confidence < 0.3  # below it the panel says that the beat is unclear
    assert len(song_features(audio(SOUNDS[kind]()), "rhythm", 300).values) == 300


@pytest.mark.parametrize("seconds", [1.0, 2.0, 3.7])
def test_a_clip_of_a_few_seconds_gets_a_map(seconds: float) -> None:
    beats = np.arange(0.1, seconds, 0.5)
    found = listen(audio(kicks(beats, seconds) + hats(beats[:-1] + 0.25, seconds)))
    _is_whole(found, seconds)
    assert found.method in {"onsets", "neutral"}


def test_a_song_that_ends_in_the_middle_of_a_bar_has_all_its_beats() -> None:
    beats = np.arange(0.2, 19.0, 0.5)
    found = listen(audio(kicks(beats, 19.3) + hats(beats[:-1] + 0.25, 19.3)))
    _is_whole(found, 19.3)
    assert found.bars[-1].end <= 19.3
    assert abs(found.beats[-1][0] - beats[-1]) < 0.1
