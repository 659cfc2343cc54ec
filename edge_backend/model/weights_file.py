"""Weights files: safetensors with the network's parameters, its normaliser and a description.

numpy and the standard library only: `decoder.build_decoder` and `onnx_engine` make the network from the parameters.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ..errors import EdgeError
from ..fileio.atomic_write import atomic_write
from ..fileio.hashing import sha256_of
from ..fileio.safetensors_file import SafetensorsError, read_metadata, read_safetensors, write_safetensors
from ..motion.representation import Normaliser
from ..numerics.array import Array
from .decoder_config import DecoderConfig, Shaped

FORMAT = 1

T = TypeVar("T")

_MODEL = "model."
_SCALE, _MIN = "normaliser.scale", "normaliser.min"
# The network's sizes that are stored in the file; dropout is a setting of the training.
_NUMBERS = ("latent", "ff", "layers", "heads", "features", "frames", "channels")


@dataclass(frozen=True)
class WeightsInfo:
    """The description of a weights file.

    id: short and stable, such as "starter". feature_type: kind of the music features: rhythm, baseline or jukebox.
    controls: names of the condition's channels after the music's. training: a summary, JSON types only.
    """

    id: str
    name: str
    licence: str
    feature_type: str
    config: DecoderConfig
    controls: tuple[str, ...] = ()
    training: dict[str, Any] = field(default_factory=dict)

    @property
    def feature_width(self) -> int:
        """Number of channels of the music features, without the control channels."""
        return self.config.features - len(self.controls)


@dataclass(frozen=True)
class Weights:
    """A network's parameters, its normaliser, its description, and the SHA-256 of its file, "" without one.

    parameters: by the authors' names, float16 or float32, with the shapes of info.config.parameter_shapes().
    """

    parameters: Mapping[str, Array]
    normaliser: Normaliser
    info: WeightsInfo
    sha256: str = ""


def save_weights(path: str | os.PathLike[str], weights: Weights, *, half: bool = False) -> None:
    """Write a weights file; equal weights give equal bytes.

    half: store the parameters as float16, half the size. Raises EdgeError weights_nan (also if a value does not fit
    into float16); OSError; ValueError if info and parameters have different sizes.
    """
    target = Path(path)
    try:
        weights.info.config.check(weights.parameters)
    except ValueError as error:
        raise ValueError(f"the description's architecture is not that of the parameters: {error}") from None
    with np.errstate(over="ignore"):  # infinite values are refused below
        arrays = {
            _MODEL + name: array.astype(np.float16 if half else np.float32)
            for name, array in weights.parameters.items()
        }
    arrays |= {_SCALE: weights.normaliser.scale, _MIN: weights.normaliser.min}
    _refuse_nan(target, arrays)
    with atomic_write(target) as unfinished:
        write_safetensors(unfinished, _to_metadata(weights.info), arrays)


def load_weights(path: str | os.PathLike[str]) -> Weights:
    """Read a weights file; parameters have the precision of the file.

    Raises EdgeError weights_missing, weights_unreadable, weights_not_ours, weights_nan.
    """
    target = Path(path)
    metadata, arrays = _opened(target, read_safetensors)
    info = _from_metadata(target, metadata)
    _refuse_nan(target, arrays)
    scale, low = arrays.pop(_SCALE, None), arrays.pop(_MIN, None)
    if scale is None or low is None or scale.shape != low.shape or scale.shape != (info.config.channels,):
        raise not_ours(target, "the normaliser is missing or has another width")
    if not scale.all():
        raise not_ours(target, "the normaliser's scale has a zero")
    parameters = {name.removeprefix(_MODEL): value for name, value in arrays.items()}
    if config_of(target, parameters, info.config.heads) != info.config:
        raise not_ours(target, "its description and its network disagree")
    normaliser = Normaliser(scale.astype(np.float32), low.astype(np.float32))
    return Weights(parameters, normaliser, info, sha256_of(target))


def read_info(path: str | os.PathLike[str]) -> WeightsInfo:
    """The description of a weights file; parameters are not read. Raises as load_weights."""
    target = Path(path)
    return _from_metadata(target, _opened(target, read_metadata))


def config_of(path: Path, parameters: Mapping[str, Shaped], heads: int) -> DecoderConfig:
    """The network's sizes, from its parameters, arrays or tensors.

    path: of their file, for the message. Raises EdgeError weights_not_ours if they are not a DanceDecoder's.
    """
    try:
        return DecoderConfig.from_parameters(parameters, heads)
    except (KeyError, ValueError) as error:
        raise not_ours(path, "its network is of another shape", detail=str(error)) from error


def not_ours(path: Path, reason: str, detail: str = "") -> EdgeError:
    """The error for a readable file that does not contain a dance network."""
    return EdgeError(
        "weights_not_ours",
        f"{path} does not hold weights that this program knows: {reason}.",
        "Choose a weights file of EDGE Dance, or import a checkpoint of the EDGE authors.",
        detail,
    )


def _opened(path: Path, read: Callable[[Path], T]) -> T:
    if not path.is_file():
        raise EdgeError(
            "weights_missing", f"There is no weights file at {path}.", "See `weights list` for those known."
        )
    try:
        return read(path)
    except (SafetensorsError, OSError) as error:
        raise EdgeError(
            "weights_unreadable",
            f"{path} is not a safetensors file or is cut short.",
            "Copy it again; a checkpoint.pt of the EDGE authors needs `weights import` first.",
            detail=f"{type(error).__name__}: {error}",
        ) from error


def _to_metadata(info: WeightsInfo) -> dict[str, str]:
    shape = {key: str(value) for key, value in asdict(info.config).items() if key in (*_NUMBERS, "frame_music")}
    return shape | {
        "format": str(FORMAT),
        "id": info.id,
        "name": info.name,
        "licence": info.licence,
        "feature_type": info.feature_type,
        "feature_width": str(info.feature_width),
        "controls": json.dumps(info.controls),
        "training": json.dumps(info.training, sort_keys=True, allow_nan=False),
    }


def _from_metadata(path: Path, metadata: Mapping[str, str]) -> WeightsInfo:
    if metadata.get("format", "").isdigit() and int(metadata["format"]) > FORMAT:
        raise not_ours(path, f"its format {metadata['format']} is newer than this program, which knows {FORMAT}")
    try:
        frame_music = metadata.get("frame_music") == "True"  # files from before frame_music lack it
        config = DecoderConfig(**{key: int(metadata[key]) for key in _NUMBERS}, frame_music=frame_music)
        info = WeightsInfo(
            id=metadata["id"],
            name=metadata["name"],
            licence=metadata["licence"],
            feature_type=metadata["feature_type"],
            config=config,
            controls=tuple(json.loads(metadata["controls"])),
            training=json.loads(metadata["training"]),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise not_ours(path, f"its description lacks or garbles {error}") from error
    if config.heads < 1:
        raise not_ours(path, "its description says that there are no attention heads")
    return info


def _refuse_nan(path: Path, arrays: Mapping[str, Array]) -> None:
    for name in sorted(arrays):
        if not np.isfinite(arrays[name]).all():
            raise EdgeError(
                "weights_nan",
                f"The weights for {path} hold values that are not numbers, first in {name}.",
                "Take an earlier checkpoint of the training, or copy the file again.",
            )
