"""Finds weights by name: those of the index, and all weights files in the user's folder.

Standard library only, so that weights can be listed without importing torch.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import EdgeError
from ..fileio.hashing import sha256_of

# `weights` lies beside edge_backend, in the repository and in the installed extension alike.
BUNDLED_FOLDER = Path(__file__).resolve().parents[2] / "weights"

SUFFIX = ".safetensors"


@dataclass(frozen=True)
class KnownWeights:
    """An entry of the list of weights.

    id: its name. path: its file, None if it is not installed. summary, when_missing: sentences for users.
    source_sha256: of the file from which it is imported, "" if it is not imported. source_url: of that file, "" if it
    is not published.
    """

    id: str
    name: str
    path: Path | None
    summary: str = ""
    when_missing: str = ""
    source_sha256: str = ""
    source_url: str = ""


def known(folder: str | os.PathLike[str] | None = None) -> list[KnownWeights]:
    """The weights of the index, installed or not, then the other weights files of the user's folder, sorted by name.

    folder: the user's weights folder; its files take precedence over bundled ones of the same name.
    """
    folders = [*([Path(folder)] if folder else []), BUNDLED_FOLDER]
    found: dict[str, Path] = {}
    for place in reversed(folders):
        found.update({path.stem: path for path in sorted(place.glob(f"*{SUFFIX}"))})
    index = _read_index()
    listed = [
        KnownWeights(
            id=entry["id"],
            name=entry["name"],
            path=found.pop(entry["id"], None),
            summary=entry["summary"],
            when_missing=entry["when_missing"],
            source_sha256=entry.get("source_sha256", ""),
            source_url=entry.get("source_url", ""),
        )
        for entry in index
    ]
    return listed + [KnownWeights(id=stem, name=stem, path=found[stem]) for stem in sorted(found)]


def resolve(name_or_path: str | os.PathLike[str], folder: str | os.PathLike[str] | None = None) -> Path:
    """The path of the weights file with a name of the list, or of a path.

    folder: the user's weights folder. Raises EdgeError weights_missing, with a hint for these weights.
    """
    weights = known(folder)
    for entry in weights:
        if entry.id == str(name_or_path):
            if entry.path is None:
                raise EdgeError("weights_missing", f"The weights {entry.id} are not here.", entry.when_missing)
            return entry.path
    path = Path(name_or_path)
    if not path.is_file():
        names = ", ".join(entry.id for entry in weights)
        raise EdgeError("weights_missing", f"There are no weights named {path} and no such file.", f"Known: {names}.")
    return path


def identify_source(path: str | os.PathLike[str]) -> KnownWeights | None:
    """The entry of the index that is imported from exactly this file, None if there is none."""
    sha256 = sha256_of(path)
    return next((entry for entry in known() if entry.source_sha256 == sha256), None)


def _read_index() -> list[dict[str, str]]:
    path = BUNDLED_FOLDER / "index.json"
    return json.loads(path.read_text(encoding="utf-8"))["weights"] if path.is_file() else []
