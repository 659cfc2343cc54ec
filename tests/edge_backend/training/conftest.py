"""A small pack of made-up dances, in the format of the starter pack."""

import json
from dataclasses import dataclass

import numpy as np
import pytest
from safetensors.numpy import save_file

PIECES = (240, 200, 220, 180)  # frames
STYLES = (0, 1, 0, 1)
SPLIT = (0, 0, 0, 1)  # the last one is hold-out


def swaying(frames, rng):
    """Axis-angle poses (frames, 22, 3) of smooth swaying, and a root path (frames, 3) near the origin."""
    time = np.arange(frames)[:, None, None] / 30
    rate, phase, size = rng.uniform(0.5, 2, (1, 22, 3)), rng.uniform(0, 6, (1, 22, 3)), rng.uniform(0, 0.5, (1, 22, 3))
    poses = size * np.sin(2 * np.pi * rate * time + phase)
    poses[:, 0] += [np.pi / 2, 0, 0]  # upright: the turn from y up to z up
    root = np.stack([0.3 * np.sin(time[:, 0, 0]), 0.2 * np.cos(time[:, 0, 0]), 0.95 + 0 * time[:, 0, 0]], axis=1)
    return poses, root


@pytest.fixture(scope="session")
def pack_arrays():
    """The arrays of a small pack: each piece once as it is and once 10 % faster."""
    rng = np.random.default_rng(7)
    dances = [swaying(frames, rng) for frames in PIECES]
    lengths = np.array(PIECES)
    warps = [np.arange(0, frames - 1, speed) for frames in PIECES for speed in (1.0, 1.1)]
    moments = np.array([len(warp) for warp in warps])
    features = rng.uniform(0, 1, (moments.sum(), 12))
    features[:, 11] = 1
    return {
        "poses": np.round(np.concatenate([p.reshape(-1, 66) for p, _ in dances]) / np.pi * 32767).astype(np.int16),
        "root": np.concatenate([root for _, root in dances]).astype(np.float32),
        "contacts": rng.integers(0, 2, (lengths.sum(), 4)).astype(np.uint8),
        "piece_start": (lengths.cumsum() - lengths).astype(np.int32),
        "piece_length": lengths.astype(np.int32),
        "piece_style": np.array(STYLES, np.uint8),
        "piece_split": np.array(SPLIT, np.uint8),
        "variant_piece": np.repeat(np.arange(len(PIECES)), 2).astype(np.int32),
        "variant_start": (moments.cumsum() - moments).astype(np.int32),
        "variant_length": moments.astype(np.int32),
        "warp": np.concatenate(warps).astype(np.float32),
        "features": features.astype(np.float16),
    }


@pytest.fixture
def write_pack(tmp_path):
    """Writes arrays as a pack and says where."""

    def write(arrays):
        path = tmp_path / "pack.safetensors"
        save_file(arrays, path, metadata={"edge_dance_pack": json.dumps({"licences": ["made up"]})})
        return path

    return write


@pytest.fixture(scope="session")
def pack_path(pack_arrays, tmp_path_factory):
    """The small pack as a file."""
    path = tmp_path_factory.mktemp("pack") / "pack.safetensors"
    save_file(pack_arrays, path, metadata={"edge_dance_pack": json.dumps({"licences": ["made up"]})})
    return path


@dataclass
class Clock:
    """A stand-in for the module time, whose clock advances by 0.08 s at each call and not otherwise."""

    now: float = 1000.0

    def monotonic(self):
        self.now += 0.08
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """Replaces the clock of the training, so that tests do not depend on the machine's speed."""
    clock = Clock()
    for module in ("cli.commands.train", "training.measure", "training.trainer"):
        monkeypatch.setattr(f"edge_backend.{module}.time", clock)
    return clock
