"""The form of a dance: returning bars, and energy."""

import numpy as np
import pytest

from edge_backend.evaluation.form import bar_distances, form_of
from edge_backend.evaluation.measure import form_metrics
from edge_backend.motion.motion import Motion
from edge_backend.motion.representation import mirror
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import Y_UP_TO_Z_UP

BARS = np.arange(8)[:, None] * 2.0 + [0.0, 2.0]
SECTIONS = [(0.0, 4.0, "A"), (4.0, 8.0, "B"), (8.0, 12.0, "A"), (12.0, 16.0, "B")]


def bar(seed: int, size: float = 0.5) -> Motion:
    """Two seconds of dance, another for each seed."""
    random = np.random.default_rng(seed)
    time = np.arange(60)[:, None, None] / 30
    turns = size * np.sin(2 * np.pi * time * random.integers(1, 3, (24, 3)) / 2 + random.uniform(0, 6, (24, 3)))
    turns[:, 0] = 0
    rotations = axis_angle_to_matrix(turns)
    rotations[:, 0] = Y_UP_TO_Z_UP
    return Motion(rotations.astype(np.float32), np.tile(np.array([0, 0, 0.9], np.float32), (60, 1)), np.ones((60, 4)))


def joined(parts: list[Motion]) -> Motion:
    arrays = (np.concatenate([getattr(part, name) for part in parts]) for name in ("rotations", "root", "contacts"))
    return Motion(*arrays)


def flipped(motion: Motion) -> Motion:
    contacts, root, rotations = mirror(motion.contacts, motion.root, motion.rotations)
    return Motion(rotations, root, contacts)


def test_a_dance_that_returns_has_form_and_one_that_does_not_has_none() -> None:
    form = joined([bar(seed) for seed in (0, 1, 2, 3, 0, 1, 2, 3)])
    assert form_of(form, BARS, SECTIONS).repeat_auc == 1.0
    other = [
        form_of(joined([bar(seed) for seed in range(first, first + 8)]), BARS, SECTIONS) for first in range(0, 96, 8)
    ]
    assert np.mean([one.repeat_auc for one in other]) == pytest.approx(0.5, abs=0.15)


def test_a_mirrored_return_is_a_return_wherever_it_stands_and_faces() -> None:
    parts = [bar(seed) for seed in (0, 1, 2, 3)]
    turn = axis_angle_to_matrix(np.array([0.0, 0.0, 1.0])).astype(np.float32)
    for part in [flipped(part) for part in parts]:
        part.rotations[:, 0] = turn @ part.rotations[:, 0]
        part.root = part.root @ turn.T + np.array([2, 1, 0], np.float32)
        parts.append(part)
    dance = joined(parts)
    assert form_of(dance, BARS, SECTIONS).repeat_auc == 1.0
    apart = bar_distances(dance, BARS)
    assert apart[0, 4] < 0.05 < apart[0, 1]  # SMPL's two sides are not quite alike


def test_energy_is_compared_bar_by_bar() -> None:
    sizes = np.array([0.1, 0.5, 0.2, 0.8, 0.3, 0.6, 0.4, 0.7])
    dance = joined([bar(0, size) for size in sizes])
    assert form_of(dance, BARS, SECTIONS, sizes).energy_r > 0.95
    assert form_of(dance, BARS, SECTIONS, -sizes).energy_r < -0.95
    assert np.isnan(form_of(dance, BARS, SECTIONS, np.ones(8)).energy_r)


def test_bars_that_the_dance_does_not_cover_are_left_out() -> None:
    dance = joined([bar(seed) for seed in (0, 1, 2, 3)])
    assert np.isnan(form_of(dance, BARS, SECTIONS).repeat_auc)  # neither section returns in it


def test_the_form_of_a_dance_is_measured_by_its_plan() -> None:
    dance = joined([bar(seed, 0.3 + 0.1 * seed) for seed in (0, 1, 2, 3, 0, 1, 2, 3)])
    assert form_metrics(dance) == {}
    slots = [
        {"counts": [start, start + 2, end], "label": label, "section": number, "energy": 0.2 + 0.5 * (label == "B")}
        for number, (start, end, label) in enumerate(SECTIONS)
    ]
    dance.meta = {
        "choreography": {"steps": [{"slot": slot} for slot in slots]},
        "downbeats": [*BARS[:, 0].tolist(), 16.0],
    }
    found = form_metrics(dance)
    assert found["repeat_auc"] == 1.0
    assert found["energy_r"] > 0.7
