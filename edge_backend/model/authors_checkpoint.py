"""Reads the checkpoint.pt of EDGE's authors, a torch pickle, without running code of it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ..fileio.hashing import sha256_of
from ..motion.representation import Normaliser
from .decoder import rotary_frequencies
from .decoder_config import DecoderConfig
from .torch_file import read_torch_file
from .weights_file import Weights, WeightsInfo, config_of, not_ours, save_weights

FEATURE_TYPES = {4800: "jukebox", 35: "baseline"}

_HOLDERS = {("dataset.preprocess", "Normalizer"), ("dataset.scaler", "MinMaxScaler")}


@dataclass(frozen=True)
class AuthorsCheckpoint:
    """The parts of the authors' file that are used: parameters (EMA) by their names, and the normaliser."""

    state: dict[str, Tensor]
    normaliser: Normaliser


def import_checkpoint(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    id: str,
    name: str,
    licence: str,
    heads: int | None = None,
    half: bool = False,
) -> WeightsInfo:
    """Write a weights file from a checkpoint of the authors and return its description.

    heads: of each attention; the file does not contain the number. None = 8 at the paper's width of 512, else 4.
    Raises EdgeError as read_checkpoint and save_weights; weights_not_ours if it is no EDGE network.
    """
    path = Path(source)
    checkpoint = read_checkpoint(path)
    config = config_of(path, checkpoint.state, heads or _usual_heads(checkpoint.state))
    if config.features not in FEATURE_TYPES:
        raise not_ours(path, f"no kind of music features is {config.features} wide")
    info = WeightsInfo(
        id=id,
        name=name,
        licence=licence,
        feature_type=FEATURE_TYPES[config.features],
        config=config,
        training={"imported_from_sha256": sha256_of(path)},
    )
    parameters = {name: value.detach().float().numpy() for name, value in checkpoint.state.items()}
    save_weights(target, Weights(parameters, checkpoint.normaliser, info), half=half)
    return info


def read_checkpoint(path: str | os.PathLike[str]) -> AuthorsCheckpoint:
    """The EMA parameters and the normaliser of the authors' checkpoint.

    Raises EdgeError weights_missing, weights_unreadable (no torch pickle), checkpoint_forbidden (it names something
    outside the list), weights_not_ours (a torch pickle of something else).
    """
    source = Path(path)
    content = read_torch_file(source, _HOLDERS)
    try:
        state = {name.removeprefix("module."): value for name, value in content["ema_state_dict"].items()}
        scaler = content["normalizer"].scaler
        normaliser = Normaliser(scaler.scale_.float().numpy(), scaler.min_.float().numpy())
    except (KeyError, TypeError, AttributeError) as error:
        raise not_ours(source, f"it is no checkpoint of the EDGE authors, as it lacks {error}") from error
    if not all(isinstance(value, Tensor) for value in state.values()):
        raise not_ours(source, "its ema_state_dict holds other things than tensors")
    return AuthorsCheckpoint(_without_rotary(source, state), normaliser)


def _usual_heads(state: Mapping[str, Tensor]) -> int:
    width = state["null_cond_hidden"].shape[-1] if "null_cond_hidden" in state else 0
    return 8 if width == DecoderConfig.latent else 4


def _without_rotary(path: Path, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The parameters without the copies of the rotary frequencies, which are constants. Raises if they differ."""
    parameters = {}
    for name, value in state.items():
        if not name.endswith("rotary.freqs"):
            parameters[name] = value
        elif value.ndim != 1 or not torch.allclose(value.float(), rotary_frequencies(2 * len(value)), rtol=1e-4):
            raise not_ours(path, f"{name} are not the frequencies of EDGE's rotary embedding")
    return parameters
