"""Fits the weights of edge_backend.audio.sections, for boundaries and for equal labels.

    python -m build_tools.listening.fit_sections FOLDER ... [--songs N]

FOLDER: songs as render_songs writes them for training. The bundled weights were fitted to 320 songs, seeds 200 to 359,
and with --alike 20000 to 20159. Prints the weights as they stand in the module.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_backend.audio.bar_likeness import Bars, compare_bars
from edge_backend.audio.sections import BOUNDARY, LONGEST, SAME, best_spans, boundary_features, pair_features

Array = NDArray[np.float64]

SHRINK = 10.0


@dataclass(frozen=True, slots=True)
class Form:
    """A song's bars, where they begin (n + 1,) s, and its sections as (start s, end s, label)."""

    bars: Bars
    edges: Array
    sections: list[tuple[float, float, str]]

    def begins(self) -> Array:
        """1 at bars (n,) where a section begins, else 0."""
        out = np.zeros(len(self.bars))
        for start, _, _ in self.sections:
            out[min(int(np.argmin(np.abs(self.edges - start))), len(out) - 1)] = 1
        return out

    def label(self, span: tuple[int, int]) -> str:
        """The label of most of the bars."""
        start, end = self.edges[span[0]], self.edges[span[1]]
        shared: dict[str, float] = {}
        for first, last, label in self.sections:
            shared[label] = shared.get(label, 0.0) + max(0.0, min(end, last) - max(start, first))
        return max(shared, key=lambda label: shared[label])


def forms_in(folder: Path, most: int) -> Iterator[Form]:
    """The songs of the folder that have at least five bars."""
    for path in sorted(folder.glob("*.npz"))[:most]:
        with np.load(path) as data:
            spectrum, beats, metre = data["s"].astype(np.float32), data["beats"], int(data["metre"])
            sections = [tuple(section) for section in json.loads(str(data["sections"]))]
        begins = beats[beats[:, 1] == 1, 0]
        beat = (beats[-1, 0] - beats[0, 0]) / (len(beats) - 1)
        edges = np.append(begins, begins[-1] + metre * beat)
        if len(edges) > 5:
            yield Form(compare_bars(spectrum, edges), edges, sections)


def fit(features: Array, right: Array) -> tuple[Array, float]:
    """Weights (k,) and bias of a logistic regression of right (n,), 0 or 1, on features (n, k), by Newton's method."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    values = np.column_stack([(features - mean) / spread, np.ones(len(features))])
    weights, penalty = np.zeros(values.shape[1]), SHRINK * np.eye(values.shape[1])
    penalty[-1, -1] = 0
    for _ in range(15):
        likely = 1 / (1 + np.exp(-values @ weights))
        slope = values.T @ (likely - right) + penalty @ weights
        weights -= np.linalg.solve((values * (likely * (1 - likely))[:, None]).T @ values + penalty, slope)
    scaled = weights[:-1] / spread
    return scaled, float(weights[-1] - mean @ scaled)


def _pairs(form: Form, spans: list[tuple[int, int]]) -> tuple[Array, Array]:
    upper = np.triu_indices(len(spans), 1)
    labels = np.array([form.label(span) for span in spans])
    return pair_features(form.bars, spans)[upper], (labels[:, None] == labels)[upper].astype(float)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--songs", type=int, default=1000, help="at most, of each folder")
    options = parser.parse_args()
    forms = [form for folder in options.folders for form in forms_in(folder, options.songs)]
    by_song = [boundary_features(form.bars) for form in forms]
    weights, bias = fit(
        np.concatenate([features[1:] for features in by_song]), np.concatenate([form.begins()[1:] for form in forms])
    )
    print("BOUNDARY", dict(zip(BOUNDARY, weights.round(3).tolist(), strict=True)), round(bias, 3))
    pairs = [
        _pairs(form, best_spans(features @ weights + bias, np.full((len(features), LONGEST + 1), -np.inf)))
        for form, features in zip(forms, by_song, strict=True)
    ]
    weights, bias = fit(np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs]))
    print("SAME", dict(zip(SAME, weights.round(3).tolist(), strict=True)), round(bias, 3))
