"""The network equals the authors' network on recorded numbers."""

import re

import numpy as np
import pytest
import torch

TOLERANCE = 1e-4  # absolute, float32, on normalised vectors


def outputs(parity):
    """Conditional and unconditional network outputs for the golden's inputs."""
    x, cond, t = (parity.tensor(f"model.{name}") for name in ("x", "cond", "t"))
    with torch.no_grad():
        known = parity.network(x, cond, t)
        unknown = parity.network(x, cond, t, torch.ones(len(x), dtype=torch.bool))
    return known.numpy(), unknown.numpy()


def test_parity_with_music(parity):
    np.testing.assert_allclose(outputs(parity)[0], parity.golden["model.out_cond"], atol=TOLERANCE, rtol=0)


def test_parity_without_music(parity):
    np.testing.assert_allclose(outputs(parity)[1], parity.golden["model.out_uncond"], atol=TOLERANCE, rtol=0)


def test_parity_of_guided_outputs(parity):
    known, unknown = outputs(parity)
    guided = [name for name in parity.golden if name.startswith("model.out_guided_w")]
    assert guided
    for name in guided:
        weight = float(re.sub(".*_w", "", name).replace("p", "."))
        np.testing.assert_allclose(unknown + weight * (known - unknown), parity.golden[name], atol=TOLERANCE, rtol=0)


def test_parity_of_a_batch_in_which_only_some_know_their_music(parity):
    x, cond, t = (parity.tensor(f"model.{name}") for name in ("x", "cond", "t"))
    drop = torch.arange(len(x)) % 2 == 1
    with torch.no_grad():
        mixed = parity.network(x, cond, t, drop).numpy()
    expected = np.where(drop.numpy()[:, None, None], parity.golden["model.out_uncond"], parity.golden["model.out_cond"])
    np.testing.assert_allclose(mixed, expected, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("name", ["scale", "min"])
def test_parity_of_the_checkpoints_normaliser(parity, name):
    np.testing.assert_array_equal(getattr(parity.weights.normaliser, name), parity.golden[f"normalizer.{name}"])
