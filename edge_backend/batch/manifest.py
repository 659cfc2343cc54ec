"""Reads and writes manifests of a batch, CSV or JSON by suffix: requested takes and their outcomes.

A written manifest has all columns that are needed to read it again.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from os import path as os_path
from pathlib import Path
from typing import Any, Literal

from ..errors import EdgeError
from ..fileio.atomic_write import atomic_write
from ..protocol.codec import ProtocolError, from_json
from ..schema.requests import GenerateRequest
from .seeds import seeds_in
from .take_requests import Take, TakeRequest

State = Literal["made", "there", "failed", "waiting"]

_SETTINGS = {field.name: field for field in fields(GenerateRequest)}
_WORDS = {field.name for field in fields(GenerateRequest) if isinstance(field.default, str)} | {"song"}
_RESULT_COLUMNS = ("file", "state", "frames", "seconds", "code", "message")  # columns that are written, and not read


@dataclass(frozen=True)
class Outcome:
    """The outcome of a take. frames: its length. seconds: of work. error: the reason of a failure."""

    take: Take
    state: State
    frames: int = 0
    seconds: float = 0.0
    error: EdgeError | None = None


def read_manifest(path: Path, defaults: GenerateRequest, seeds: tuple[int, ...]) -> list[TakeRequest]:
    """The requests of a manifest: for each row one for its seed, or one for each of its seeds.

    Columns: song (relative to the manifest's folder), name, seed or seeds, and the fields of GenerateRequest. Missing
    fields are taken from `defaults`, and `seeds` is for rows without seeds. Raises EdgeError batch_manifest.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # spreadsheets write a byte order mark
        rows = json.loads(text) if path.suffix.lower() == ".json" else list(csv.DictReader(io.StringIO(text)))
        if not isinstance(rows, list):
            raise ValueError("it is not a list of rows")
    except (OSError, ValueError, csv.Error) as error:
        raise _unreadable(path, "", error) from None
    requests: list[TakeRequest] = []
    for number, row in enumerate(rows, 1):
        requests += _requests_of(path, number, row, defaults, seeds)
    return requests


def write_manifest(path: Path, outcomes: Iterable[Outcome]) -> None:
    """Write the outcomes of takes, atomically. Raises OSError."""
    rows = [_row(path.parent, outcome) for outcome in outcomes]
    with atomic_write(path) as unfinished:
        if path.suffix.lower() == ".json":
            unfinished.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            return
        columns = dict.fromkeys(name for row in rows for name in row if name not in _RESULT_COLUMNS)
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, [*columns, *_RESULT_COLUMNS], restval="")
            writer.writeheader()
            writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)


def _requests_of(
    path: Path, number: int, row: Any, defaults: GenerateRequest, seeds: tuple[int, ...]
) -> Iterator[TakeRequest]:
    where = f"row {number}"
    try:
        if not isinstance(row, dict):
            raise ValueError("it is not an object")
        given = {str(name).strip(): _value(str(name).strip(), value) for name, value in row.items() if name}
        given = {
            name: value for name, value in given.items() if value not in ("", None) and name not in _RESULT_COLUMNS
        }
        name = given.pop("name", None)
        own_seeds = given.pop("seeds", None)
        if not isinstance(given.get("song"), str):
            raise ValueError("it names no song")
        given["song"] = os_path.normpath(path.parent / given["song"])
        if "seed" not in given:
            chosen = seeds_in(str(own_seeds)) if own_seeds is not None else seeds
        else:
            chosen = (given.pop("seed"),)
        for seed in chosen:
            text = json.dumps(_with_defaults(given | {"seed": seed}, defaults)).encode()
            several = name is not None and len(chosen) > 1
            yield TakeRequest(from_json(GenerateRequest, text, where), f"{name}-{seed}" if several else name)
    except (ValueError, ProtocolError) as error:
        raise _unreadable(path, where, error) from None


def _value(name: str, value: Any) -> Any:
    """The value of a CSV cell: a string for text fields, otherwise parsed as JSON. Raises ValueError."""
    if not isinstance(value, str) or name in _WORDS or name not in _SETTINGS or not value.strip():
        return value.strip() if isinstance(value, str) else value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError(f"{name} cannot be {value!r}") from None


def _with_defaults(given: dict[str, Any], defaults: GenerateRequest) -> dict[str, Any]:
    return asdict(defaults) | given


def _row(folder: Path, outcome: Outcome) -> dict[str, Any]:
    """A manifest's row: song, seed, name, the settings that differ from the defaults, and the outcome."""
    take = outcome.take
    plain = json.loads(json.dumps(asdict(take.request)))
    usual = json.loads(json.dumps(asdict(GenerateRequest(""))))
    settings = {name: value for name, value in plain.items() if value != usual[name]}
    row = {"song": _seen_from(folder, take.request.song), "seed": take.request.seed, "name": take.name}
    row |= {name: value for name, value in settings.items() if name not in row}
    row |= {"file": f"{take.name}.npz", "state": outcome.state}
    if outcome.state == "made":
        row |= {"frames": outcome.frames, "seconds": round(outcome.seconds, 2)}
    if outcome.error:
        row |= {"code": outcome.error.code, "message": str(outcome.error)}
    return row


def _seen_from(folder: Path, song: str) -> str:
    try:
        return Path(os_path.relpath(song, folder)).as_posix()
    except ValueError:  # on another drive of Windows
        return song


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (dict, list, bool)) else value


def _unreadable(path: Path, where: str, error: Exception) -> EdgeError:
    why = error.message if isinstance(error, ProtocolError) else str(error)
    place = f"{path}, {where}" if where else str(path)
    return EdgeError("batch_manifest", f"{place} cannot be used: {why.rstrip('.')}.", "docs/batch.md shows an example.")
