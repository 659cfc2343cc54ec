"""Reads the training pack: dances and their music features, in one safetensors file.

Motion: `poses` int16 (N, 66) or (N, 72), local axis-angle of joints 0 to 21 or 23 in units of pi / 32767 (with 66,
joints 22 and 23 have no rotation); `root` float32 (N, 3) metres, z up; `contacts` uint8 (N, 4).
Pieces: `piece_start`, `piece_length` int32 (P,) frames; `piece_style` uint8 (P,), number in STYLES; `piece_split` uint8
(P,), 0 = train, 1 = hold-out.
Variants, each a piece warped in time with music of its own: `variant_piece`, `variant_start`, `variant_length` int32
(V,), intervals of `warp` float32 (M,), positions in the piece in frames, and of `features` float16 (M, F), the music's
channels. The metadata's `edge_dance_pack` is JSON: sources, licences, and the features' kind (default: rhythm).
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.nn import functional

from ..errors import EdgeError
from ..fileio.hashing import sha256_of
from ..model.controls import STYLES
from ..model.kinematics import forward_kinematics, rot6d_to_matrix
from ..motion.representation import CHANNELS, CONTACTS, ROOT, ROTATIONS, Normaliser
from ..motion.skeleton import SMPL
from ..schema.frames import FPS
from .symmetry import mirror_channels

HOLDOUT = 1
ROOT_REACH = 3.0  # metres; the normaliser maps x and y of the root from +-ROOT_REACH to [-1, 1]
ENERGY_FRAMES = 150  # energy is the mean joint speed over 5 s
ENERGY_PERCENTILES = (5.0, 95.0)

_ABOUT = "edge_dance_pack"
_POSE_UNIT = torch.pi / 32767
_CHUNK = 1 << 16  # frames that are decoded at a time, to bound the memory for intermediate results
_POSE_WIDTHS = (3 * 22, 3 * len(SMPL))
_PER_FRAME = {"root": (3,), "contacts": (4,)}
_PER_PIECE = ("piece_start", "piece_length", "piece_style", "piece_split")
_PER_VARIANT = ("variant_piece", "variant_start", "variant_length")


@dataclass(frozen=True)
class DanceSet:
    """The M frames of all V variants, concatenated, on one device.

    vectors: (M, 151) metres, not normalised. features: (M, F) music channels, float32, but float16 for Jukebox's 4800
    channels, to save GPU memory. speed: (M,) m/s, of the joints relative to the pelvis, mean over 5 s. energy: (M,),
    the same in [0, 1]. start, length, style: (V,) int64, the variants' first frames, numbers of frames and numbers in
    STYLES. holdout: (V,) bool. energy_range: m/s at energy 0 and 1. about: the file's metadata: sources and their
    licences. digest: SHA-256 of the file.
    """

    vectors: Tensor
    features: Tensor
    speed: Tensor
    energy: Tensor
    start: Tensor
    length: Tensor
    style: Tensor
    holdout: Tensor
    normaliser: Normaliser
    energy_range: tuple[float, float]
    about: dict[str, Any]
    digest: str

    @property
    def feature_type(self) -> str:
        """The kind of the music features."""
        return str(self.about.get("features", "rhythm"))

    def usable(self, frames: int, holdout: bool) -> Tensor:
        """Bool (V,): variants of the training or hold-out part with at least this many frames."""
        return (self.holdout == holdout) & (self.length >= frames)

    def in_units_of(self, normaliser: Normaliser, energy_range: tuple[float, float]) -> "DanceSet":
        """These dances with the normaliser and the energies of a network that is trained further on them."""
        energy = _energy(self.speed, energy_range)
        return replace(self, normaliser=normaliser, energy=energy, energy_range=energy_range)


def load_pack(path: Path, device: torch.device | str = "cpu") -> DanceSet:
    """Read and check a pack and compute its variants' motion vectors on the device.

    Raises EdgeError `pack_unreadable` or `pack_damaged`, with file and array.
    """
    arrays, about = _read(path)
    _check(path, arrays)
    on_device = {name: array.to(device) for name, array in arrays.items()}
    start, length = on_device["variant_start"].long(), on_device["variant_length"].long()
    piece = on_device["variant_piece"].long()
    frame_variant = torch.repeat_interleave(torch.arange(len(start), device=device), length)
    holdout = on_device["piece_split"][piece] == HOLDOUT
    quaternions = _axis_angle_to_quaternion(on_device["poses"].float().unflatten(1, (-1, 3)) * _POSE_UNIT)
    places = _places(on_device, piece[frame_variant])
    vectors = _warped_vectors(on_device, quaternions, places)
    speed = _joint_speed(_joints_about_pelvis(quaternions), places, start, length)
    train = ~holdout[frame_variant]
    low, high = np.percentile(speed[train].cpu().numpy(), ENERGY_PERCENTILES)
    return DanceSet(
        vectors=vectors,
        features=on_device["features"] if about.get("features") == "jukebox" else on_device["features"].float(),
        speed=speed,
        energy=_energy(speed, (low, high)),
        start=start,
        length=length,
        style=on_device["piece_style"].long()[piece],
        holdout=holdout,
        normaliser=fit_normaliser(vectors[train]),
        energy_range=(float(low), float(high)),
        about=about,
        digest=sha256_of(path),
    )


def _energy(speed: Tensor, energy_range: tuple[float, float]) -> Tensor:
    """Energies in [0, 1] of speeds, m/s. energy_range: m/s at energy 0 and 1."""
    low, high = energy_range
    return ((speed - low) / max(high - low, 1e-6)).clamp(0, 1)


def fit_normaliser(vectors: Tensor) -> Normaliser:
    """The normaliser of vectors (M, 151) in metres and of all their augmentations: mirrored, translated, rotated.

    Root x and y have the range +-ROOT_REACH, the pelvis' rotation +-1, contacts 0 to 1; all other channels have the
    range of the data and its mirror image.
    """
    low, high = vectors.amin(0).cpu().numpy(), vectors.amax(0).cpu().numpy()
    order, sign = mirror_channels()
    ends = np.stack([low, high, sign * low[order], sign * high[order]])
    low, high = ends.min(axis=0), ends.max(axis=0)
    pelvis = slice(ROTATIONS.start, ROTATIONS.start + 6)
    for channels, reach in ((slice(ROOT.start, ROOT.start + 2), ROOT_REACH), (pelvis, 1.0)):
        low[channels], high[channels] = -reach, reach
    low[CONTACTS], high[CONTACTS] = 0, 1
    return Normaliser.fit(np.stack([low, high]))


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as file:
            # safe_open has keys(), but is no mapping.
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return arrays, json.loads((file.metadata() or {}).get(_ABOUT, "{}"))
    except (OSError, SafetensorError, ValueError) as error:
        raise EdgeError(
            "pack_unreadable", f"The training pack {path} cannot be read.", "Make the pack again.", str(error)
        ) from error


def _check(path: Path, arrays: dict[str, Tensor]) -> None:
    """Raise EdgeError `pack_damaged` for missing arrays, wrong shapes, values that are not finite, or wrong indices."""

    def require(holds: bool | Tensor, array: str, what: str) -> None:
        if not holds:
            raise EdgeError("pack_damaged", f"{array} in the training pack {path} {what}.", "Make the pack again.")

    names = ("poses", *_PER_FRAME, *_PER_PIECE, *_PER_VARIANT, "warp", "features")
    for name in names:
        require(name in arrays, name, "is missing")
    frames, pieces, variants = len(arrays["root"]), len(arrays["piece_start"]), len(arrays["variant_start"])
    moments = len(arrays["warp"])
    expected: dict[str, tuple[int, ...]] = {name: (frames, *shape) for name, shape in _PER_FRAME.items()}
    expected |= dict.fromkeys(_PER_PIECE, (pieces,)) | dict.fromkeys(_PER_VARIANT, (variants,))
    width = arrays["poses"].shape[-1]
    require(width in _POSE_WIDTHS, "poses", f"is {width} wide")
    expected |= {"poses": (frames, width), "warp": (moments,), "features": (moments, arrays["features"].shape[-1])}
    for name in names:
        require(arrays[name].shape == expected[name], name, f"has the shape {tuple(arrays[name].shape)}")
        require(arrays[name].isfinite().all(), name, "holds values that are not numbers")
    require(pieces > 0 and variants > 0, "variant_start", "is empty")

    start, length = arrays["piece_start"].long(), arrays["piece_length"].long()
    require((start >= 0).all() and (length > 0).all() and (start + length <= frames).all(), "piece_length", "is wrong")
    require((arrays["piece_style"] < len(STYLES)).all(), "piece_style", "holds an unknown style")
    require((arrays["piece_split"] <= HOLDOUT).all(), "piece_split", "holds something besides 0 and 1")

    piece, variant_length = arrays["variant_piece"].long(), arrays["variant_length"].long()
    require((piece >= 0).all() and (piece < pieces).all(), "variant_piece", "names a piece that is not there")
    ends = variant_length.cumsum(0)
    in_order = (
        (variant_length > 0).all()
        and ends[-1] == moments
        and (ends - variant_length).equal(arrays["variant_start"].long())
    )
    require(in_order, "variant_start", "does not lay the variants end to end")
    # Up to one frame beyond either end is allowed as rounding; `_places` clamps it.
    beyond = arrays["warp"] - torch.repeat_interleave(length[piece], variant_length)
    require((arrays["warp"] >= -1).all() and (beyond <= 0).all(), "warp", "leaves its piece")


class _Places(NamedTuple):
    """For M frames, interpolation between the pack's frames before (M,) and after (M,) with weight share (M,)."""

    before: Tensor
    after: Tensor
    share: Tensor


def _places(arrays: dict[str, Tensor], piece: Tensor) -> _Places:
    """The interpolation of all warp positions. piece: (M,), the number of each frame's piece."""
    first = arrays["piece_start"].long()[piece]
    last = first + arrays["piece_length"].long()[piece] - 1
    place = torch.minimum(arrays["warp"].clamp(min=0), (last - first).float())
    before = first + place.long()
    return _Places(before, torch.minimum(before + 1, last), place.frac())


def _warped_vectors(arrays: dict[str, Tensor], quaternions: Tensor, places: _Places) -> Tensor:
    """Motion vectors (M, 151), metres, at all places. quaternions: (N, joints, 4), local, of all frames of the pack."""
    vectors = torch.empty(len(places.before), CHANNELS, device=quaternions.device)
    for first in range(0, len(vectors), _CHUNK):
        chunk = slice(first, first + _CHUNK)
        a, b, w = places.before[chunk], places.after[chunk], places.share[chunk]
        vectors[chunk, CONTACTS] = arrays["contacts"][torch.where(w < 0.5, a, b)].float()
        vectors[chunk, ROOT] = torch.lerp(arrays["root"][a], arrays["root"][b], w[:, None])
        vectors[chunk, ROTATIONS] = _all_rows(_slerp(quaternions[a], quaternions[b], w[:, None, None]))
    return vectors


def _all_rows(quaternions: Tensor) -> Tensor:
    """The 144 rotation channels of quaternions (..., joints, 4) of the first joints; the others get the identity."""
    rows = _two_rows(quaternions).flatten(-2)
    unposed = torch.eye(3, device=rows.device)[:2].flatten().repeat(len(SMPL) - quaternions.shape[-2])
    return torch.cat([rows, unposed.expand(*rows.shape[:-1], -1)], dim=-1)


def _joints_about_pelvis(quaternions: Tensor) -> Tensor:
    """Joint positions (N, 24, 3), metres, z up, of local quaternions (N, joints, 4), with the pelvis at the origin."""
    parts = []
    for chunk in quaternions.split(_CHUNK):
        rotations = rot6d_to_matrix(_all_rows(chunk).unflatten(1, (len(SMPL), 6)))
        parts.append(forward_kinematics(rotations, torch.zeros(len(chunk), 3, device=chunk.device)))
    return torch.cat(parts)


def _joint_speed(joints: Tensor, places: _Places, start: Tensor, length: Tensor) -> Tensor:
    """Speeds (M,), m/s, of the joints relative to the pelvis, mean over joints and over ENERGY_FRAMES around the frame.

    joints: (N, 24, 3), metres, of the pack's frames, interpolated linearly. start, length: (V,), the variants' frames.
    """
    steps = torch.zeros(len(places.before), device=joints.device)
    for first in range(0, len(steps), _CHUNK):
        a, b, w = (part[first : first + _CHUNK + 1] for part in places)
        moved = torch.lerp(joints[a], joints[b], w[:, None, None]).diff(dim=0).norm(dim=-1).mean(dim=-1) * FPS
        steps[first : first + len(moved)] = moved
    end = start + length
    # A variant's last frame has no next one and gets the previous frame's speed.
    steps[end - 1] = steps[torch.maximum(end - 2, start)]

    # Summed on the CPU: the order of summation on a GPU may differ from run to run.
    total = functional.pad(steps.cpu().double().cumsum(0), (1, 0)).to(steps.device)
    frame = torch.arange(len(steps), device=steps.device)
    low = torch.maximum(frame - ENERGY_FRAMES // 2, torch.repeat_interleave(start, length))
    high = torch.minimum(frame + ENERGY_FRAMES // 2, torch.repeat_interleave(end, length))
    return ((total[high] - total[low]) / (high - low)).float()


def _axis_angle_to_quaternion(axis_angle: Tensor) -> Tensor:
    """Unit quaternions (..., 4), w first, of axis-angle (..., 3), radians."""
    half = axis_angle.norm(dim=-1, keepdim=True) / 2
    # sinc(x) = sin(pi x) / (pi x) is smooth at zero.
    return torch.cat([half.cos(), axis_angle / 2 * torch.sinc(half / torch.pi)], dim=-1)


def _slerp(a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    """Unit quaternions (..., 4) on the shorter arc from a to b (Shoemake 1985); share: 0 gives a, 1 gives b."""
    dot = (a * b).sum(-1, keepdim=True)
    b = torch.where(dot < 0, -b, b)
    angle = dot.abs().clamp(max=1).acos()
    from_a = torch.sinc((1 - share) * angle / torch.pi) * (1 - share)
    from_b = torch.sinc(share * angle / torch.pi) * share
    return functional.normalize(from_a * a + from_b * b, dim=-1)


def _two_rows(quaternion: Tensor) -> Tensor:
    """The first two rows (..., 6) of the rotation matrices of unit quaternions (..., 4), w first."""
    w, x, y, z = quaternion.unbind(-1)
    row0 = (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y))
    row1 = (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x))
    return torch.stack([*row0, *row1], dim=-1)
