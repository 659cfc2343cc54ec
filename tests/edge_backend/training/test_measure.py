import csv
import json

import pytest
import torch

from edge_backend.cli.commands.train import main
from edge_backend.errors import EdgeError
from edge_backend.model.weights_file import load_weights
from edge_backend.training.augment import Augmentation, WindowSampler
from edge_backend.training.measure import Measurement, best, measure
from edge_backend.training.pack import load_pack
from edge_backend.training.settings import TrainSettings
from edge_backend.training.step import TrainStep

TINY = TrainSettings(latent=16, ff=32, layers=1, heads=2, batch=4)
TINY_OPTIONS = ["--latent=16", "--ff=32", "--layers=1", "--heads=2", "--log-every=2", "--holdout-windows=4"]


@pytest.fixture
def step(pack_path):
    return TrainStep(TINY, WindowSampler(load_pack(pack_path), Augmentation()), torch.device("cpu"))


def test_a_way_that_does_not_work_here_is_noted_and_the_others_are_measured(step):
    found = measure(step, [("plain", 2), ("graphed", 2), ("plain", 4)], seconds=0.1, limit=60)
    assert [bool(each.failure) for each in found] == [False, True, False]
    assert "CUDA" in found[1].failure
    assert found[0].samples_per_s > 0
    assert found[1].samples_per_s == 0


def test_measuring_leaves_the_weights_as_they_were(step):
    before = {name: value.clone() for name, value in step.state().items()}
    measure(step, [("plain", 2)], seconds=0.1, limit=60)
    assert all(torch.equal(value, before[name]) for name, value in step.state().items())


def test_a_mistake_shows_in_the_first_way_at_once(step):
    with torch.no_grad():
        step.model.final_layer.bias.fill_(float("nan"))
    with pytest.raises(EdgeError) as error:
        measure(step, [("plain", 2), ("plain", 4)], seconds=60, limit=60)
    assert error.value.code == "training_diverged"


def test_nothing_is_begun_after_the_limit(step):
    assert len(measure(step, [("plain", 2), ("plain", 4)], seconds=0.1, limit=0)) == 1


def test_the_quickest_is_taken_but_a_smaller_batch_where_it_is_nearly_as_quick():
    found = [
        Measurement("plain", 512, 900.0),
        Measurement("graphed", 256, 950.0),
        Measurement("graphed", 512, 1000.0),
        Measurement("compiled", 128, 800.0),
    ]
    assert best(found) == found[1]


def test_one_command_measures_trains_by_the_clock_and_exports_in_parts(pack_path, tmp_path, clock):
    out, weights = tmp_path / "run", tmp_path / "mine.safetensors"
    began = clock.now
    by_the_clock = [
        "--device=cpu",
        "--minutes=0.15",
        "--save-minutes=0.05",
        "--modes",
        "plain",
        "graphed",
        "--batches",
        "4",
        "2",
    ]
    assert (
        main(
            [
                "run",
                str(pack_path),
                f"--out={out}",
                *by_the_clock,
                f"--export={weights}",
                "--export-parts=0.1",
                *TINY_OPTIONS,
            ]
        )
        == 0
    )
    assert 9 <= clock.now - began < 10.5  # 0.15 minutes; a few looks at the end
    table = json.loads((out / "speed.json").read_text())
    assert [table["tried"][0]["mode"], table["tried"][0]["batch"]] == ["plain", 2]
    saved = TrainSettings.from_json((out / "settings.json").read_text())
    assert [saved.mode, saved.batch] == table["chosen"]
    with (out / "loss.csv").open(newline="") as file:
        rates = [float(row["lr"]) for row in csv.DictReader(file)]
    assert rates[0] == saved.lr
    assert rates[-1] < 0.2 * saved.lr
    exported = weights.read_bytes()
    weights.unlink()
    assert main(["join", str(weights)]) == 0
    assert weights.read_bytes() == exported
    assert load_weights(weights).info.training["step"] > 0


def test_a_clocked_training_goes_on_with_the_time_that_is_left(pack_path, tmp_path, clock):
    out = tmp_path / "run"
    command = ["run", str(pack_path), f"--out={out}", "--device=cpu"]
    first = ["--minutes=0.2", "--time-limit=5", "--modes", "plain", "--batches", "2"]
    assert main([*command, *first, *TINY_OPTIONS]) == 0
    began = clock.now
    assert main(command) == 0
    assert 6 < clock.now - began < 8  # of 12 s, 5 of them spent
    again = clock.now
    assert main(command) == 0
    assert clock.now - again < 1  # nothing is left to do
