"""Jukebox's weights as this program stores them: a folder of safetensors, one file per layer, with checksums."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ...errors import EdgeError
from ...fileio.hashing import sha256_of
from ...schema.progress import Report, silent
from .conditioning import CONTEXT
from .layers import NAMES
from .place import MANIFEST, NAME

FORMAT = 1
FRONT = "front.safetensors"
START, CODES, POSITIONS = "start", "codes", "positions"


def layer_file(index: int) -> str:
    """The name of the file of layer `index`, from 0."""
    return f"layer_{index:02}.safetensors"


@dataclass(frozen=True)
class PriorShape:
    """The prior's sizes; the defaults are those of EDGE's features. state: width of queries, keys and values."""

    width: int = 4800
    state: int = 1200
    heads: int = 8
    layers: int = 66

    @property
    def matrix_values(self) -> int:
        """Number of values in the matrices of one layer; each is one multiply-add per code."""
        return self.width * (4 * self.state + 2 * self.width)


@dataclass(frozen=True)
class Front:
    """The parameters before the layers. encoder: of encoder.encode. start: (width,), the vector before the first code.

    codes: (2048, width), the codes' embeddings. positions: (L, width), the positions' embeddings.
    """

    encoder: Mapping[str, Tensor]
    start: Tensor
    codes: Tensor
    positions: Tensor

    def embed(self, codes: Tensor) -> Tensor:
        """The stream (B, L, width) that enters the first layer; position i has the embedding of code i - 1.

        codes: (B, L).
        """
        start = self.start.expand(len(codes), 1, -1)
        return torch.cat([start, self.codes[codes[:, :-1]]], dim=1) + self.positions[: codes.shape[1]]


@dataclass(frozen=True)
class JukeboxFolder:
    """An opened folder. id: SHA-256 of the manifest, which contains the checksum of every file."""

    path: Path
    shape: PriorShape
    files: Mapping[str, str]
    id: str

    def front(self, device: torch.device, length: int = CONTEXT) -> Front:
        """The parameters before the layers, for slices of up to `length` codes. Raises EdgeError jukebox_damaged."""
        tensors = self._read(FRONT, {POSITIONS: length})
        start, codes, positions = (tensors.pop(name).to(device) for name in (START, CODES, POSITIONS))
        return Front({name: value.to(device) for name, value in tensors.items()}, start, codes, positions)

    def layer(self, index: int) -> dict[str, Tensor]:
        """The stored parameters of layer `index` (from 0), memory-mapped. Raises EdgeError jukebox_damaged."""
        tensors = self._read(layer_file(index))
        if set(tensors) != set(NAMES):
            raise _damaged(self.path / layer_file(index), "it does not hold a layer")
        return tensors

    def verify(self, report: Report = silent) -> None:
        """Compare every file with its checksum. Raises EdgeError jukebox_damaged, naming the first that differs."""
        for done, (name, digest) in enumerate(self.files.items()):
            report("loading", done, len(self.files))
            path = self.path / name
            if not path.is_file() or sha256_of(path) != digest:
                raise _damaged(path, "its checksum is another one")
        report("loading", len(self.files), len(self.files))

    def _read(self, name: str, rows: Mapping[str, int] | None = None) -> dict[str, Tensor]:
        """All tensors of a file. rows: name -> number of rows, for tensors of which only the first rows are read."""
        rows = rows or {}
        try:
            with safe_open(self.path / name, framework="pt") as file:
                names: list[str] = file.keys()
                return {key: file.get_slice(key)[: rows[key]] if key in rows else file.get_tensor(key) for key in names}
        except (SafetensorError, OSError) as error:
            raise _damaged(self.path / name, "it is missing or cut short", str(error)) from error


def open_folder(path: str | os.PathLike[str]) -> JukeboxFolder:
    """Open a folder that `jukebox convert` wrote. Raises EdgeError jukebox_missing, jukebox_damaged."""
    folder = Path(path)
    manifest = folder / MANIFEST
    if not manifest.is_file():
        raise EdgeError(
            "jukebox_missing",
            f"Jukebox is not at {folder}.",
            "Make it from OpenAI's two files with `jukebox convert`; docs/jukebox.md says how to get them.",
        )
    content = manifest.read_bytes()
    try:
        facts = json.loads(content)
        if facts["format"] != FORMAT:
            raise ValueError(f"format {facts['format']}")
        shape = PriorShape(**facts["shape"])
        files = {str(name): str(digest) for name, digest in facts["files"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(manifest, "it is no manifest of this version", str(error)) from error
    absent = [name for name in files if not (folder / name).is_file()]
    if absent:
        raise _damaged(folder / absent[0], "it is missing")
    return JukeboxFolder(folder, shape, files, hashlib.sha256(content).hexdigest())


def manifest_bytes(shape: PriorShape, files: Mapping[str, str], source: Mapping[str, Any]) -> bytes:
    """The manifest of these files, as JSON. files: name -> SHA-256. source: the same of OpenAI's files."""
    facts = {
        "format": FORMAT,
        "name": NAME,
        "licence": "OpenAI Noncommercial Use License (Jukebox)",
        "shape": asdict(shape),
        "source": dict(source),
        "files": dict(files),
    }
    return (json.dumps(facts, indent=1) + "\n").encode()


def _damaged(path: Path, reason: str, detail: str = "") -> EdgeError:
    return EdgeError(
        "jukebox_damaged",
        f"{path} cannot be used: {reason}.",
        "Run `jukebox convert` again; it makes what lacks.",
        detail,
    )
