"""Actions whose keys are being written, in small steps, before they become takes.

There is no undo step for them, so they must not exist during undo, redo and saving: `partial_preview` calls
`remove_unfinished` there. Keys are then written anew.
"""

from collections.abc import Generator, Iterable, Sequence
from typing import Any

import bpy

from .. import compat
from ..keyframes.channel_keys import ChannelKeys, write_curve
from ..lookups import by_session_uid

NAME = "Dance in the Making"

MARK = "edge_dance_unfinished"
"""Custom property of such actions."""


def write_in_steps(keys: Sequence[ChannelKeys]) -> Generator[float, None, int]:
    """Write the keys into a new action that nothing shows, an F-curve in each step. Returns its session_uid.

    Yields the fraction done. If the steps are abandoned, the action is removed.
    """
    columns = [(channel, index) for channel in keys for index in range(channel.values.shape[1])]
    uid, number = 0, 0
    try:
        while number < len(columns):
            action = by_session_uid(unfinished(), uid)
            if action is None:  # the first step, or undo or saving has removed it
                action, number = new_hidden(MARK), 0
                uid = action.session_uid
            write_curve(compat.curves_owner(action), *columns[number])
            number += 1
            yield number / len(columns)
    except BaseException:
        if action := by_session_uid(unfinished(), uid):
            bpy.data.actions.remove(action)
        raise
    return uid


def finished(uid: int, name: str) -> tuple[bpy.types.Action, Any] | None:
    """The action that `write_in_steps` returned, with its name and no longer marked, and the owner of its F-curves.

    None if it no longer exists, or has become a take before.
    """
    action = by_session_uid(unfinished(), uid)
    if action is None:
        return None
    del action[MARK]
    action.is_runtime_data = False
    action.name = name
    return action, compat.curves_owner(action)


def remove_unfinished() -> None:
    """Remove all such actions."""
    for action in unfinished():
        bpy.data.actions.remove(action)


def unfinished() -> list[Any]:
    """All such actions of this file."""
    return marked(bpy.data.actions, MARK)


def new_hidden(mark: str) -> bpy.types.Action:
    """A new action with this custom property. Autosave, which calls no handler, skips it."""
    action, _ = compat.new_action(NAME)
    action[mark] = True
    action.is_runtime_data = True
    return action


def marked(owners: Iterable[Any], mark: str) -> list[Any]:
    """The data-blocks of this file with this custom property; those of linked files are not changed."""
    return [owner for owner in owners if not owner.library and mark in owner.keys()]  # noqa: SIM118 (no dict)
