"""Writes a training pack from dances with their music features; `pack` describes the format."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from ..errors import EdgeError
from ..fileio.atomic_write import atomic_write
from ..model.controls import ANY_STYLE, STYLES
from ..motion.motion import Motion
from ..motion.rotations import matrix_to_axis_angle
from ..numerics.array import Array


@dataclass(frozen=True)
class Dance:
    """One dance for a pack. holdout: not for training. music: (first frame, features (frames, F)) of each variant."""

    name: str
    motion: Motion
    holdout: bool
    music: Sequence[tuple[int, Array]]
    style: str = ANY_STYLE


def write_pack(target: Path, dances: Sequence[Dance], about: dict[str, Any]) -> None:
    """Write dances as a training pack. about: metadata of JSON types; `features` is the kind of music features.

    Raises EdgeError `motion_nan` with dance and frame; `pack_too_short` where no dance is for training; OSError.
    """
    for dance in dances:
        _refuse_nan(dance)
    if not any(dance.music and not dance.holdout for dance in dances):
        raise EdgeError("pack_too_short", "There is no dance to train on.", "Give motions of 5 s or more.")
    lengths = np.array([dance.motion.frames for dance in dances])
    stretches = [(number, *music) for number, dance in enumerate(dances) for music in dance.music]
    music_lengths = np.array([len(features) for _, _, features in stretches])
    poses = [matrix_to_axis_angle(dance.motion.rotations).reshape(dance.motion.frames, -1) for dance in dances]
    arrays = {
        "poses": np.round(np.concatenate(poses) / np.pi * 32767).astype(np.int16),
        "root": np.concatenate([dance.motion.root for dance in dances]).astype(np.float32),
        "contacts": np.concatenate([dance.motion.contacts for dance in dances]).round().astype(np.uint8),
        "piece_start": (lengths.cumsum() - lengths).astype(np.int32),
        "piece_length": lengths.astype(np.int32),
        "piece_style": np.array([STYLES.index(dance.style) for dance in dances], np.uint8),
        "piece_split": np.array([dance.holdout for dance in dances], np.uint8),
        "variant_piece": np.array([number for number, _, _ in stretches], np.int32),
        "variant_start": (music_lengths.cumsum() - music_lengths).astype(np.int32),
        "variant_length": music_lengths.astype(np.int32),
        "warp": np.concatenate([first + np.arange(len(features)) for _, first, features in stretches]),
        "features": np.concatenate([features for _, _, features in stretches]).astype(np.float16),
    }
    arrays["warp"] = arrays["warp"].astype(np.float32)
    with atomic_write(target) as unfinished:
        save_file(
            {name: np.ascontiguousarray(array) for name, array in arrays.items()},
            unfinished,
            metadata={"edge_dance_pack": json.dumps(about)},
        )


def _refuse_nan(dance: Dance) -> None:
    motion = dance.motion
    good = np.isfinite(motion.rotations).all(axis=(1, 2, 3)) & np.isfinite(motion.root).all(axis=1)
    if not good.all():
        message = f"{dance.name} has values that are not numbers at frame {int(np.argmin(good))}."
        raise EdgeError("motion_nan", message, "Leave it out, or repair it.")
    for first, features in dance.music:
        if not np.isfinite(features).all():
            message = f"The music of {dance.name} has features that are not numbers, at frame {first} or later."
            raise EdgeError("motion_nan", message, "Check its audio file.")
