"""The frame ranges of takes follow their keys when these are moved, scaled or deleted by hand.

A take states its range (Blender's Manual Frame Range), since a dance may end between two frames and its keys on the one
before. Blender leaves such a range where it is: strips in the NLA editor, exports and edits would go on with the frames
where the dance was before.
"""

from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..keyframes.take_details import BEATS, KEYS, PROPERTY, note_keys

_SAME = 1e-2  # frames


def follow_keys(action: bpy.types.Action) -> None:
    """Move the take's range as far as its first and last key have moved since they were noted.

    Where both were moved by as much, the take's beats and bars are moved, too: the song is moved with its dance.
    """
    details: Any = action[PROPERTY]
    keys: Any = action.curve_frame_range
    first, last = keys
    before = list(details.get(KEYS, ()))
    if first == last or before == [first, last]:
        return
    note_keys(action)
    if not before:  # a take of an earlier version
        return
    earlier, later = first - before[0], last - before[1]
    if action.use_frame_range:
        start, end = action.frame_start + earlier, action.frame_end + later
        action.frame_start, action.frame_end = start, end  # in this order: Blender moves the end with the start
    if abs(earlier - later) < _SAME:
        for name in BEATS:
            details[name] = [frame + earlier for frame in details.get(name, ())]


def register() -> None:
    """Add the handlers."""
    bpy.app.handlers.depsgraph_update_post.append(_follow_changed)
    for handlers in _all_handlers():
        handlers.append(_follow_all)


def unregister() -> None:
    """Remove the handlers."""
    bpy.app.handlers.depsgraph_update_post.remove(_follow_changed)
    for handlers in _all_handlers():
        handlers.remove(_follow_all)


def _all_handlers() -> tuple[Any, ...]:
    """Handlers after which any action may be new or changed."""
    return bpy.app.handlers.load_post, bpy.app.handlers.undo_post, bpy.app.handlers.redo_post


@persistent
def _follow_changed(_scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    for update in depsgraph.updates:
        if isinstance(update.id, bpy.types.Action):
            _follow(update.id.original)


@persistent
def _follow_all(*_arguments: Any) -> None:
    for action in bpy.data.actions:
        _follow(action)


def _follow(action: Any) -> None:
    if PROPERTY in action.keys() and not action.library:  # noqa: SIM118 (no dict)
        follow_keys(action)
