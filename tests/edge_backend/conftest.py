"""Fixtures for the backend: the golden numbers that the authors' code produced, and its network.

The folder in EDGE_PARITY_DIR, else tests/data/parity. Sizes, widths and seeds all come from its files.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from edge_backend.model.authors_checkpoint import FEATURE_TYPES, read_checkpoint
from edge_backend.model.decoder import Attention, DanceDecoder, build_decoder, parameters_of
from edge_backend.model.engine import Engine
from edge_backend.model.torch_engine import TorchEngine
from edge_backend.model.weights_file import Weights, WeightsInfo, config_of
from edge_backend.numerics.array import Array

PARITY_FOLDER = Path(os.environ.get("EDGE_PARITY_DIR") or Path(__file__).parents[1] / "data" / "parity")


@dataclass(frozen=True)
class Parity:
    """golden: the arrays of golden.npz. weights, network: the parameters and the normaliser of edge_reference.pt (EMA),
    and torch's network with them."""

    folder: Path
    golden: dict[str, Array]
    weights: Weights
    network: DanceDecoder

    def tensor(self, name: str) -> Tensor:
        return torch.from_numpy(self.golden[name].copy())


@pytest.fixture
def torch_threads() -> Iterator[Callable[[int], None]]:
    """Sets how many threads torch has; afterwards it has as many as before."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def parity_folder() -> Path:
    return PARITY_FOLDER


@pytest.fixture(scope="session")
def golden(parity_folder: Path) -> dict[str, Array]:
    with np.load(parity_folder / "golden.npz", allow_pickle=False) as file:
        return dict(file)


@pytest.fixture(scope="session")
def parity(parity_folder: Path, golden: dict[str, Array]) -> Parity:
    source = parity_folder / "edge_reference.pt"
    checkpoint = read_checkpoint(source)
    heads = _heads(build_decoder(config_of(source, checkpoint.state, heads=1), checkpoint.state), golden)
    network = build_decoder(config_of(source, checkpoint.state, heads), checkpoint.state)
    info = WeightsInfo("reference", "Reference", "MIT", FEATURE_TYPES[network.config.features], network.config)
    weights = Weights(parameters_of(network), checkpoint.normaliser, info)
    return Parity(parity_folder, golden, weights, network)


@pytest.fixture(scope="session", params=["torch", "onnx"])
def engine(request: pytest.FixtureRequest, parity: Parity) -> Engine:
    """The reference network, by each engine in turn."""
    from edge_backend.model.onnx_engine import OnnxEngine  # noqa: PLC0415 - the Blender environments have none

    return TorchEngine(parity.network) if request.param == "torch" else OnnxEngine(parity.weights)


def _heads(model: DanceDecoder, golden: dict[str, Array]) -> int:
    """A checkpoint does not tell its number of heads: it is the one with which the network does as the golden says."""
    latent = model.config.latent
    x, cond, t = (torch.from_numpy(golden[f"model.{name}"][:1]) for name in ("x", "cond", "t"))

    def error(heads: int) -> float:
        for module in model.modules():
            if isinstance(module, Attention):
                module.heads = heads
        with torch.no_grad():
            return float(np.abs(model(x, cond, t).numpy() - golden["model.out_cond"][:1]).max())

    return min((heads for heads in range(1, min(latent, 32) + 1) if latent % heads == 0), key=error)
