"""The training step has no synchronising operations and is the same at every step, as CUDA graphs require."""

from collections import Counter
from dataclasses import replace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from edge_backend.errors import EdgeError
from edge_backend.training.augment import Augmentation, WindowSampler
from edge_backend.training.pack import load_pack
from edge_backend.training.settings import TrainSettings
from edge_backend.training.step import TrainStep

TINY = TrainSettings(latent=16, ff=32, layers=1, heads=2, batch=4)

# Operations that read a number back from the device, have a result as large as its values say, or copy from the host.
WAITING = ("_local_scalar_dense", "nonzero", "masked_select", "_unique", "repeat_interleave", "lift_fresh", "one_hot")


class Operations(TorchDispatchMode):
    """Counts the operations that torch is asked for."""

    def __init__(self):
        super().__init__()
        self.count = Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.count[str(function)] += 1
        return function(*args, **(kwargs or {}))


@pytest.fixture(scope="module")
def dances(pack_path):
    return load_pack(pack_path)


@pytest.fixture
def build(dances):
    def build(**changes):
        settings = replace(TINY, **changes)
        return TrainStep(settings, WindowSampler(dances, Augmentation()), torch.device("cpu"))

    return build


def test_no_operation_of_a_step_waits_for_the_device(build):
    step = build()
    with Operations() as operations:
        step(0, 1e-3)
    assert sum(operations.count.values()) > 300
    assert [name for name in operations.count if any(waiting in name for waiting in WAITING)] == []


def test_the_optimiser_and_the_average_are_a_handful_of_operations_whatever_the_networks_size(build):
    counts = []
    for layers in (1, 3):
        step = build(layers=layers)
        with Operations() as operations:
            step._update()
        counts.append(sum(operations.count.values()))
    assert counts[0] == counts[1] < 40


def test_every_step_asks_for_the_same_operations(build):
    """A recorded step is replayed for every step: its operations may not depend on the step's number."""
    step, counts = build(), []
    for number in (0, 1, 7):
        with Operations() as operations:
            step(number, 1e-3)
        counts.append(operations.count)
    assert counts[0] == counts[1] == counts[2]


def test_drawing_and_losses_are_each_one_graph_for_a_compiler(build, dances):
    step = build(dropout=0.0)
    sampler = WindowSampler(dances, Augmentation())
    draw = torch.compile(step.draw, backend="eager", fullgraph=True, dynamic=False)
    losses = torch.compile(step._spread, backend="eager", fullgraph=True, dynamic=False)
    noised = draw(sampler, 4, 0.25)
    torch.testing.assert_close(losses(noised), step._spread(noised))


def test_preparing_leaves_the_weights_as_they_were(build, monkeypatch):
    step = build()
    step(0, 1e-3)
    before = {name: value.clone() for name, value in step.state().items()}
    monkeypatch.setattr(torch, "compile", lambda function, **_: function)  # the real one takes a minute
    step.prepare("compiled", 2)
    assert all(torch.equal(value, before[name]) for name, value in step.state().items())


def test_a_graph_without_a_gpu_is_refused(build):
    step = build()
    with pytest.raises(EdgeError, match="CUDA") as error:
        step.prepare("graphed", 4)
    assert error.value.code == "training_settings"
    step(0, 1e-3)  # the step that was there goes on working


def test_state_of_another_network_is_refused_and_changes_nothing(build):
    one, other = build(), build(latent=32)
    before = {name: value.clone() for name, value in one.state().items()}
    with pytest.raises(ValueError, match="another"):
        one.load_state(other.state())
    assert all(torch.equal(value, before[name]) for name, value in one.state().items())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("mode", ["compiled", "graphed", "compiled+graphed"])
def test_on_a_gpu_every_mode_trains_like_the_plain_one(pack_path, mode):
    losses = {}
    for way in ("plain", mode):
        device = torch.device("cuda")
        step = TrainStep(
            replace(TINY, dropout=0.0), WindowSampler(load_pack(pack_path, device), Augmentation()), device
        )
        step.prepare(way, 64)
        for number in range(200):
            step(number, 1e-3)
        losses[way] = (step.sums / 200).sum().item()
    assert losses[mode] == pytest.approx(losses["plain"], rel=0.1)
