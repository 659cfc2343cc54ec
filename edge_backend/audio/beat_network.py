"""The network that detects beats and downbeats: a small convolutional network, in numpy.

Convolutions over the spectrum, then non-causal dilated convolutions over time, as in Boeck and Davies, "Deconstruct,
Analyse, Reconstruct: How to Improve Tempo, Beat, and Downbeat Estimation" (2020). Trained by build_tools/listening.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..fileio.safe_npz import read_npz
from .log_spectrum import Spectrum

METRES = (2, 3, 4, 5, 6, 7)
LAYERS = 11
BLOCK = 1024  # frames whose spectrum is convolved at a time, to limit memory
LARGE_BLOCK = 1 << 15  # the same where blocks change the rounding: 11 minutes
WEIGHTS = Path(__file__).with_name("beat_network.npz")

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class BeatActivations:
    """The network's output: probabilities for each of T frames, 50 a second.

    beats: (T, 3): no beat, a beat, the first beat of a bar. metres: (T, 6): beats in the bar, in the order of METRES.
    """

    beats: Floats
    metres: Floats


def beat_activations(spectrum: Spectrum, weights: dict[str, Floats] | None = None) -> BeatActivations:
    """Evaluate the network on a song's log_spectrum (T, bands). weights: by name; None = the bundled ones."""
    w = weights or bundled_weights()
    front = np.pad(_front(spectrum, w), ((1, 1), (0, 0), (0, 0)))
    x = np.concatenate([_dense(front[i : i + LARGE_BLOCK + 2], w) for i in range(0, len(spectrum), LARGE_BLOCK)])
    total = np.zeros_like(x)
    for layer in range(LAYERS):
        y = _elu(_dilated(x, w[f"dilated.{layer}.weight"], 2**layer) + w[f"dilated.{layer}.bias"])
        y = y @ w[f"mixed.{layer}.weight"][:, :, 0].T + w[f"mixed.{layer}.bias"]
        x, total = x + y, total + y
    total = _elu(total)
    heads = (total @ w[f"{name}.weight"][:, :, 0].T + w[f"{name}.bias"] for name in ("beats", "metre"))
    return BeatActivations(*(_softmax(head) for head in heads))


@lru_cache(maxsize=1)
def bundled_weights() -> dict[str, Floats]:
    """The bundled weights, by the names of build_tools/listening."""
    names = [f"{part}.{kind}" for part in _parts() for kind in ("weight", "bias")]
    return {name: values.astype(np.float32) for name, values in read_npz(WEIGHTS, names).items()}


def _parts() -> list[str]:
    layers = [f"{part}.{layer}" for part in ("dilated", "mixed") for layer in range(LAYERS)]
    return ["conv0", "conv1", "conv2", "dense", *layers, "beats", "metre"]


def _front(spectrum: Spectrum, w: dict[str, Floats]) -> Floats:
    """The output (T, bands, channels) of the first two convolutions, each with a stride of 3 bands."""
    padded = np.pad(spectrum, ((1, 1), (0, 0)))[:, :, None]
    blocks = []
    for start in range(0, len(spectrum), BLOCK):
        x = _elu(_convolved(padded[start : start + BLOCK + 2], w, "conv0", stride=3))
        blocks.append(_elu(_convolved(x, w, "conv1", stride=3)))
    return np.concatenate(blocks)


def _dense(front: Floats, w: dict[str, Floats]) -> Floats:
    """The third convolution, and a layer over all bands: (T, channels) from T + 2 frames of `_front`."""
    x = _elu(_convolved(front, w, "conv2"))
    return _elu(x.transpose(0, 2, 1).reshape(len(x), -1) @ w["dense.weight"][:, :, 0].T + w["dense.bias"])


def _convolved(x: Floats, w: dict[str, Floats], name: str, stride: int = 1) -> Floats:
    """x (T, bands, channels) convolved over time and bands without padding. stride: in bands."""
    weight = w[f"{name}.weight"]  # (out, in, time, bands)
    windows: Floats = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(0, 1))  # type: ignore[call-overload]
    windows = windows[:, ::stride]
    flat = windows.reshape(windows.shape[0] * windows.shape[1], -1)  # (T * bands, in * time * bands)
    out = flat @ weight.reshape(len(weight), -1).T + w[f"{name}.bias"]
    return out.reshape(windows.shape[0], windows.shape[1], len(weight))


def _dilated(x: Floats, weight: Floats, apart: int) -> Floats:
    """x (T, in) convolved over time with a kernel (out, in, 5) of dilation `apart`."""
    reach = 2 * apart
    padded = np.pad(x, ((reach, reach), (0, 0)))
    out = padded[: len(x)] @ weight[:, :, 0].T
    for place in range(1, 5):
        out += padded[place * apart : place * apart + len(x)] @ weight[:, :, place].T
    return out


def _elu(x: Floats) -> Floats:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def _softmax(x: Floats) -> Floats:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
