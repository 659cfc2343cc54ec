"""Weights files: safetensors that carry the network, its normaliser, and what one must know to use them."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ..errors import EdgeError
from ..fileio.atomic_write import atomic_write
from ..fileio.hashing import sha256_of
from ..motion.representation import Normaliser
from .decoder import DanceDecoder, DecoderConfig

FORMAT = 1

_MODEL = "model."
_SCALE, _MIN = "normaliser.scale", "normaliser.min"
# The architecture's numbers that stand in the file; dropout is the training's affair.
_NUMBERS = ("latent", "ff", "layers", "heads", "features", "frames", "channels")


@dataclass(frozen=True)
class WeightsInfo:
    """What a weights file says about itself.

    id: short and stable, such as "starter". feature_type: of the music's channels: rhythm, baseline or jukebox.
    controls: names of the condition's channels behind the music's. training: a summary, JSON types only.
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
        """Channels of the music's features, without the controls."""
        return self.config.features - len(self.controls)


@dataclass(frozen=True)
class Weights:
    """A network ready to use, the normaliser of its vectors, what it is, and the SHA-256 of its file, if it has one."""

    model: DanceDecoder
    normaliser: Normaliser
    info: WeightsInfo
    sha256: str = ""


def save_weights(path: str | os.PathLike[str], weights: Weights, *, half: bool = False) -> None:
    """Write a weights file; equal weights give equal bytes.

    half: store the network as float16, half the size. Raises EdgeError weights_nan (also where a value does not fit
    into float16); OSError; ValueError where info and model disagree about the architecture.
    """
    target = Path(path)
    if weights.info.config != weights.model.config:
        raise ValueError("the description's architecture is not the model's")
    tensors = {
        _MODEL + name: tensor.detach().to("cpu", torch.float16 if half else torch.float32).contiguous()
        for name, tensor in weights.model.state_dict().items()
    }
    tensors[_SCALE] = torch.tensor(weights.normaliser.scale, dtype=torch.float32)
    tensors[_MIN] = torch.tensor(weights.normaliser.min, dtype=torch.float32)
    _refuse_nan(target, tensors)
    with atomic_write(target) as unfinished:
        unfinished.write_bytes(_with_sorted_header(save(tensors, metadata=_to_metadata(weights.info))))


def load_weights(path: str | os.PathLike[str], device: str | torch.device = "cpu") -> Weights:
    """Read a weights file: the network in float32, ready to sample.

    Raises EdgeError weights_missing, weights_unreadable, weights_not_ours, weights_nan.
    """
    target = Path(path)
    metadata, tensors = _read(target)
    info = _from_metadata(target, metadata)
    _refuse_nan(target, tensors)
    scale, low = tensors.pop(_SCALE, None), tensors.pop(_MIN, None)
    if scale is None or low is None or scale.shape != low.shape or scale.shape != (info.config.channels,):
        raise not_ours(target, "the normaliser is missing or has another width")
    if not scale.all():
        raise not_ours(target, "the normaliser's scale has a zero")
    state = {name.removeprefix(_MODEL): value for name, value in tensors.items()}
    model = build_model(target, state, info.config.heads)
    if model.config != info.config:
        raise not_ours(target, "its description and its network disagree")
    normaliser = Normaliser(scale.float().numpy(), low.float().numpy())
    return Weights(model.to(device), normaliser, info, sha256_of(target))


def read_info(path: str | os.PathLike[str]) -> WeightsInfo:
    """What a weights file says about itself, without building the network. Raises as load_weights does."""
    target = Path(path)
    metadata, _ = _read(target, tensors=False)
    return _from_metadata(target, metadata)


def build_model(path: Path, state: Mapping[str, Tensor], heads: int) -> DanceDecoder:
    """A network in float32 and eval mode with the parameters of state, and the shape that these tell.

    path: where they come from, for the message. Raises EdgeError weights_not_ours where they are not a DanceDecoder's.
    """
    try:
        config = DecoderConfig.from_state(state, heads)
        if config.latent % heads:
            raise ValueError(f"{heads} attention heads do not divide its width of {config.latent}")
        with torch.device("meta"):  # parameters without numbers: those of the file, as they lie there, become theirs
            model = DanceDecoder(config)
        model.load_state_dict({name: value.float() for name, value in state.items()}, assign=True)
    except (KeyError, ValueError, RuntimeError) as error:
        raise not_ours(path, "its network is of another shape", detail=str(error)) from error
    return model.eval()


def not_ours(path: Path, reason: str, detail: str = "") -> EdgeError:
    """The error for a file that can be read but does not hold a dance network."""
    return EdgeError(
        "weights_not_ours",
        f"{path} does not hold weights that this program knows: {reason}.",
        "Choose a weights file of EDGE Dance, or import a checkpoint of the EDGE authors.",
        detail,
    )


def _read(path: Path, *, tensors: bool = True) -> tuple[dict[str, str], dict[str, Tensor]]:
    if not path.is_file():
        raise EdgeError(
            "weights_missing", f"There is no weights file at {path}.", "See `weights list` for those known."
        )
    try:
        with safe_open(path, framework="pt") as file:
            names = file.keys() if tensors else []
            return file.metadata() or {}, {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError, ValueError) as error:
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
        frame_music = metadata.get("frame_music") == "True"  # weights older than that way into the network lack it
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


def _refuse_nan(path: Path, tensors: Mapping[str, Tensor]) -> None:
    for name in sorted(tensors):
        if not tensors[name].isfinite().all():
            raise EdgeError(
                "weights_nan",
                f"The weights for {path} hold values that are not numbers, first in {name}.",
                "Take an earlier checkpoint of the training, or copy the file again.",
            )


def _with_sorted_header(data: bytes) -> bytes:
    """The same safetensors file with its header's keys in order: the library writes metadata in any order."""
    length = int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8 : 8 + length]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)  # tensors start at a multiple of 8
    return len(header).to_bytes(8, "little") + header + data[8 + length :]
