"""Look-ups in scenes and data-blocks, used by several rooms."""

from collections.abc import Iterable
from typing import TypeVar

import bpy

_ID = TypeVar("_ID", bound=bpy.types.ID)


def scene_rate(scene: bpy.types.Scene) -> float:
    """The scene's frame rate, frames per second."""
    return scene.render.fps / scene.render.fps_base


def by_session_uid(blocks: Iterable[_ID], uid: int) -> _ID | None:
    """The data-block with this session_uid, None if it no longer exists.

    A session_uid stays valid over undo, while a Python reference to a data-block may not.
    """
    return next((block for block in blocks if block.session_uid == uid), None)
