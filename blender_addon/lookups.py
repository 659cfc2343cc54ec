"""Facts of the scene and of the file that several rooms ask for."""

from collections.abc import Iterable
from typing import TypeVar

import bpy

_ID = TypeVar("_ID", bound=bpy.types.ID)


def scene_rate(scene: bpy.types.Scene) -> float:
    """The scene's frames a second."""
    return scene.render.fps / scene.render.fps_base


def by_session_uid(blocks: Iterable[_ID], uid: int) -> _ID | None:
    """The data-block with this session_uid; None where it is gone. A pointer kept over an undo may dangle, this not."""
    return next((block for block in blocks if block.session_uid == uid), None)
