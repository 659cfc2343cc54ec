"""The machine's peak is measured in less time than where its figure counts."""

import pytest


@pytest.fixture(autouse=True)
def few_small_products(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_backend.bench.network.SIZE", 512)
    monkeypatch.setattr("edge_backend.bench.network.ROUNDS", 5)
