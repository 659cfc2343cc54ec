"""What a take's action says of itself: the custom property that travels with it, and the frames that it keys."""

from typing import Any

import bpy

from ..rig.standing import TAKE

PROPERTY = TAKE
"""The action's custom property: song, seed, settings, and the beats as frames of the scene."""


def span(action: bpy.types.Action) -> tuple[float, float]:
    """The action's first and last frame."""
    frames: Any = action.frame_range
    return float(frames[0]), float(frames[1])


def details(action: bpy.types.Action) -> dict[str, Any]:
    """What the take knows about itself; empty for other actions."""
    kept: Any = action.get(PROPERTY)
    return kept.to_dict() if kept else {}


def beat_frames(action: bpy.types.Action) -> list[float]:
    """The beats of the song under this take, as frames of the scene; empty if it is no take of ours."""
    return list(details(action).get("beats", ()))


def is_starred(action: bpy.types.Action) -> bool:
    """Whether the user has starred the take."""
    return bool(details(action).get("starred", False))


def star(action: bpy.types.Action, starred: bool) -> None:
    """Star the take, or take its star away."""
    kept: Any = action[PROPERTY]
    kept["starred"] = starred
