"""The takes of a batch: which dances, under which names, and whether one of them is there already."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from ..audio.song_source import song_source
from ..errors import EdgeError
from ..fileio.hashing import sha256_of
from ..generation.metadata import describe
from ..model.catalogue import resolve
from ..motion.files import load_motion
from ..schema.frames import FPS
from ..schema.requests import GenerateRequest

SOUNDS = frozenset({".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac", ".aif", ".aiff"})
"""What is taken for a song in a folder. A file that is named is taken whatever its suffix."""

State = Literal["absent", "there", "other"]

_USUAL = json.loads(json.dumps(asdict(GenerateRequest(""))))
_OF_NO_ACCOUNT = ("format", "program", "downbeats")  # in a file's meta: do not tell one take from another


@dataclass(frozen=True)
class TakeRequest:
    """A dance that is asked for. name: of its file, without suffix; None = song and seed."""

    request: GenerateRequest
    name: str | None = None


@dataclass(frozen=True)
class Take:
    """One dance to make. name: of its file, without suffix, and of no other take's."""

    name: str
    request: GenerateRequest


def songs_in(paths: Iterable[Path]) -> list[Path]:
    """The songs that the paths mean: files as they are, of folders the sound files directly in them, by name."""
    songs: list[Path] = []
    for path in paths:
        inside = sorted(file for file in path.iterdir() if file.suffix.lower() in SOUNDS) if path.is_dir() else [path]
        songs.extend(inside)
    return songs


def takes_of(requests: Iterable[TakeRequest]) -> list[Take]:
    """A take for each request, called `song-seed` unless it has a name; requests that are equal are one take.

    Where another song has that name, it is `song~2-seed`. Raises EdgeError batch_name where a given name is that of
    another take or none that a file can have.
    """
    takes: dict[str, Take] = {}  # by name, as those systems compare them that do not know capitals
    for request in requests:
        name = _name(request, takes)
        takes.setdefault(name.casefold(), Take(name, request.request))
    return list(takes.values())


def state_of(take: Take, path: Path, weights_folder: Path | None = None) -> State:
    """Whether the take's file is there: "there" if it was made from this request, song and weights.

    "other": the file is of another take, or no dance at all. Raises EdgeError weights_missing and as
    audio.loading does; OSError where a dance that is kept cannot be read.
    """
    if not path.exists():
        return "absent"
    try:
        motion = load_motion(path)
    except EdgeError:
        return "other"
    request, made = take.request, motion.meta
    song = song_source(request.song)
    wanted = describe(
        request,
        song,
        round((request.duration or song.duration - request.start) * FPS),
        weights_id=str(made.get("weights", {}).get("id")),
        weights_sha256=_sha256_once(resolve(request.weights, weights_folder)),
        features=str(made.get("features")),
    )
    wanted = json.loads(json.dumps(wanted))
    # A setting that the program did not have yet when the file was made had the value that is now its default.
    since = {name: value for name, value in _USUAL.items() if name in wanted and name not in made}
    return "there" if _telling(wanted) == _telling(made | since) else "other"


def _telling(meta: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in meta.items() if name not in _OF_NO_ACCOUNT}


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
