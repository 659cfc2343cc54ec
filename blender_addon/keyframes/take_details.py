"""The data of a take, a custom property of its action, and the frames that the action keys."""

from collections.abc import Mapping
from typing import Any

import bpy

from ..rig.standing import TAKE

PROPERTY = TAKE
"""The action's custom property: song, seed, settings, beats as frames of the scene and more."""

BEATS = "beats", "bars"
"""Members of it that are frames of the scene, ascending."""

KEYS = "keys"
"""Member of it: the frames of the first and the last key, as they were when the take's range was set."""


def span(action: bpy.types.Action) -> tuple[float, float]:
    """The action's first and last frame."""
    frames: Any = action.frame_range
    return float(frames[0]), float(frames[1])


def details(action: bpy.types.Action) -> dict[str, Any]:
    """The take's data as a dictionary; empty for other actions."""
    stored: Any = action.get(PROPERTY)
    return stored.to_dict() if stored else {}


def beat_frames(action: bpy.types.Action) -> list[float]:
    """The beats of the take's song as frames of the scene; empty for other actions."""
    return list(details(action).get("beats", ()))


def song_part_of(action: bpy.types.Action) -> dict[str, Any]:
    """The part of the song that the take is danced to, as song_map.strip_map.song_part; empty if it is not known."""
    found: dict[str, Any] = details(action).get("part", {})
    return found


def is_danced_to(action: bpy.types.Action, part: Mapping[str, Any]) -> bool:
    """Whether the take is danced to this part of the song, which may end earlier or later than it did.

    part: as song_map.strip_map.song_part.
    """
    danced = song_part_of(action)
    return bool(danced) and all(danced[name] == part[name] for name in ("sound", "start"))


def note_keys(action: bpy.types.Action) -> None:
    """Store the frames of the take's first and last key, by which later changes by hand are recognised."""
    properties: Any = action[PROPERTY]
    keys: Any = action.curve_frame_range
    properties[KEYS] = list(keys)


def is_starred(action: bpy.types.Action) -> bool:
    """Whether the user has starred the take."""
    return bool(details(action).get("starred", False))


def star(action: bpy.types.Action, starred: bool) -> None:
    """Star the take, or remove its star."""
    properties: Any = action[PROPERTY]
    properties["starred"] = starred
