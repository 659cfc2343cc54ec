import copy

import numpy as np
import pytest
import torch
from torch import nn

from edge_backend.training.adan import Adan


def test_parity_the_first_steps_are_those_of_the_authors_adan(golden):
    weight = nn.Parameter(torch.from_numpy(golden["adan.w0"]))
    target = torch.linspace(-1, 1, weight.numel()).reshape(weight.shape)
    optimiser = Adan([weight], lr=4e-4)
    for step in (1, 2, 3):
        optimiser.zero_grad()
        ((weight - target) ** 2).sum().backward()
        optimiser.step()
        np.testing.assert_allclose(weight.detach().numpy(), golden[f"adan.w{step}"], atol=1e-6)


def test_the_first_step_only_decays_the_weights():
    weight = nn.Parameter(torch.tensor([2.0]))
    optimiser = Adan([weight], lr=0.1, weight_decay=0.5)
    weight.grad = torch.tensor([100.0])
    optimiser.step()
    assert weight.item() == pytest.approx(2 / (1 + 0.1 * 0.5))


def test_many_tensors_at_once_move_as_each_would_alone():
    torch.manual_seed(0)
    start = [torch.randn(3, 4), torch.randn(7), torch.randn(2, 2, 2)]
    together = [nn.Parameter(t.clone()) for t in start]
    alone = [nn.Parameter(t.clone()) for t in start]
    optimisers = [Adan(together), *(Adan([p]) for p in alone)]
    for _ in range(5):
        for a, b in zip(together, alone, strict=True):
            a.grad = torch.randn_like(a)
            b.grad = a.grad.clone()
        for optimiser in optimisers:
            optimiser.step()
    for a, b in zip(together, alone, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_a_parameter_without_gradient_stays():
    used, unused = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    optimiser = Adan([used, unused])
    used.grad = torch.ones(2)
    optimiser.step()
    assert (unused == 1).all()
    assert (used != 1).all()


def test_a_saved_state_goes_on_exactly():
    weight = nn.Parameter(torch.randn(4, 4))
    optimiser = Adan([weight])

    def three_steps(weight, optimiser, seed):
        generator = torch.Generator().manual_seed(seed)
        for _ in range(3):
            weight.grad = torch.randn(4, 4, generator=generator)
            optimiser.step()

    three_steps(weight, optimiser, seed=1)
    state = copy.deepcopy(optimiser.state_dict())
    again = nn.Parameter(weight.detach().clone())
    three_steps(weight, optimiser, seed=2)

    resumed = Adan([again])
    resumed.load_state_dict(state)
    three_steps(again, resumed, seed=2)
    torch.testing.assert_close(again, weight, rtol=0, atol=0)
