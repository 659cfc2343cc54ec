"""An energy is a quantile of the speeds at which a style was danced, and follows the music where none is chosen."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_backend.audio.beats import BeatGrid
from edge_backend.audio.features import Features
from edge_backend.errors import EdgeError
from edge_backend.generation.energy import (
    CALMEST,
    LIVELIEST,
    LOST,
    SPREAD,
    USUAL,
    WIDTH,
    EnergyLevel,
    StyleSpeeds,
    energy_channel,
    energy_level,
    loudness_quantiles,
)
from edge_backend.generation.pipeline import LOUDNESS, _conditions
from edge_backend.model.catalogue import resolve
from edge_backend.model.controls import STYLES, control_channels
from edge_backend.model.weights_file import WeightsInfo, load_weights
from edge_backend.numerics.array import Array

SPEEDS = StyleSpeeds(
    np.linspace(0.2, 1.2, 11), energies=np.array([0, 0.5, 1]), danced=np.array([0.3, 0.5, 0.9], np.float32)
)
STARTER = load_weights(resolve("starter")).info
UNMEASURED = replace(STARTER, training={})
LEVEL = EnergyLevel(USUAL)


def the_music(seconds: int, *levels: float) -> Array:
    """Loudness (T,) of a song with parts of equal length, each at its level, 0 to 1 over 40 dB."""
    return np.repeat(levels, seconds * 30 // len(levels)).astype(np.float32)


def danced(energy: Array) -> Array:
    """The speeds at which the network dances with these energies, m/s."""
    return np.interp(energy, SPEEDS.energies, SPEEDS.danced)


@given(st.floats(0.15, 0.65))
def test_the_networks_energy_is_the_one_that_gives_the_captured_speed(quantile: float) -> None:
    assert danced(SPEEDS.network_energy(np.array(quantile), EnergyLevel(quantile))) == pytest.approx(
        0.2 + quantile, abs=1e-5
    )


@given(st.lists(st.floats(0, 1), min_size=2, max_size=40), st.floats(0.15, 0.5))
def test_a_dance_that_follows_its_bars_has_the_speed_of_its_level(quantiles: list[float], level: float) -> None:
    energy = SPEEDS.network_energy(np.array(quantiles), EnergyLevel(level))
    speeds = 0.2 + np.array(quantiles)
    lost = LOST * speeds.std() / speeds.mean()  # varied energies are danced slower than constant ones
    assert danced(energy).mean() == pytest.approx((0.2 + level) * (1 + lost), abs=1e-5)
    assert (np.diff(energy[np.argsort(quantiles)]) >= 0).all()  # louder bars are still danced with more


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_level_out_of_reach_is_danced_at_the_nearest_speed(level: float, quantile: float) -> None:
    for out_of_reach, nearest in ((0.05 * level, 0.3), (0.7 + 0.3 * level, 0.9)):
        energies = SPEEDS.network_energy(np.array([quantile, quantile]), EnergyLevel(out_of_reach))
        assert danced(energies).mean() == pytest.approx(nearest, abs=1e-5)


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_energy_is_never_less(one: float, other: float) -> None:
    low, high = (float(SPEEDS.network_energy(np.array(level), EnergyLevel(level))) for level in sorted((one, other)))
    assert 0 <= low <= high + 1e-6 <= 1 + 1e-6


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_liveliness_follows_the_loudness_around_the_middle(levels: list[float]) -> None:
    quantiles = loudness_quantiles(the_music(120, *levels), USUAL)
    assert np.abs(quantiles - USUAL).max() <= SPREAD / 2 + 1e-9
    assert quantiles.mean() == pytest.approx(USUAL, abs=1e-9)  # a song is as lively as others, loud or quiet


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6), st.floats(0, 1))
def test_the_level_is_the_mean_of_the_quantiles(levels: list[float], level: float) -> None:
    quantiles = loudness_quantiles(the_music(60, *levels), level)
    assert quantiles.mean() == pytest.approx(level, abs=1e-9)
    assert -1e-9 <= quantiles.min() <= quantiles.max() <= 1 + 1e-9


def test_every_seed_has_its_own_energy_and_their_mean_is_the_usual_one() -> None:
    drawn = np.array([energy_level(STARTER, "salsa", seed).mean for seed in range(400)])
    assert drawn.min() < USUAL - 0.9 * WIDTH and drawn.max() > USUAL + 0.9 * WIDTH
    assert np.abs(drawn - USUAL).max() <= WIDTH
    assert drawn.mean() == pytest.approx(USUAL, abs=0.02)
    assert energy_level(STARTER, "salsa", 7).mean == drawn[7]


@pytest.mark.parametrize("style", ["indian", "modern", "breakdance"])
def test_fast_styles_are_not_danced_faster_than_their_middle_and_the_liveliest(style: str) -> None:
    captured = np.array(STARTER.training["speeds"][style]["captured"])
    quantiles = np.linspace(0, 1, len(captured))
    highest = max(energy_level(STARTER, style, seed).mean for seed in range(100))
    usual, liveliest = np.interp([USUAL, highest], quantiles, captured)
    assert liveliest <= max(LIVELIEST, usual) + 1e-6


@pytest.mark.parametrize("style", [style for style in STYLES if style not in ("any", "breakdance")])
def test_no_dance_of_a_drawn_style_is_faster_than_the_liveliest(style: str) -> None:
    captured = np.array(STARTER.training["speeds"][style]["captured"])
    levels = [energy_level(STARTER, style, seed, drawn_style=True).mean for seed in range(100)]
    assert np.interp(levels, np.linspace(0, 1, len(captured)), captured).max() <= LIVELIEST + 1e-6
    assert min(levels) > 0.25


def test_an_edited_dance_keeps_its_energy() -> None:
    assert {energy_level(STARTER, "salsa", seed, {"energy_level": 0.7}).mean for seed in range(5)} == {0.7}
    assert energy_level(STARTER, "salsa", 3, {}).mean == USUAL  # of an earlier version
    assert energy_level(UNMEASURED, "salsa", 3) == EnergyLevel(USUAL, most=1.0)


def test_a_quiet_part_is_danced_unless_less_energy_is_chosen() -> None:
    least = energy_level(STARTER, "freestyle", 3).least
    captured = np.array(STARTER.training["speeds"]["freestyle"]["captured"])
    assert np.interp(least, np.linspace(0, 1, len(captured)), captured) == pytest.approx(CALMEST)
    quiet = np.array([0.1, 0.9])
    drawn = energy_channel(STARTER, "freestyle", quiet, None, EnergyLevel(0.5, least))
    chosen = energy_channel(STARTER, "freestyle", quiet, None, EnergyLevel(0.5))
    calmest = energy_channel(STARTER, "freestyle", least, None, EnergyLevel(least, least))
    assert isinstance(drawn, np.ndarray) and isinstance(chosen, np.ndarray)
    assert chosen[0] < drawn[0] == pytest.approx(calmest)
    assert chosen.mean() == pytest.approx(drawn.mean(), abs=0.03)


def test_a_song_that_is_as_loud_from_beginning_to_end_stays_in_the_middle() -> None:
    np.testing.assert_allclose(loudness_quantiles(the_music(30, 0.8), USUAL), USUAL)


def test_the_quiet_part_is_calmer_than_the_loud_one() -> None:
    quantiles = loudness_quantiles(the_music(90, 0.9, 0.5, 1.0), USUAL)
    loud, quiet, loudest = (part[300:600].mean() for part in np.split(quantiles, 3))
    assert quiet < USUAL - 0.1
    assert loudest > loud > USUAL


def test_weights_that_were_not_measured_get_the_users_energy() -> None:
    assert energy_channel(UNMEASURED, "salsa", 0.4, the_music(10, 0.5), LEVEL) == 0.4
    assert energy_channel(UNMEASURED, "salsa", None, the_music(10, 0.5), LEVEL) is None
    assert energy_channel(STARTER, "any", None, the_music(10, 0.5), LEVEL) is None


@pytest.mark.parametrize(("info", "energy"), [(STARTER, 1.1), (STARTER, -0.1), (UNMEASURED, 1.3)])
def test_an_energy_outside_of_its_range_is_refused(info: WeightsInfo, energy: float) -> None:
    with pytest.raises(EdgeError) as caught:
        energy_channel(info, "salsa", energy, None, LEVEL)
    assert caught.value.code == "energy_out_of_range"


def test_what_was_chosen_may_bring_floor_work_that_is_never_drawn() -> None:
    highest = STARTER.training["speeds"]["breakdance"]["highest_drawn"]
    drawn = [energy_level(STARTER, "breakdance", seed) for seed in range(20)]
    for level in drawn:
        assert np.max(energy_channel(STARTER, "breakdance", None, the_music(60, 0.1, 0.9), level)) <= highest
    assert energy_channel(STARTER, "breakdance", 0.9, None, EnergyLevel(0.9)) > highest


def test_what_was_danced_faster_than_the_network_does_is_asked_for_beyond_its_energies() -> None:
    wild = energy_channel(STARTER, "breakdance", np.ones(60), None, EnergyLevel(1.0))
    assert wild == pytest.approx(1.2)
    control_channels("breakdance", wild, 60)  # the network takes it
    for style in ("salsa", "commercial", "freestyle"):
        assert energy_channel(STARTER, style, 1.0, None, EnergyLevel(1.0)) <= 1


def test_the_starter_weights_were_measured_in_every_style() -> None:
    speeds: dict[str, Any] = STARTER.training["speeds"]
    assert set(speeds) == set(STYLES) - {"any"}
    for found in speeds.values():
        energies, danced = np.array(found["danced"]).T
        assert (np.diff(energies) > 0).all()
        assert (np.diff(danced) > 0).all()
        assert (np.diff(found["captured"]) > 0).all()


def test_the_same_request_asks_each_moment_for_its_energy() -> None:
    music = np.random.default_rng(0).random((300, 12)).astype(np.float32)
    music[:, LOUDNESS] = the_music(10, 0.2, 0.9)
    condition, baseline = _conditions(
        Features("rhythm", music, False, BeatGrid(120.0, np.zeros(0), np.zeros(0))),
        STARTER,
        "salsa",
        None,
        LEVEL,
        loudness=music[:270, LOUDNESS],
    )
    energy, given_at_all = condition[:, -2], condition[:, -1]
    assert (given_at_all == 1).all()
    assert energy[:60].mean() < energy[200:270].mean() - 0.05
    assert (energy[270:] == energy[269]).all()  # past the dance's end
    assert baseline is not None
    assert not baseline[:, -2:].any()
