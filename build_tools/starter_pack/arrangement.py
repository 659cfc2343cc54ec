"""Synthesises drums, bass and chords on a given beat, with hits at a dance's accents, in numpy.

The beat tracker and the onset curves must respond to the music as to real dance music. For variety, grooves, sounds,
keys, mixes and levels are drawn at random for every rendering.
"""

from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

Array = NDArray[np.floating]

RATE = 22050
STEPS = 16  # sixteenths in a bar of four beats

# One bar of each groove in sixteenths: k kick, s snare, h hat, o open hat, p percussion. Upper case = accented.
GROOVES: dict[str, dict[str, str]] = {
    "four_on_the_floor": {"k": "K...k...K...k...", "s": "....s.......S...", "h": "..h...h...h...h."},
    "rock": {"k": "K.......K.k.....", "s": "....S.......S...", "h": "h.h.h.h.h.h.h.h."},
    "funk": {"k": "K..k..k...k..k..", "s": "....S..s.s..S...", "h": "hhhhhhhhhhhhhhoh"},
    "hip_hop": {"k": "K......k..K.....", "s": "....S.......S..s", "h": "h.hhh.h.h.h.hhh."},
    "house": {"k": "K...K...K...K...", "s": "....S.......S...", "o": "..o...o...o...o.", "p": "...p..p....p.p.."},
    "salsa": {"k": "K.....k.K.....k.", "p": "p..p..p...p.p...", "h": "h.hhh.hhh.hhh.hh", "s": "......s.......s."},
    "reggaeton": {"k": "K...K...K...K...", "s": "...s..s....s..s.", "h": "h.h.h.h.h.h.h.h."},
    "samba": {"k": "K..kk..kK..kk..k", "h": "hhhhhhhhhhhhhhhh", "p": "p.p..p.pp.p..p.p"},
    "half_time": {"k": "K.........k.....", "s": "........S.......", "h": "h.h.h.h.h.h.h.h."},
    "march": {"k": "K...k...K...k...", "s": "..s.s.s...s.s.ss"},
    "tabla": {"p": "P..p.pP.P..p.pP.", "k": "K.....k.K.....k."},
    "sparse": {"k": "K.......k.......", "s": "........s......."},
}
CHORDS = [(0, 5, 7, 5), (0, 9, 5, 7), (0, 0, 5, 7), (0, 10, 8, 7), (0, 3, 10, 5), (0, 0, 0, 0)]  # roots, semitones
MINOR, MAJOR = (0, 3, 7), (0, 4, 7)


@dataclass(frozen=True)
class Mix:
    """The random parameters of one rendering."""

    groove: str
    chords: tuple[int, ...]
    third: tuple[int, ...]
    key: int  # semitones above 55 Hz
    swing: float  # share of an eighth by which off-beats are late
    levels: dict[str, float]
    chord_rhythm: str
    bass_rhythm: str
    noise: float
    brightness: float
    humanise: float  # seconds by which strokes miss the grid


def draw_mix(rng: np.random.Generator) -> Mix:
    """A random arrangement."""
    levels = {part: float(rng.uniform(low, high)) for part, (low, high) in _LEVELS.items()}
    for part in ("chords", "bass", "melody"):  # any part but the drums may be silent
        levels[part] *= rng.random() < 0.75
    return Mix(
        groove=str(rng.choice(list(GROOVES))),
        chords=CHORDS[rng.integers(len(CHORDS))],
        third=MINOR if rng.random() < 0.5 else MAJOR,
        key=int(rng.integers(0, 12)),
        swing=float(rng.choice([0.0, 0.0, 0.0, 0.08, 0.16])),
        levels=levels,
        chord_rhythm=str(rng.choice(["c...............", "c...c...c...c...", "..c...c...c...c.", "c..c..c...c..c.."])),
        bass_rhythm=str(rng.choice(["b...b...b...b...", "b.....b.b.....b.", "b.b.b.b.b.b.b.b.", "b......b..b....."])),
        noise=float(rng.uniform(0.0, 0.01)),
        brightness=float(rng.uniform(0.3, 1.0)),
        humanise=float(rng.uniform(0.0, 0.006)),
    )


_LEVELS = {
    "k": (0.7, 1.0),
    "s": (0.3, 0.8),
    "h": (0.1, 0.4),
    "o": (0.1, 0.4),
    "p": (0.2, 0.6),
    "chords": (0.1, 0.4),
    "bass": (0.2, 0.6),
    "melody": (0.1, 0.35),
    "hits": (0.3, 0.9),
}


def render(
    mix: Mix, seconds: float, first_downbeat: float, beat: float, *, hits: Array, rng: np.random.Generator
) -> Array:
    """Render mono audio (samples,) at RATE.

    first_downbeat: seconds, may be negative. beat: seconds per beat. hits: (n, 2), the dance's accents, time in seconds
    and strength 0 to 1; each is played at the nearest sixteenth.
    """
    out = np.zeros(int(seconds * RATE) + RATE)
    sounds = _sounds(mix, rng)
    step = beat / 4
    tone = cache(partial(_tone, beat=beat))
    chord = cache(lambda root: np.sum([tone(root + 24 + note, 0.75, "pad") for note in mix.third], axis=0) / 3)

    def at(index: int) -> float:
        late = mix.swing * beat / 2 if index % 4 == 2 else 0.0
        return first_downbeat + index * step + late + rng.normal(0, mix.humanise)

    for index in range(int((seconds - first_downbeat) / step) + 1):
        position, bar = index % STEPS, index // STEPS
        for part, pattern in GROOVES[mix.groove].items():
            if (mark := pattern[position]) != ".":
                _add(out, sounds[part], at(index), mix.levels[part] * (1.0 if mark.isupper() else 0.7))
        root = mix.key + mix.chords[bar % len(mix.chords)]
        if mix.chord_rhythm[position] != ".":
            _add(out, chord(root), at(index), mix.levels["chords"])
        if mix.bass_rhythm[position] != ".":
            _add(out, tone(root, 0.6, "bass"), at(index), mix.levels["bass"])
        if position % 2 == 0 and mix.levels["melody"] and rng.random() < 0.4:
            note = root + 24 + int(rng.choice([0, 3, 5, 7, 10, 12]))
            _add(out, tone(note, 0.5, "bell"), at(index), mix.levels["melody"])
    for time, strength in hits:
        nearest = first_downbeat + round((time - first_downbeat) / step) * step
        _add(out, sounds["hit"], nearest, mix.levels["hits"] * strength)
    out = out[: int(seconds * RATE)] + mix.noise * rng.standard_normal(int(seconds * RATE))
    return (out / (np.abs(out).max() + 1e-9) * rng.uniform(0.3, 0.95)).astype(np.float32)


def _add(out: Array, sound: Array, time: float, level: float) -> None:
    start = round(time * RATE)
    if start < 0 or start >= len(out) or level <= 0:
        return
    end = min(len(out), start + len(sound))
    out[start:end] += level * sound[: end - start]


def _sounds(mix: Mix, rng: np.random.Generator) -> dict[str, Array]:
    """Drum samples with random tuning, by the letters of GROOVES."""
    kick_pitch, snare_pitch = rng.uniform(45, 65), rng.uniform(160, 220)
    hat = _noise(rng, 0.05, 6000, 60)
    return {
        "k": _sweep(kick_pitch * 3, kick_pitch, 0.25, rng.uniform(12, 22)),
        "s": 0.5 * _sweep(snare_pitch, snare_pitch * 0.9, 0.18, 25) + _noise(rng, 0.18, 1500, rng.uniform(18, 30)),
        "h": mix.brightness * hat,
        "o": mix.brightness * _noise(rng, 0.2, 5000, 16),
        "p": _sweep(rng.uniform(300, 500), rng.uniform(200, 300), 0.12, 30),
        "hit": _noise(rng, 0.25, 800, 14) + 0.6 * _sweep(220, 110, 0.25, 15),
    }


def _sweep(start: float, end: float, seconds: float, decay: float) -> Array:
    t = np.arange(int(seconds * RATE)) / RATE
    pitch = end + (start - end) * np.exp(-30 * t)
    return np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * np.exp(-decay * t)


def _noise(rng: np.random.Generator, seconds: float, highpass: float, decay: float) -> Array:
    t = np.arange(int(seconds * RATE)) / RATE
    filtered = sosfilt(butter(2, highpass, "highpass", fs=RATE, output="sos"), rng.standard_normal(len(t)))
    return 0.5 * np.asarray(filtered) * np.exp(-decay * t)


# Levels of the partials, and the decay rate (1/s).
TIMBRES: dict[str, tuple[tuple[float, ...], float]] = {
    "bass": ((1, 0.5, 0.2), 6),
    "bell": ((1, 0.3), 9),
    "pad": ((1, 0.4, 0.15), 3),
}


def _tone(semitone: int, beats: float, timbre: str, *, beat: float) -> Array:
    """A note (samples,) at RATE of `beats` beats, `semitone` semitones above 55 Hz. beat: seconds."""
    partials, decay = TIMBRES[timbre]
    t = np.arange(int(beats * beat * RATE)) / RATE
    pitch = 55 * 2 ** (semitone / 12)
    wave = sum(level * np.sin(2 * np.pi * pitch * (n + 1) * t) for n, level in enumerate(partials))
    return np.asarray(wave) * np.exp(-decay * t) * np.minimum(t / 0.005, 1)
