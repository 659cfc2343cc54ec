"""Converts the editing options of `generate` (docs/editing.md) to an EditRequest."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...diffusion.body_parts import BODY_PARTS
from ...errors import EdgeError
from ...motion.files import load_motion
from ...motion.motion import Motion
from ...protocol.codec import ProtocolError, from_json
from ...schema.edits import (
    JOINTS,
    PARTS,
    EditRequest,
    JointName,
    KeepBody,
    KeepContacts,
    KeepPath,
    Source,
    going_on,
    regenerated,
    varied,
)

_BOTH_FEET = "left_foot,right_foot"
# Words that may follow the frames of --keep; those with = take a value.
_WORDS = {
    "contacts": ("feet=", "up", "weight=", "fade="),
    "path": ("through=", "from=", "height", "weight=", "fade="),
    "body": ("from=", "weight=", "fade="),
}


@dataclass(frozen=True)
class Edit:
    """An edit, and the part of the song, in seconds, to which it applies."""

    request: EditRequest
    start: float
    duration: float | None


def read(options: argparse.Namespace) -> Edit:
    """The edit that the options describe.

    If they name a dance, start and duration default to those of the dance; a continuation ends with the song. Raises
    EdgeError keep_unreadable for options and keeps_unreadable for a file of --keeps that cannot be parsed; those of
    motion.files.
    """
    path = options.continue_from or options.vary or options.regenerate
    old = load_motion(path) if path else None
    request = _task(options, old) if old else _read_file(options.keeps) if options.keeps else EditRequest()
    rows = [row for words in options.keep for row in keep_rows(words)]
    request = replace(
        request,
        source=_source(options.source, 0) if options.source else request.source,
        bodies=(*request.bodies, *(row for row in rows if isinstance(row, KeepBody))),
        paths=(*request.paths, *(row for row in rows if isinstance(row, KeepPath))),
        contacts=(*request.contacts, *(row for row in rows if isinstance(row, KeepContacts))),
    )
    start, duration = options.start, options.duration
    if old and start is None and isinstance(song := old.meta.get("song"), dict):
        start = song.get("start")
    if old and duration is None and not options.continue_from:
        duration = old.frames / old.fps
    return Edit(request, start or 0.0, duration)


def keep_rows(words: Sequence[str]) -> list[KeepBody | KeepPath | KeepContacts]:
    """Parse one --keep, such as `left_arm,head 30:60 weight=0.5`. Raises EdgeError keep_unreadable."""
    try:
        if len(words) < 2:
            raise ValueError("it needs what to keep and at which frames")
        what, (start, stop) = words[0], frame_range(words[1])
        given = _settings(words[2:], _WORDS.get(what, _WORDS["body"]))
        common: dict[str, Any] = {name: given[name] for name in ("weight", "fade") if name in given}
        if what == "contacts":
            feet = given.get("feet", _BOTH_FEET).split(",")
            return [KeepContacts(start, stop, tuple(feet), down="up" not in given, **common)]
        if "from" in given:
            common["source"] = _source(given["from"], start)
        if what == "path":
            return [KeepPath(start, stop, given.get("through", ()), "height" in given, **common)]
        return _body_rows(what, KeepBody(start, stop, **common))
    except ValueError as error:
        raise _unreadable(f"--keep {' '.join(words)}", error) from None


def frame_range(text: str) -> tuple[int, int]:
    """First frame and frame after the last, of `150:300` or of the single frame `150`. Raises ValueError."""
    first, colon, behind = text.partition(":")
    try:
        return int(first), int(behind) if colon else int(first) + 1
    except ValueError:
        raise ValueError(f"{text} is neither a frame such as 150 nor a range such as 150:300") from None


def _task(options: argparse.Namespace, old: Motion) -> EditRequest:
    if options.continue_from:
        return going_on(Source(str(options.continue_from)), old.frames)
    if options.vary:
        return varied(Source(str(options.vary)), options.strength)
    if not options.frames:
        raise _unreadable("--regenerate", ValueError("it needs --frames FIRST:BEHIND"))
    try:
        joints = _joints(options.joints) if options.joints else ()
    except ValueError as error:
        raise _unreadable(f"--joints {options.joints}", error) from None
    start, stop = options.frames
    return regenerated(Source(str(options.regenerate)), old.frames, start, stop, joints)


def _read_file(path: Path) -> EditRequest:
    """Read an EditRequest from JSON; paths of motion files are relative to the JSON file."""
    try:
        request: EditRequest = from_json(EditRequest, path.read_bytes(), path.name)
    except (OSError, ProtocolError) as error:
        why = error.message if isinstance(error, ProtocolError) else f"{error.strerror or type(error).__name__}."
        raise EdgeError(
            "keeps_unreadable", f"{path} does not say what to keep: {why}", "docs/editing.md shows how it is written."
        ) from None

    def beside(source: Source | None) -> Source | None:
        return source and replace(source, motion=str(path.parent / source.motion))

    def placed(rows: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(replace(row, source=beside(row.source)) for row in rows)

    return replace(request, source=beside(request.source), bodies=placed(request.bodies), paths=placed(request.paths))


def _source(text: str, at: int) -> Source:
    """Parse `dance.npz` (its frame 0 is at frame 0) or `dance.npz@40` (its frame 40 is at frame `at`)."""
    path, at_sign, frame = text.rpartition("@")
    return Source(path, at - int(frame)) if at_sign and frame.isdecimal() else Source(text)


def _body_rows(names: str, row: KeepBody) -> list[KeepBody | KeepPath | KeepContacts]:
    """Copies of the row, one for each part among the names, and one for the joints among them."""
    _joints(names)
    given = names.split(",")
    rows = [replace(row, part=part) for part in PARTS if part in given]
    joints = tuple(joint for joint in JOINTS if joint in given and joint not in PARTS)
    return [*rows, replace(row, joints=joints)] if joints else [*rows]


def _joints(names: str) -> tuple[JointName, ...]:
    """The joints of a list of parts and joints such as `left_arm,head,pelvis`. Raises ValueError."""
    joints: set[str] = set()
    for name in names.split(","):
        if name not in PARTS and name not in JOINTS:
            raise ValueError(f"{name} is no part ({', '.join(PARTS)}) and no joint of the body")
        joints |= {joint.name.lower() for joint in BODY_PARTS[name].joints} if name in PARTS else {name}
    return tuple(joint for joint in JOINTS if joint in joints)


def _settings(words: Sequence[str], known: Sequence[str]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if name + equals not in known:
            raise ValueError(f"{word} is none of {', '.join(known)}")
        settings[name] = _READERS.get(name, str)(value)
    return settings


def _points(text: str) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(number) for number in point.split(",")) for point in text.split("/"))


_READERS: dict[str, Callable[[str], Any]] = {"weight": float, "fade": int, "through": _points}


def _unreadable(words: str, error: ValueError) -> EdgeError:
    return EdgeError("keep_unreadable", f"`{words}` is not understood: {error}.", "docs/editing.md has examples.")
