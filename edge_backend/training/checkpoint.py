"""Saves and loads the whole state of a training run, as one safetensors file that is written atomically."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..errors import EdgeError
from ..fileio.atomic_write import atomic_write

FORMAT = "edge-training-1"


def save_checkpoint(path: Path, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """Write tensors and state (JSON types) to path, replacing an existing file atomically.

    Raises EdgeError `checkpoint_unwritable` if that fails; an existing file is then unchanged.
    """
    try:
        with atomic_write(path) as unfinished:
            save_file(
                {name: tensor.detach().contiguous().cpu() for name, tensor in tensors.items()},
                unfinished,
                metadata={"format": FORMAT, "state": json.dumps(state)},
            )
    except (OSError, SafetensorError) as error:
        raise EdgeError(
            "checkpoint_unwritable",
            f"The checkpoint {path} cannot be written.",
            "Free some disk space or choose another folder.",
            str(error),
        ) from error


def load_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors, on the CPU, and state of a checkpoint. Raises EdgeError `checkpoint_unreadable`."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise ValueError(f"format {metadata.get('format')}")
            # safe_open has keys(), but is no mapping.
            return {name: file.get_tensor(name) for name in file.keys()}, json.loads(metadata["state"])  # noqa: SIM118
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise EdgeError(
            "checkpoint_unreadable",
            f"The checkpoint {path} cannot be read.",
            "Remove it to start anew, or choose another folder.",
            str(error),
        ) from error
