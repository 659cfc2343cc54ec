"""Dances sampled during training; sampling does not affect the training."""

import logging
from dataclasses import replace

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from edge_backend.motion.files import load_motion
from edge_backend.training import samples
from edge_backend.training.pack import load_pack
from edge_backend.training.settings import TrainSettings
from edge_backend.training.trainer import CHECKPOINT, SAMPLES, Trainer

TINY = TrainSettings(
    latent=16, ff=32, layers=1, heads=2, batch=2, steps=6, log_every=2, holdout_windows=2, samples_every=2
)  # fmt: skip


@pytest.fixture(scope="module")
def dances(pack_path):
    return load_pack(pack_path)


def train(dances, folder, **changes):
    trainer = Trainer(replace(TINY, **changes), dances, folder, torch.device("cpu"))
    trainer.run()
    return trainer


def test_a_dance_and_its_picture_lie_in_the_folder_after_every_so_many_steps(dances, tmp_path):
    train(dances, tmp_path)
    drawn = sorted(path.name for path in (tmp_path / SAMPLES).iterdir())
    assert drawn == [f"step-{step:08d}.{end}" for step in (2, 4, 6) for end in ("npz", "png")]
    motions = [load_motion(tmp_path / SAMPLES / f"step-{step:08d}.npz") for step in (2, 6)]
    assert [motion.frames for motion in motions] == [179, 179]  # all of the hold-out dance
    assert [motion.meta["step"] for motion in motions] == [2, 6]
    assert (motions[0].root != motions[1].root).any()  # the network has learnt something between them
    with Image.open(tmp_path / SAMPLES / "step-00000002.png") as picture:
        assert picture.width > 1000


def test_drawing_changes_nothing_of_the_training(dances, tmp_path):
    train(dances, tmp_path / "with")
    train(dances, tmp_path / "without", samples_every=0)
    assert not (tmp_path / "without" / SAMPLES).exists()
    one, other = (load_file(tmp_path / run / CHECKPOINT) for run in ("with", "without"))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_where_the_clock_rules_samples_come_by_it(dances, tmp_path, clock):
    train(dances, tmp_path, minutes=0.1, sample_minutes=0.03, samples_every=0)
    assert 1 <= len(list((tmp_path / SAMPLES).glob("*.npz"))) <= 3  # every 1.8 s of 6 s


def test_without_the_packages_for_drawing_training_goes_on(dances, tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.INFO)

    def missing(*_arguments):
        raise ModuleNotFoundError("No module named 'PIL'")

    monkeypatch.setattr(samples, "draw_sample", missing)
    assert train(dances, tmp_path).step == 6
    assert caplog.text.count("no samples are drawn: No module named 'PIL'") == 1
