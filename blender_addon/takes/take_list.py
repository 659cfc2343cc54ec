"""The armature's list of takes: actions that this extension made for it, each with the settings that it was made with.

What a take knows lies on its action and goes where the action goes; the list holds nothing but pointers.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy

from .. import compat
from ..edge_backend.errors import EdgeError
from ..keyframes.take_details import PROPERTY
from .switches import settle, show_action

TAKES, SHOWN = "edge_dance_takes", "edge_dance_take"
"""The armature object's list of takes, and the number of the one that it shows (character_properties)."""

KEEP, KEEP_ROW = "edge_dance_keep", "edge_dance_keep_row"
"""Its keep list, and the number of the row that is edited."""


def takes_of(armature: bpy.types.Object) -> list[bpy.types.Action]:
    """The armature's takes in the order of its list; those whose action somebody has removed are left out."""
    return [item.action for item in getattr(armature, TAKES) if item.action]


def remember(armature: bpy.types.Object, action: bpy.types.Action) -> None:
    """Put the action at the end of the armature's list, if it is not there."""
    if action not in takes_of(armature):
        new_item(getattr(armature, TAKES)).action = action


def new_item(items: Any) -> Any:
    """A new item at the end of one of the armature's lists, with a name that no other has.

    A library override stores all items that have no name as a single item.
    """
    item = items.add()
    item.name = uuid.uuid4().hex
    return item


def name_items(ob: bpy.types.Object) -> None:
    """Give names to the items that have none, in files of earlier versions.

    A library override is left alone where the library itself has such items: theirs, renamed, would be new ones to
    Blender, and there is no telling which they are.
    """
    override = ob.override_library
    for name in (TAKES, KEEP):
        theirs = getattr(override.reference, name) if override and override.reference else ()
        if all(item.name for item in theirs):
            for item in getattr(ob, name):
                if not item.name:
                    item.name = uuid.uuid4().hex


def current_take(armature: bpy.types.Object | None) -> bpy.types.Action | None:
    """The take that the armature shows, None if it shows none or something else."""
    data = armature.animation_data if armature else None
    return data.action if data and data.action and PROPERTY in data.action.keys() else None  # noqa: SIM118 (no dict)


def use_take(armature: bpy.types.Object, action: bpy.types.Action) -> None:
    """Have the armature show this take; the action that was there is kept. Raises EdgeError armature_tweaked."""
    refuse_tweaked(armature)
    data = armature.animation_data
    if data and data.action:
        data.action.use_fake_user = True  # else the file would lose it at the next save
    show_action(armature, action)


@contextmanager
def showing(armature: bpy.types.Object, action: bpy.types.Action | None) -> Iterator[None]:
    """For this block the armature shows the action, without one what it shows. Raises EdgeError armature_tweaked."""
    shown, slot = compat.shown_action(armature)
    if action is None or action == shown:
        yield
        return
    refuse_tweaked(armature)
    show_action(armature, action)
    try:
        yield
    finally:
        show_action(armature, shown, slot)


def refuse_tweaked(armature: bpy.types.Object) -> None:
    """Raise EdgeError armature_tweaked while an NLA strip of the armature is being edited: its action is locked."""
    data = armature.animation_data
    if data and data.use_tweak_mode:
        raise EdgeError(
            "armature_tweaked",
            f"{armature.name} is being tweaked in the NLA editor.",
            "Leave tweak mode (Tab in the NLA editor) and try again.",
        )


def delete_take(armature: bpy.types.Object, action: bpy.types.Action) -> None:
    """Take it off the list and out of the armature's NLA; remove the action if nothing else in the file uses it.

    If the armature showed it, it shows the take's neighbour. Raises EdgeError armature_tweaked.
    """
    refuse_tweaked(armature)
    takes = takes_of(armature)
    place = takes.index(action)
    neighbours = takes[place + 1 : place + 2] + takes[place - 1 : place]
    data = armature.animation_data
    if data and data.action == action:
        show_action(armature, neighbours[0] if neighbours else None)
    _forget(armature, action)
    action.use_fake_user = False
    if not bpy.data.user_map(subset={action}).get(action):
        bpy.data.actions.remove(action)
    else:
        action.use_fake_user = True


@contextmanager
def all_or_none(armature: bpy.types.Object, scene: bpy.types.Scene) -> Iterator[None]:
    """Where this block fails, the takes that it has made go again, and the armature shows what it showed."""
    before, end = takes_of(armature), scene.frame_end
    shown, slot = compat.shown_action(armature)
    try:
        yield
    except BaseException:
        for action in takes_of(armature):
            if action not in before:
                delete_take(armature, action)
        if shown or armature.animation_data:
            show_action(armature, shown, slot)
        scene.frame_end = end
        raise


def _forget(armature: bpy.types.Object, action: bpy.types.Action) -> None:
    items = getattr(armature, TAKES)
    for number in reversed(range(len(items))):
        if items[number].action in (action, None):
            items.remove(number)
    drop_strips(armature, action)


def drop_strips(armature: bpy.types.Object, action: bpy.types.Action) -> None:
    """Take the action out of the armature's NLA, and with it the tracks that have nothing else."""
    for track in list(armature.animation_data.nla_tracks) if armature.animation_data else ():
        for strip in [strip for strip in track.strips if strip.action == action]:
            track.strips.remove(strip)
            if not track.strips:
                armature.animation_data.nla_tracks.remove(track)
                break
    settle(armature)
