"""Unique ids of takes: a copy of a take gets an id of its own, so that an id belongs to one take only.

Blender copies actions without calling any handler for it (Duplicate, the New button of the action editor, Append). Of
two takes with one id, the copy is the one that was not there before.
"""

import uuid
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..rig.standing import TAKE

_ids: dict[int, str] = {}
"""session_uid of a take's action -> its id, for the takes of the open file that are known."""


def new_id() -> str:
    """A new id."""
    return uuid.uuid4().hex


def ensure_unique_ids() -> None:
    """Give a new id to every take that has the id of another."""
    takes = [action for action in bpy.data.actions if not action.library and TAKE in action.keys()]  # noqa: SIM118
    # Of several new takes, copies have the longer names or higher numbers.
    takes.sort(key=lambda action: (action.session_uid not in _ids, len(action.name), action.name))
    seen: set[str] = set()
    for action in takes:
        properties: Any = action[TAKE]
        own = _ids.get(action.session_uid) or str(properties.get("id", ""))
        if own in seen:
            own = new_id()
        if own and properties.get("id") != own:  # a new id, or undo has restored the old one
            properties["id"] = own
        _ids[action.session_uid] = own
        seen.add(own)


def register() -> None:
    """Add the handlers after which there may be copies."""
    for handlers in _handler_lists():
        handlers.append(_ensure_unique_ids)
    bpy.app.handlers.load_pre.append(_forget)


def unregister() -> None:
    """Remove the handlers."""
    bpy.app.handlers.load_pre.remove(_forget)
    for handlers in _handler_lists():
        handlers.remove(_ensure_unique_ids)
    _ids.clear()


def _handler_lists() -> tuple[Any, ...]:
    handlers = bpy.app.handlers
    return (
        handlers.depsgraph_update_post,
        handlers.undo_post,
        handlers.redo_post,
        handlers.load_post,
        handlers.save_pre,
    )


@persistent
def _ensure_unique_ids(*_arguments: Any) -> None:
    ensure_unique_ids()


@persistent
def _forget(*_arguments: Any) -> None:
    _ids.clear()
