"""Half precision is usable where a small product in it takes about as long as in float32, or is short anyway."""

import pytest
import torch

from edge_backend.runtime import half_precision
from edge_backend.runtime.half_precision import is_usable

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("exact", "half", "usable"),
    [(0.01, 0.02, True), (0.01, 0.04, False), (1e-5, 1.5e-4, True), (1.5e-4, 9e-4, False), (0.2, 0.3, False)],
)
def test_a_product_that_takes_for_ever_is_not_usable(monkeypatch, exact, half, usable):
    kinds = []

    def measure(work, _device):
        kinds.append(work().dtype)
        return exact if kinds[-1] == torch.float32 else half

    monkeypatch.setattr(half_precision, "seconds_of", measure)
    assert is_usable(torch.bfloat16, CPU) is usable
    assert kinds == [torch.float32] * half_precision.ROUNDS + [torch.bfloat16] * half_precision.ROUNDS
