"""The takes of a batch: their requests and names, and whether a take's file exists already."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from ..audio.song_source import SONG_SUFFIXES, song_source
from ..errors import EdgeError
from ..fileio.hashing import sha256_of
from ..generation.metadata import describe
from ..model.catalogue import resolve
from ..motion.files import load_motion
from ..schema.frames import FPS
from ..schema.requests import GenerateRequest

State = Literal["absent", "there", "other"]

_USUAL = json.loads(json.dumps(asdict(GenerateRequest(""))))
# Metadata by which takes are not compared.
_IGNORED = ("format", "program", "engine", "downbeats", "leading_style", "energy_level", "choreography")


@dataclass(frozen=True)
class TakeRequest:
    """A requested dance. name: of its file, without suffix; None = by song and seed."""

    request: GenerateRequest
    name: str | None = None


@dataclass(frozen=True)
class Take:
    """One dance of a batch. name: of its file, without suffix, unique in the batch."""

    name: str
    request: GenerateRequest


def songs_in(paths: Iterable[Path]) -> list[Path]:
    """The songs of paths: files as they are, for folders the audio files directly in them, sorted by name."""
    songs: list[Path] = []
    for path in paths:
        if path.is_dir():
            songs += sorted(file for file in path.iterdir() if file.suffix.lower() in SONG_SUFFIXES)
        else:
            songs.append(path)
    return songs


def takes_of(requests: Iterable[TakeRequest]) -> list[Take]:
    """A take for each request, named `song-seed` unless the request has a name; equal requests are one take.

    If another song has the same name, the take is named `song~2-seed`. Raises EdgeError batch_name where a given name
    is used twice or is no valid file name.
    """
    takes: dict[str, Take] = {}  # by casefolded name, for file systems that ignore case
    for request in requests:
        name = _name(request, takes)
        takes.setdefault(name.casefold(), Take(name, request.request))
    return list(takes.values())


def state_of(take: Take, path: Path, weights_folder: Path | None = None) -> State:
    """The state of the take's file: "absent", "there" if it was made with this request, song and weights, or "other".

    Raises EdgeError weights_missing and those of audio.loading; OSError where the motion file of an edit cannot be
    read.
    """
    if not path.exists():
        return "absent"
    try:
        motion = load_motion(path)
    except EdgeError:
        return "other"
    request, made = take.request, _as_asked(motion.meta)
    song = song_source(request.song)
    expected = describe(
        request,
        song,
        round((request.duration or song.duration - request.start) * FPS),
        weights_id=str(made.get("weights", {}).get("id")),
        weights_sha256=_sha256_once(resolve(request.weights, weights_folder)),
        features=str(made.get("features")),
    )
    expected = json.loads(json.dumps(expected))
    # For settings that were added to the program after the file was written, the default applies.
    since = {name: value for name, value in _USUAL.items() if name in expected and name not in made}
    return "there" if _identifying(expected) == _identifying(made | since) else "other"


def _as_asked(meta: dict[str, Any]) -> dict[str, Any]:
    """The metadata with what was asked for: those of a loop say which bars were found."""
    asked = meta.get("loop", {}).get("asked")
    return meta | {"loop": asked["loop"], "song": meta["song"] | asked["song"]} if asked else meta


def _identifying(meta: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in meta.items() if name not in _IGNORED}


@lru_cache
def _sha256_once(weights: Path) -> str:
    return sha256_of(weights)


def _name(request: TakeRequest, takes: dict[str, Take]) -> str:
    def is_free(name: str) -> bool:
        other = takes.get(name.casefold())
        return other is None or other.request == request.request

    if request.name is not None:
        if (
            not request.name
            or request.name != Path(request.name).name
            or request.name.startswith(".")
            or "\0" in request.name
        ):
            raise EdgeError("batch_name", f"A take cannot be called {request.name!r}.", "Give it the name of a file.")
        if not is_free(request.name):
            raise EdgeError("batch_name", f"Two takes are called {request.name}.", "Give each a name of its own.")
        return request.name
    stem, seed = Path(request.request.song).stem, request.request.seed
    name, count = f"{stem}-{seed}", 1
    while not is_free(name):
        count += 1
        name = f"{stem}~{count}-{seed}"
    return name
