"""Messages as bytes: one JSON object per line, UTF-8. `decode` is the one place where bytes become meaning."""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from ..errors import EdgeError
from .messages import Message, StatusRequest

MAX_LINE = 1 << 20
"""Bytes; longer lines are refused. Messages have a few hundred bytes."""


class ProtocolError(EdgeError):
    """A line that is not a valid message. Codes: frame_too_long, frame_not_json, frame_unknown_type,
    frame_bad_field."""


_NAMES: dict[type, str] = {
    kind: "status" if kind is StatusRequest else kind.__name__.lower() for kind in get_args(Message)
}
_TYPES = {name: kind for kind, name in _NAMES.items()}


def encode(message: Message) -> bytes:
    """The message as a line, newline included. ASCII, so that file names with lone surrogates survive."""
    fields_by_name = {"type": _NAMES[type(message)], **_plain(message)}
    return json.dumps(fields_by_name, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def decode(line: bytes) -> Message:
    """The message in one line. Anything that `encode` cannot have made raises ProtocolError, and nothing else."""
    if len(line) > MAX_LINE:
        raise ProtocolError("frame_too_long", f"A message is longer than {MAX_LINE} bytes.")
    content = _object(line, "A message")
    name = content.pop("type", None)
    kind = _TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ProtocolError("frame_unknown_type", f"There is no message of type {_shown(name)}.", detail=_shown(line))
    message: Message = _typed_dataclass(kind, content, str(name))
    return message


def from_json(kind: type, text: bytes, where: str) -> Any:
    """A dataclass of `schema` from its JSON object, in any layout.

    where: its name in error messages. Raises ProtocolError as decode does.
    """
    return _typed_dataclass(kind, _object(text, where), where)


class LineSplitter:
    """Splits a byte stream into lines in bounded memory: of a line over MAX_LINE it keeps just enough for decode to
    refuse."""

    def __init__(self) -> None:
        self._line = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The lines that `chunk` completes, without their line ends; empty lines are left out."""
        *complete, rest = chunk.split(b"\n")
        for piece in complete:
            self._append(piece)
            line = bytes(self._line).rstrip(b"\r")
            self._line.clear()
            if line:
                yield line
        self._append(rest)

    def _append(self, piece: bytes) -> None:
        self._line += piece[: MAX_LINE + 1 - len(self._line)]


def _object(text: bytes, where: str) -> dict[str, Any]:
    try:
        found = json.loads(text.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as problem:
        raise ProtocolError("frame_not_json", f"{where} is not JSON: {problem}.", detail=_shown(text)) from None
    if not isinstance(found, dict):
        raise ProtocolError("frame_not_json", f"{where} is not a JSON object.", detail=_shown(text))
    return found


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _typed(kind: Any, value: Any, where: str) -> Any:  # noqa: PLR0911 - one return per kind of type
    """`value`, as JSON gives it, in the annotated type `kind`; a ProtocolError names the field that it does not fit."""
    if is_dataclass(kind):
        return _typed_dataclass(kind, value, where)
    origin = get_origin(kind)
    if origin in (UnionType, Union):
        options = get_args(kind)
        if value is None and NoneType in options:
            return None
        return _typed(next(option for option in options if option is not NoneType), value, where)
    if origin is Literal and isinstance(value, str) and value in get_args(kind):
        return value
    if origin is tuple and isinstance(value, list):
        return tuple(_typed(get_args(kind)[0], item, where) for item in value)
    if kind is float and type(value) in (int, float) and abs(value) <= sys.float_info.max:
        return float(value)
    if kind in (int, str, bool) and type(value) is kind:
        return value
    raise ProtocolError("frame_bad_field", f"{where} cannot be {_shown(value)}.")


def _typed_dataclass(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise ProtocolError("frame_bad_field", f"{where} must be an object, not {_shown(value)}.")
    known = {f.name: f for f in fields(kind)}
    if unknown := value.keys() - known.keys():
        raise ProtocolError("frame_bad_field", f"{where} has no field {_shown(min(unknown))}.")
    for name, f in known.items():
        if name not in value and f.default is MISSING and f.default_factory is MISSING:
            raise ProtocolError("frame_bad_field", f"{where}.{name} is missing.")
    return kind(**{name: _typed(_hints(kind)[name], item, f"{where}.{name}") for name, item in value.items()})


_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def _shown(value: Any) -> str:
    """A short printable form for error messages; what a peer sent may be long or binary."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else json.dumps(value)
    return _UNPRINTABLE.sub("?", text[:80]) + ("..." if len(text) > 80 else "")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
