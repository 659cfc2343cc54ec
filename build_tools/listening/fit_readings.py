"""Fits the weights of edge_backend.audio.readings, which chooses the tempo level and metre of detected beats.

    python -m build_tools.listening.fit_readings FOLDER ... [--songs N]

FOLDER: songs as render_songs or `evaluate --listening` have them. Prints the weights as they stand in the module.
The bundled ones were fitted to 608 songs that the network was not trained on, seeds 30000 to 30479, and 53000 to 53127
with --kinds disco house funk reggae waltz six_eight swing bossa dnb trap march five ballad piano strings rock; and to
60 drum loops. When the network had been trained further, they were fitted again, with --again, to 411 others: seeds 476
to 504, 20000 to 20159 with --alike, and 95000 to 95221 with six of each of 37 kinds; a quarter of the change was taken,
because all of it doubled the tempo of slow reggae. Afterwards the weight of beats divided into three in bars of 2,
-0.5, was taken as 0, because it made 6/8 to 3/4: of 297 songs, seeds 150000 to 150107 with kinds in 2 and 3, 476 to
504, and 20000 to 20159 with --alike, the metre is right in 0.87 instead of 0.85. When the network had been trained
further again, a fit to 316 songs, seeds 160000 to 160095 and 170000 to 170159 with the kinds above and 171000 to
171059, brought nothing to songs that it left out, with or without --again: the weights stayed.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_backend.audio.beat_detection import found_beats, spectrum_of
from edge_backend.audio.beat_network import beat_activations
from edge_backend.audio.loading import load
from edge_backend.audio.log_spectrum import RATE, log_spectrum
from edge_backend.audio.readings import WEIGHTS, Evidence, readings
from edge_backend.evaluation.listening import f_measure

Array = NDArray[np.float64]
Choice = tuple[Array, Array]  # features (n, k) of a song's readings, and how right each is (n,)

STEPS, SPEED, SHRINK, SHARPNESS = 600, 0.05, 3e-3, 8.0
HOLD = 0.1  # instead of SHRINK where weights are to stay near those of before


def songs_in(folder: Path, most: int) -> Iterator[tuple[NDArray[np.float32], Array, int]]:
    """Spectrum, beats (n, 2) and metre of each song in the folder."""
    for path in sorted(folder.glob("*.npz"))[:most]:
        with np.load(path) as data:
            yield data["s"].astype(np.float32), data["beats"], int(data["metre"])
    for path in sorted(folder.glob("*.json"))[:most]:
        truth = json.loads(path.read_text("utf-8"))
        song = next(other for other in path.parent.glob(f"{path.stem}.*") if other.suffix != ".json")
        yield spectrum_of(load(song)), np.array(truth["beats"]), int(truth["metre"])


def drum_loops(count: int, seed: int = 0) -> Iterator[tuple[NDArray[np.float32], Array, int]]:
    """Synthetic drum loops in 4/4; half of them have equal strokes only. Yields the same as songs_in.

    Rendered songs have many instruments, so the weights would not suit drums alone without these.
    """
    rng = np.random.default_rng(seed)
    for number in range(count):
        beat, equal = 60 / float(rng.uniform(70, 185)), number % 2 == 0
        beats = float(rng.uniform(0.0, 0.5)) + beat * np.arange(int(14 / beat))
        sound = rng.normal(0, 1e-4, 15 * RATE)
        kick, snare, hat = _stroke(rng, 55, 0.2, 0.0), _stroke(rng, 180, 0.12, 1.0), _stroke(rng, 1000, 0.05, 0.5)
        click = hat if rng.random() < 0.5 else kick
        if equal:
            _play(sound, beats, click, 1.0)
        else:
            _play(sound, beats[::4], kick, float(rng.uniform(1.0, 1.6)))
            _play(sound, beats if rng.random() < 0.5 else beats[2::4] + beat / 2, kick, 0.6)
            _play(sound, beats[1::2], snare, 0.6)
            _play(sound, np.concatenate([beats, beats + beat / 2]), hat, 0.15)
        spectrum = log_spectrum(sound.astype(np.float32))
        yield spectrum, np.column_stack([beats, np.zeros(len(beats)) if equal else np.arange(len(beats)) % 4 + 1]), 4


def _stroke(rng: np.random.Generator, hertz: float, seconds: float, noise: float) -> Array:
    time = np.arange(int(seconds * RATE)) / RATE
    tone = np.sin(2 * np.pi * (hertz * time + (0.05 * hertz / 30) * (1 - np.exp(-30 * time))))
    return np.asarray((tone + noise * rng.standard_normal(len(time))) * np.exp(-3 * time / seconds))


def _play(sound: Array, times: Array, stroke: Array, level: float) -> None:
    for start in np.round(times * RATE).astype(int):
        part = sound[start : start + len(stroke)]
        part += level * stroke[: len(part)]


def choice(spectrum: NDArray[np.float32], beats: Array, metre: int) -> Choice:
    """The readings of a song with their scores, by beats, downbeats and metre."""
    evidence = Evidence(beat_activations(spectrum), spectrum)
    features, right = [], []
    low, high = beats[0, 0] - 0.3, beats[-1, 0] + 0.3
    for reading, values in readings(evidence, found_beats(evidence)):
        inside = (reading.beats > low) & (reading.beats < high)
        found, first = reading.beats[inside], reading.beats[inside & (reading.numbers == 1)]
        features.append(values)
        bars = f_measure(beats[beats[:, 1] == 1, 0], first) if beats[:, 1].any() else f_measure(beats[:, 0], found)
        right.append(f_measure(beats[:, 0], found) + bars + 0.5 * (reading.metre == metre))
    return np.array(features), np.array(right)


def fit(choices: list[Choice], before: Array | None = None) -> Array:
    """Weights (k,) of a log-linear choice among each song's readings, by gradient descent (Adam).

    before: weights (k,) from which those found differ little.
    """
    spread = np.concatenate([features for features, _ in choices]).std(axis=0) + 1e-6
    weights, mean, square = np.zeros((3, len(spread)))
    held = weights if before is None else before * spread
    weights, shrink = held.copy(), SHRINK if before is None else HOLD
    for step in range(1, STEPS + 1):
        slope = shrink * (weights - held)
        for features, right in choices:
            scores = features / spread @ weights
            slope = slope + (features / spread).T @ (_softmax(scores) - _softmax(SHARPNESS * right)) / len(choices)
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        weights = weights - SPEED * mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return np.asarray(weights / spread)


def _softmax(values: Array) -> Array:
    e = np.exp(values - values.max())
    return np.asarray(e / e.sum())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--songs", type=int, default=1000, help="at most, of each folder")
    parser.add_argument("--loops", type=int, default=60, help="drum loops beside them")
    parser.add_argument("--again", action="store_true", help="stay near the weights of the module")
    options = parser.parse_args()
    found = [choice(*song) for folder in options.folders for song in songs_in(folder, options.songs)]
    found += [choice(*loop) for loop in drum_loops(options.loops)]
    before = np.array(list(WEIGHTS.values())) if options.again else None
    print([round(float(weight), 3) for weight in fit(found, before)])
