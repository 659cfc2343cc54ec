"""The metadata of a motion file: the request's settings, song, weights and program version."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import __version__
from ..audio.song_source import SongSource
from ..fileio.hashing import sha256_of
from ..motion.files import load_motion
from ..schema.edits import EditRequest
from ..schema.frames import FPS
from ..schema.requests import GenerateRequest


def describe(
    request: GenerateRequest, song: SongSource, frames: int, *, weights_id: str, weights_sha256: str, features: str
) -> dict[str, Any]:
    """The metadata as JSON types, without local paths: songs and motion files are given by name and SHA-256.

    frames: length of the dance. features: kind of the music features. Raises OSError where a file cannot be read.
    """
    settings = asdict(request)
    edit, start = settings.pop("edit"), settings.pop("start")
    settings["plan"] = Path(request.plan).name
    settings["phrases"] = [Path(name).name for name in request.phrases]
    del settings["song"], settings["duration"], settings["weights"]
    if request.loop is None:
        del settings["loop"]
    settings.pop("song_map")
    if request.song_map:
        settings["song_map"] = {"sha256": sha256_of(request.song_map)}
    if request.edit != EditRequest():
        settings["edit"] = _with_files_named(edit)
    return settings | {
        "song": {"name": song.path.name, "sha256": song.sha256, "start": start, "duration": frames / FPS},
        "weights": {"id": weights_id, "sha256": weights_sha256},
        "features": features,
        "program": __version__,
    }


def edited_meta(edit: EditRequest) -> dict[str, Any] | None:
    """The metadata of the edited dance; None if the edit has no source. Raises EdgeError as load_motion."""
    return load_motion(edit.source.motion).meta if edit.source else None


def _with_files_named(value: Any) -> Any:
    """An edit as JSON types, with name and SHA-256 of motion files instead of their paths."""
    match value:
        case {"motion": path, "first": first}:
            return _named(path) | {"first": first}
        case dict():
            return {name: _with_files_named(item) for name, item in value.items()}
        case tuple():
            return [_with_files_named(item) for item in value]
    return value


def _named(path: str) -> dict[str, Any]:
    return {"name": Path(path).name, "sha256": sha256_of(path)}
