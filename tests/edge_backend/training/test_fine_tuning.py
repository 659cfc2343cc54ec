"""Training that begins with the network of a weights file."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from edge_backend.cli.commands.train import main
from edge_backend.errors import EdgeError
from edge_backend.model.catalogue import BUNDLED_FOLDER
from edge_backend.model.weights_file import load_weights, save_weights
from edge_backend.training.fine_tuning import beginning
from edge_backend.training.pack import load_pack
from edge_backend.training.settings import TrainSettings
from edge_backend.training.trainer import CHECKPOINT, Trainer

STARTER = BUNDLED_FOLDER / "starter.safetensors"
OPTIONS = ["--batch=2", "--log-every=1", "--holdout-windows=2"]


@pytest.fixture(scope="module")
def own(pack_path, tmp_path_factory):
    """Small weights, trained on the small pack for two steps."""
    folder = tmp_path_factory.mktemp("own")
    path = folder / "own.safetensors"
    sizes = ["--latent=16", "--ff=32", "--layers=1", "--heads=2"]
    assert (
        main(["run", str(pack_path), f"--out={folder / 'run'}", "--steps=2", f"--export={path}", *sizes, *OPTIONS]) == 0
    )
    return path


def test_a_network_is_trained_further(own, pack_path, tmp_path):
    target = tmp_path / "more.safetensors"
    arguments = [str(pack_path), f"--out={tmp_path / 'run'}", "--steps=2", f"--start-from={own}", f"--export={target}"]
    assert main(["run", *arguments, "--lr=1e-6", *OPTIONS]) == 0
    before, after = load_weights(own), load_weights(target)
    assert after.info.config == before.info.config
    changed = [np.abs(after.parameters[name] - value).max() for name, value in before.parameters.items()]
    assert 0 < max(changed) < 1e-3
    assert after.info.training["settings"]["start_from"] == "own"


def test_normaliser_and_energies_are_those_of_the_weights(pack_path):
    weights = load_weights(STARTER)
    settings, dances, parameters = beginning(TrainSettings(start_from="starter"), load_pack(pack_path))
    assert settings.frame_music
    assert settings.layers == weights.info.config.layers
    np.testing.assert_array_equal(dances.normaliser.scale, weights.normaliser.scale)
    assert dances.energy_range == tuple(weights.info.training["energy_range_m_s"])
    low, high = dances.energy_range
    torch.testing.assert_close(dances.energy, ((dances.speed - low) / (high - low)).clamp(0, 1))
    assert parameters is not None


def test_without_weights_nothing_changes(pack_path):
    dances, settings = load_pack(pack_path), TrainSettings()
    assert beginning(settings, dances) == (settings, dances, None)


def test_a_run_that_was_begun_with_weights_resumes(own, pack_path, tmp_path):
    """Its folder remembers the weights, whose normaliser the whole run has; its parameters are the checkpoint's."""
    command = ["run", str(pack_path), f"--out={tmp_path / 'run'}", *OPTIONS]
    assert main([*command, "--steps=2", f"--start-from={own}"]) == 0
    assert main([*command, "--steps=3"]) == 0
    settings = TrainSettings.from_json((tmp_path / "run" / "settings.json").read_text())
    assert settings.start_from == str(own)
    torch.manual_seed(0)
    whole = Trainer(
        replace(beginning(settings, load_pack(pack_path)).settings, steps=3),
        beginning(settings, load_pack(pack_path)).dances,
        tmp_path / "whole",
        torch.device("cpu"),
        parameters=load_weights(own).parameters,
    )
    whole.run()
    resumed, uninterrupted = (load_file(tmp_path / name / CHECKPOINT) for name in ("run", "whole"))
    for name, value in uninterrupted.items():
        torch.testing.assert_close(resumed[name], value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"controls": ()}, "neither style nor energy"), ({"feature_type": "baseline"}, "12 baseline channels")],
)
def test_weights_of_other_inputs_are_refused(own, pack_path, tmp_path, changes, words):
    weights = load_weights(own)
    path = tmp_path / "other.safetensors"
    save_weights(path, replace(weights, info=replace(weights.info, **changes)))
    with pytest.raises(EdgeError, match=words) as refused:
        beginning(TrainSettings(start_from=str(path)), load_pack(pack_path))
    assert refused.value.code == "training_mismatch"
