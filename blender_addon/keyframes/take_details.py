"""The data of a take, a custom property of its action, and the frames that the action keys."""

from typing import Any

import bpy

from ..rig.standing import TAKE

PROPERTY = TAKE
"""The action's custom property: song, seed, settings, beats as frames of the scene and more."""


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


def is_starred(action: bpy.types.Action) -> bool:
    """Whether the user has starred the take."""
    return bool(details(action).get("starred", False))


def star(action: bpy.types.Action, starred: bool) -> None:
    """Star the take, or remove its star."""
    properties: Any = action[PROPERTY]
    properties["starred"] = starred
