"""Converts OpenAI's two files of Jukebox to the folder that this program reads, one layer at a time.

The sources are read by an allow-list, without running code of their pickles. Every part is a file of its own that is
written atomically, so that an interrupted conversion resumes; the manifest is written last and marks it as complete.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ...errors import EdgeError
from ...fileio.atomic_write import atomic_write
from ...fileio.hashing import sha256_of
from ...model.torch_file import read_torch_file
from ...schema.progress import Report, silent
from . import conditioning
from .encoder import CODEBOOK, ENCODER
from .folder import CODES, FRONT, POSITIONS, START, JukeboxFolder, PriorShape, layer_file, manifest_bytes, open_folder
from .layers import NAMES
from .place import MANIFEST

ENCODER_SOURCE, PRIOR_SOURCE = "vqvae.pth.tar", "prior_level_2.pth.tar"
SHA256 = {
    ENCODER_SOURCE: "69745413a48e887f8a3fe91b972a6f7f434021a1ce911a99187b331eb48c059a",
    PRIOR_SOURCE: "89a1dd14f5b2f9b16b3e73b53fa2138cc89fd96bb13249b4267fea471de92672",
}
"""SHA-256 of OpenAI's own files, by name."""

_HOLDERS = {("jukebox.hparams", "Hyperparams")}  # settings of the training, which are not used
_LAYER = "prior.transformer._attn_mods."
_BLOCK = 1 << 24  # bytes

State = dict[str, Tensor]
"""Parameters mapped from a file. Each is removed when it is used: mapped memory counts until it is freed."""


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    report: Report = silent,
    *,
    layers: int = PriorShape.layers,
    heads: int = PriorShape.heads,
) -> JukeboxFolder:
    """Create or complete the folder `target` from the folder with OpenAI's files, and open it.

    layers: how many of the prior's layers are converted; features are the output of the last. heads: of each attention;
    the files do not contain the number. Matrices become float16, as OpenAI stored them; other parameters stay float32.
    Raises EdgeError jukebox_sources, weights_unreadable, weights_not_ours, weights_nan, checkpoint_forbidden,
    disk_full; OSError.
    """
    source, target = Path(source), Path(target)
    absent = [name for name in SHA256 if not (source / name).is_file()]
    if absent:
        raise EdgeError(
            "jukebox_sources",
            f"{' and '.join(absent)} of Jukebox's 5b model must lie in {source}.",
            "docs/jukebox.md says where OpenAI offers them.",
        )
    encoder, prior = _state(source / ENCODER_SOURCE), _state(source / PRIOR_SOURCE)
    with _explaining(source):
        shape = _shape(prior, layers, heads)
    digests = {name: sha256_of(source / name, report) for name in SHA256}
    origin = hashlib.sha256(repr((sorted(digests.items()), shape)).encode()).hexdigest()

    target.mkdir(parents=True, exist_ok=True)
    _check_room(target, shape, prior)
    parts: dict[str, Callable[[], dict[str, Tensor]]] = {FRONT: lambda: _front(encoder, prior)}
    for index in range(layers):
        parts[layer_file(index)] = lambda index=index: _layer(prior, index)  # type: ignore[misc]
    files = {}
    for done, (name, make) in enumerate(parts.items()):
        report("saving", done, len(parts))
        with _explaining(source):
            files[name] = _converted_before(target / name, origin) or _write(target / name, make(), origin)
    with atomic_write(target / MANIFEST) as unfinished:
        unfinished.write_bytes(manifest_bytes(shape, files, digests))
    report("saving", len(parts), len(parts))
    return open_folder(target)


def is_openais(folder: str | os.PathLike[str]) -> bool:
    """Whether the folder was converted from exactly the files that OpenAI published."""
    return all(digest.encode() in (Path(folder) / MANIFEST).read_bytes() for digest in SHA256.values())


def _state(path: Path) -> State:
    content: Any = read_torch_file(path, _HOLDERS)
    state = content.get("model") if isinstance(content, dict) else None
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise _not_jukebox(path, "it holds no model")
    return state


def _shape(prior: State, layers: int, heads: int) -> PriorShape:
    width = prior["prior.x_emb.weight"].shape[1]
    found = sum(name.startswith(_LAYER) and name.endswith("ln_0.weight") for name in prior)
    if found < layers:
        raise ValueError(f"the prior has {found} layers, not {layers} or more")
    state = prior[f"{_LAYER}0.attn.c_proj.w"].shape[0]
    if state % heads:
        raise ValueError(f"{heads} heads do not divide its attention's width of {state}")
    return PriorShape(width, state, heads, layers)


def _front(encoder: State, prior: State) -> dict[str, Tensor]:
    parameters = {name: _float(value) for name, value in encoder.items() if name.startswith(ENCODER)}
    parameters[CODEBOOK] = _float(encoder[CODEBOOK])
    parameters[START] = conditioning.start_vector(prior)
    parameters[CODES] = _float(prior.pop("prior.x_emb.weight"))
    parameters[POSITIONS] = conditioning.time_table(prior).add_(_float(prior.pop("prior.pos_emb.pos_emb")))
    return parameters


def _layer(prior: State, index: int) -> dict[str, Tensor]:
    stored = {name: prior.pop(f"{_LAYER}{index}.{name}") for name in NAMES}
    return {name: _half(value) if name.endswith(".w") else _float(value) for name, value in stored.items()}


def _float(value: Tensor) -> Tensor:
    return value.clone().float()  # clone first: in the file tensors start at any byte


def _half(value: Tensor) -> Tensor:
    return value.clone().half()


def _write(path: Path, tensors: Mapping[str, Tensor], origin: str) -> str:
    for name, value in tensors.items():
        if not value.isfinite().all():
            raise EdgeError(
                "weights_nan",
                f"Jukebox's {name} for {path.name} holds values that are not numbers.",
                "Download OpenAI's files again.",
            )
    with atomic_write(path) as unfinished:
        save_file(dict(tensors), unfinished, metadata={"origin": origin})
        return sha256_of(unfinished)


def _converted_before(path: Path, origin: str) -> str | None:
    """The SHA-256 of a part that an earlier run converted from the same sources; None if it has to be converted."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            if (file.metadata() or {}).get("origin") != origin:
                return None
    except SafetensorError:
        return None
    return sha256_of(path)


def _check_room(target: Path, shape: PriorShape, prior: State) -> None:
    wanted = 2 * shape.layers * shape.matrix_values + 4 * sum(
        prior[name].numel() for name in ("prior.x_emb.weight", "prior.pos_emb.pos_emb")
    )
    there = sum(file.stat().st_size for file in target.glob("*.safetensors"))
    if shutil.disk_usage(target).free < wanted - there:
        raise EdgeError(
            "disk_full",
            f"Jukebox needs {(wanted - there) / 1e9:.1f} GB at {target}, more than is free there.",
            "Free some space, or choose a folder on another disk.",
        )


@contextmanager
def _explaining(source: Path) -> Iterator[None]:
    try:
        yield
    except (KeyError, ValueError, IndexError, RuntimeError) as error:
        raise _not_jukebox(
            source, f"{error} is wrong or missing" if isinstance(error, KeyError) else str(error)
        ) from error


def _not_jukebox(path: Path, reason: str) -> EdgeError:
    return EdgeError(
        "weights_not_ours",
        f"{path} does not hold Jukebox's 5b model: {reason}.",
        "Take vqvae.pth.tar and prior_level_2.pth.tar of the folder 5b, not of 5b_lyrics or 1b_lyrics.",
    )
