"""A training run's whole state in one safetensors file that is there completely or not at all."""

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
    """Write tensors and state (JSON types), replacing what is there in one move.

    Raises EdgeError `checkpoint_unwritable` when the folder or the disk refuses; the old file is then still whole.
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
    """Tensors on the CPU and the state. Raises EdgeError `checkpoint_unreadable` naming the file."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise ValueError(f"format {metadata.get('format')}")
            # A safetensors file is opened for its own methods, not as a mapping.
            return {name: file.get_tensor(name) for name in file.keys()}, json.loads(metadata["state"])  # noqa: SIM118
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise EdgeError(
            "checkpoint_unreadable",
            f"The checkpoint {path} cannot be read.",
            "Remove it to start anew, or choose another folder.",
            str(error),
        ) from error
