"""A dance for which no style was chosen is led by one of the data's mixture, never by breakdance."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pipeline_fixtures import swaying

from edge_backend.audio.beats import BeatGrid
from edge_backend.audio.features import Features
from edge_backend.generation.energy import EnergyLevel
from edge_backend.generation.leading_style import SHARES, leading_style
from edge_backend.generation.metadata import edited_meta
from edge_backend.generation.pipeline import _conditions
from edge_backend.model.catalogue import resolve
from edge_backend.model.controls import ANY_STYLE, STYLES, control_channels
from edge_backend.model.weights_file import load_weights
from edge_backend.motion.files import save_motion
from edge_backend.schema.edits import EditRequest, Source


def test_a_style_that_is_chosen_leads() -> None:
    for style in STYLES:
        if style != ANY_STYLE:
            assert leading_style(style, 3) == style


def test_the_seeds_have_the_mixture_of_the_data() -> None:
    drawn = Counter(leading_style(ANY_STYLE, seed) for seed in range(4000))
    whole = sum(SHARES.values())
    assert set(drawn) == set(SHARES)
    assert "breakdance" not in drawn
    for style, share in SHARES.items():
        assert drawn[style] / 4000 == pytest.approx(share / whole, abs=0.02)
    assert leading_style(ANY_STYLE, 7) == leading_style(ANY_STYLE, 7)


def test_an_edited_dance_keeps_its_style(tmp_path: Path) -> None:
    motion = swaying(150)
    for meta, style in (({"leading_style": "indian"}, "indian"), ({}, ANY_STYLE)):
        motion.meta = meta
        save_motion(tmp_path / "dance.npz", motion)
        edited = edited_meta(EditRequest(source=Source(str(tmp_path / "dance.npz"), 0)))
        assert {leading_style(ANY_STYLE, seed, edited) for seed in range(8)} == {style}
    assert edited_meta(EditRequest()) is None


def test_guidance_is_for_the_music_and_the_energy() -> None:
    """The other condition has the same style, no energy, and no music; EDGE's own weights have none."""
    info = load_weights(resolve("starter")).info
    music = np.random.default_rng(0).random((300, 12)).astype(np.float32)
    grid = BeatGrid(120.0, np.zeros(0), np.zeros(0))
    features = Features("rhythm", music, False, grid)
    condition, baseline = _conditions(features, replace(info, training={}), "modern", 0.7, EnergyLevel(0.7))
    assert condition.shape == (300, 21)
    np.testing.assert_array_equal(condition[:, :12], music)
    assert baseline is not None
    assert not baseline[:, :12].any()
    np.testing.assert_array_equal(baseline[:, 12:], control_channels("modern"))
    np.testing.assert_array_equal(condition[:150, 12:], control_channels("modern", 0.7))
