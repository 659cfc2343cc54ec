import numpy as np
import pytest
import torch

from edge_backend.training.adan import Adan


def start(values, **options):
    values = torch.as_tensor(values, dtype=torch.float32)
    return Adan(values, torch.zeros_like(values), **options)


def steps(adan, gradients, lr=4e-4, done=0):
    for number, gradient in enumerate(gradients, done + 1):
        adan.gradients.copy_(gradient)
        adan.prepare(number, lr)
        adan.step()


def test_parity_the_first_steps_are_those_of_the_authors_adan(golden):
    weight = torch.from_numpy(golden["adan.w0"]).flatten()
    target = torch.linspace(-1, 1, weight.numel())
    adan = start(weight)
    for step in (1, 2, 3):
        steps(adan, [2 * (adan.values - target)], done=step - 1)
        np.testing.assert_allclose(adan.values.numpy(), golden[f"adan.w{step}"].flatten(), atol=1e-6)


def test_the_first_step_only_decays_the_weights():
    adan = start([2.0], weight_decay=0.5)
    steps(adan, [torch.tensor([100.0])], lr=0.1)
    assert adan.values.item() == pytest.approx(2 / (1 + 0.1 * 0.5))
    assert not any(adan.state[average].any() for average in ("m", "v", "n"))


def test_the_second_step_is_the_papers_formula():
    adan = start([1.0], betas=(0.5, 0.25, 0.2), eps=1e-12, weight_decay=0.0)
    steps(adan, [torch.tensor([3.0]), torch.tensor([4.0])], lr=0.1)
    m, v, n = 0.5 * 4 / 0.75, 0.25 * 1 / (1 - 0.75**2), 0.2 * (4 + 0.75 * 1) ** 2 / (1 - 0.8**2)
    assert adan.values.item() == pytest.approx(1 - 0.1 * (m + 0.75 * v) / n**0.5)


def test_every_number_moves_as_it_would_alone():
    torch.manual_seed(0)
    values, gradients = torch.randn(7), torch.randn(5, 7)
    together = start(values.clone())
    steps(together, gradients)
    for place in range(7):
        alone = start(values[place : place + 1].clone())
        steps(alone, gradients[:, place : place + 1])
        torch.testing.assert_close(alone.values[0], together.values[place], rtol=0, atol=1e-7)


def test_zeros_without_gradient_stay_zeros():
    """Between the parameters of a flat network lie such."""
    adan = start(torch.zeros(3))
    steps(adan, torch.zeros(4, 3))
    assert not adan.values.any()


def test_a_saved_state_goes_on_exactly():
    gradients = torch.randn(6, 4)
    whole, first, second = (start(torch.ones(4)) for _ in range(3))
    steps(whole, gradients)
    steps(first, gradients[:3])
    second.values.copy_(first.values)
    for key, value in first.state.items():
        second.state[key].copy_(value)
    steps(second, gradients[3:], done=3)
    assert torch.equal(whole.values, second.values)
