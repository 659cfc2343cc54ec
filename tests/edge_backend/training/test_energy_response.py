"""Weights are measured by dancing with them, and carry what was found."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pipeline_fixtures import swaying, write_song, write_weights

from edge_backend.cli.main import main
from edge_backend.evaluation.smoothness import jitter
from edge_backend.model.weights_file import load_weights, save_weights
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.smoothing import smoothed
from edge_backend.training.energy_response import ENERGIES, WILDER, highest_drawn, least_smoothness


@pytest.mark.parametrize("wanted_faster", [False, True])
def test_weights_are_measured_and_keep_their_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wanted_faster: bool
) -> None:
    path, song = write_weights(tmp_path), write_song(tmp_path / "song.wav", 4.0)
    before = load_weights(path)
    speeds = {
        "salsa": {"captured": [(10 if wanted_faster else 0.1) * i for i in range(11)], "jitter": 300.0, "low": 1.0}
    }
    save_weights(path, replace(before, info=replace(before.info, training={"speeds": speeds, "step": 3})))
    assert main(["train", "energy", str(path), str(song), "--seconds", "2", "--device", "cpu"]) == 0
    assert "energy 0.5 gives" in capsys.readouterr().out
    after = load_weights(path)
    found = after.info.training["speeds"]["salsa"]
    assert found["captured"] == speeds["salsa"]["captured"]
    wilder = list(WILDER) * wanted_faster
    assert [energy for energy, _ in found["danced"]] == [*ENERGIES, *wilder]
    assert (np.diff([speed for _, speed in found["danced"]]) > 0).all()
    assert found["highest_drawn"] == (WILDER[-1] if wanted_faster else 1)  # its data was low throughout
    assert 0 < found["smoothness"] < 1  # an untrained network trembles
    assert after.info.training["step"] == 3
    assert after.parameters.keys() == before.parameters.keys()
    for name, values in before.parameters.items():
        np.testing.assert_array_equal(after.parameters[name], values)


def test_no_energy_is_drawn_that_brings_more_floor_work_than_the_data_has() -> None:
    measured = [(0.0, 0.2, 0.0), (0.5, 0.6, 0.1), (1.0, 1.2, 0.5)]
    assert highest_drawn(measured, 0.5) == 1
    assert highest_drawn(measured, 0.3) == pytest.approx(0.75)
    assert highest_drawn(measured, 0.1) == 0.5
    assert highest_drawn([(0.0, 0.2, 0.4), (1.0, 1.2, 0.5)], 0.3) == 0


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_no_more_smoothness_is_found_than_is_needed(share: float) -> None:
    dances = [swaying(150, seed=seed) for seed in (0, 1)]
    noise = np.random.default_rng(0).normal(size=(150, 24, 3)) * 0.01
    trembling = [replace(dance, rotations=dance.rotations @ axis_angle_to_matrix(noise)) for dance in dances]
    before = np.mean([jitter(dance.joints()) for dance in trembling])
    found = least_smoothness(trembling, share * before)
    assert np.mean([jitter(smoothed(dance, found).joints()) for dance in trembling]) <= share * before
    assert np.mean([jitter(smoothed(dance, found - 0.01).joints()) for dance in trembling]) > share * before
    assert least_smoothness(trembling, before) == 0


def test_weights_that_do_not_know_their_data_are_refused_and_not_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, song = write_weights(tmp_path), write_song(tmp_path / "song.wav")
    before = path.read_bytes()
    assert main(["train", "energy", str(path), str(song)]) == 2
    assert "does not say how fast its data was danced" in capsys.readouterr().err
    assert path.read_bytes() == before
