"""A song map and a song whose form is known: A B A C, sections of four bars of four beats at 120 bpm."""

from pathlib import Path

import numpy as np
import soundfile

from edge_backend.schema.song_map import Bar, Section, SongMap, bars_of

BEAT_S = 0.5
BAR_S = 4 * BEAT_S
LABELS = "ABAC"
BARS = 4  # of each section
RATE = 22050


def song_map(labels: str = LABELS, bars: int = BARS, confidence: float = 0.9, metre: int = 4) -> SongMap:
    """The map of such a song; C is louder than the others."""
    end = len(labels) * bars * metre * BEAT_S
    beats = tuple((number * BEAT_S, number % metre + 1) for number in range(round(end / BEAT_S)))
    loud = {"A": 0.5, "B": 0.3, "C": 0.9}
    spans = bars_of(beats, end)
    found = tuple(Bar(start, stop, loud[labels[number // bars]]) for number, (start, stop) in enumerate(spans))
    length = bars * metre * BEAT_S
    sections = tuple(
        Section(number * length, (number + 1) * length, label, loud[label]) for number, label in enumerate(labels)
    )
    return SongMap(end, 60 / BEAT_S, metre, beats, found, sections, (), confidence)


def write_song(path: Path, labels: str = LABELS, bars: int = BARS) -> Path:
    """A song with drums on its beats and other chords, sounds and off-beats in each section."""
    beat = round(BEAT_S * RATE)
    random = np.random.default_rng(0)
    noise = random.normal(size=beat)
    time = np.arange(beat) / RATE
    kick = np.sin(2 * np.pi * 55 * time) * np.exp(-20 * time)
    hat = noise * np.exp(-60 * time)
    chords = {"A": ((220, 277, 330), (196, 247, 294)), "B": ((147, 175, 220), (131, 165, 196)), "C": ((165, 208, 247),)}
    parts = []
    for label in labels:
        for number in range(4 * bars):
            chord = chords[label][number // 4 % len(chords[label])]
            tone = sum(np.sign(np.sin(2 * np.pi * hertz * time)) if label == "B" else np.sin(2 * np.pi * hertz * time)
                       for hertz in chord)  # fmt: skip
            strokes = (1.2 if number % 4 == 0 else 0.7) * kick + {"A": 0.2, "B": 0.0, "C": 0.5}[label] * hat
            if label == "C":
                strokes = strokes + 0.4 * np.roll(hat, beat // 2)
            parts.append(0.08 * tone + 0.5 * strokes)
    soundfile.write(path, np.clip(np.concatenate(parts), -1, 1), RATE)
    return path
