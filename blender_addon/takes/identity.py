"""Takes' ids: a copy of a take gets one of its own, whoever copies it, so that an id leads to one take alone.

Blender copies actions without telling (Duplicate, the New button of the action editor, Append). Which of two is the
copy is known by which was there before.
"""

import uuid
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..rig.standing import TAKE

_ids: dict[int, str] = {}
"""session_uid of a take's action -> its id, of those that have been seen in the file that is open."""


def new_id() -> str:
    """An id that no take has."""
    return uuid.uuid4().hex


def tell_apart() -> None:
    """Give an id of its own to every take that has another's."""
    takes = [action for action in bpy.data.actions if not action.library and TAKE in action.keys()]  # noqa: SIM118
    # Of several that come at once, copies have the higher numbers behind their names.
    takes.sort(key=lambda action: (action.session_uid not in _ids, len(action.name), action.name))
    seen: set[str] = set()
    for action in takes:
        kept: Any = action[TAKE]
        mine = _ids.get(action.session_uid) or str(kept.get("id", ""))
        if mine in seen:
            mine = new_id()
        if mine and kept.get("id") != mine:  # new, or undo has brought the old one back
            kept["id"] = mine
        _ids[action.session_uid] = mine
        seen.add(mine)


def register() -> None:
    """Be told of what may bring copies."""
    for happenings in _happenings():
        happenings.append(_tell_apart)
    bpy.app.handlers.load_pre.append(_forget)


def unregister() -> None:
    """Be told no more."""
    bpy.app.handlers.load_pre.remove(_forget)
    for happenings in _happenings():
        happenings.remove(_tell_apart)
    _ids.clear()


def _happenings() -> tuple[Any, ...]:
    told = bpy.app.handlers
    return told.depsgraph_update_post, told.undo_post, told.redo_post, told.load_post, told.save_pre


@persistent
def _tell_apart(*_what: Any) -> None:
    tell_apart()


@persistent
def _forget(*_what: Any) -> None:
    _ids.clear()
