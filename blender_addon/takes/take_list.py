"""The armature's list of takes: actions that this extension made for it.

The data of a take is on its action; the list has pointers only.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy

from .. import compat
from ..edge_backend.errors import EdgeError
from ..keyframes.take_details import PROPERTY
from .switches import show_action, update_switches

TAKES, SHOWN = "edge_dance_takes", "edge_dance_take"
"""Properties of the armature object: its takes, and the index of the current one (see character_properties)."""

KEEP, KEEP_ROW = "edge_dance_keep", "edge_dance_keep_row"
"""Properties of the armature object: its keep list, and the index of the active row."""


def takes_of(armature: bpy.types.Object) -> list[bpy.types.Action]:
    """The armature's takes in the order of its list, without those whose action was removed."""
    return [item.action for item in getattr(armature, TAKES) if item.action]


def has_dance(armature: bpy.types.Object) -> bool:
    """Whether the armature has takes, or shows an action of whatever kind."""
    data = armature.animation_data
    return bool(takes_of(armature) or (data and data.action))


def add_to_list(armature: bpy.types.Object, action: bpy.types.Action) -> None:
    """Add the action to the end of the armature's list, if it is not in it."""
    if action not in takes_of(armature):
        new_item(getattr(armature, TAKES)).action = action


def new_item(items: Any) -> Any:
    """Add an item with a unique name to one of the armature's lists.

    A library override stores all items without a name as one item.
    """
    item = items.add()
    item.name = uuid.uuid4().hex
    return item


def name_items(ob: bpy.types.Object) -> None:
    """Give names to items without one, in files of earlier versions.

    A library override is not changed if its library has such items: Blender could not match the renamed items with
    them.
    """
    override = ob.override_library
    for name in (TAKES, KEEP):
        theirs = getattr(override.reference, name) if override and override.reference else ()
        if all(item.name for item in theirs):
            for item in getattr(ob, name):
                if not item.name:
                    item.name = uuid.uuid4().hex


def current_take(armature: bpy.types.Object | None) -> bpy.types.Action | None:
    """The take that the armature shows, None if it shows none or another action."""
    data = armature.animation_data if armature else None
    return data.action if data and data.action and PROPERTY in data.action.keys() else None  # noqa: SIM118 (no dict)


def use_take(armature: bpy.types.Object, action: bpy.types.Action) -> None:
    """Show this take; the former action is not removed. Raises EdgeError armature_tweaked."""
    refuse_tweaked(armature)
    data = armature.animation_data
    if data and data.action:
        data.action.use_fake_user = True  # without a user it would not be saved
    show_action(armature, action)


@contextmanager
def showing(armature: bpy.types.Object, action: bpy.types.Action | None) -> Iterator[None]:
    """Show the action during this block; without one, the current action. Raises EdgeError armature_tweaked."""
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
    """Raise EdgeError armature_tweaked while an NLA strip of the armature is in tweak mode, which locks its action."""
    data = armature.animation_data
    if data and data.use_tweak_mode:
        raise EdgeError(
            "armature_tweaked",
            f"{armature.name} is being tweaked in the NLA editor.",
            "Leave tweak mode (Tab in the NLA editor) and try again.",
        )


def delete_take(armature: bpy.types.Object, action: bpy.types.Action) -> None:
    """Remove the take from the list and from the armature's NLA, and the action if nothing else uses it.

    If the armature showed it, it shows the neighbour in the list. Raises EdgeError armature_tweaked.
    """
    refuse_tweaked(armature)
    takes = takes_of(armature)
    place = takes.index(action)
    neighbours = takes[place + 1 : place + 2] + takes[place - 1 : place]
    data = armature.animation_data
    if data and data.action == action:
        show_action(armature, neighbours[0] if neighbours else None)
    _remove_from_list(armature, action)
    action.use_fake_user = False
    if not bpy.data.user_map(subset={action}).get(action):
        bpy.data.actions.remove(action)
    else:
        action.use_fake_user = True


@contextmanager
def all_or_none(armature: bpy.types.Object, scene: bpy.types.Scene) -> Iterator[None]:
    """If this block fails, remove the takes that it has made and show the former action."""
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


def _remove_from_list(armature: bpy.types.Object, action: bpy.types.Action) -> None:
    items = getattr(armature, TAKES)
    for number in reversed(range(len(items))):
        if items[number].action in (action, None):
            items.remove(number)
    drop_strips(armature, action)


def drop_strips(armature: bpy.types.Object, action: bpy.types.Action) -> None:
    """Remove the action from the armature's NLA, with the tracks that become empty."""
    for track in list(armature.animation_data.nla_tracks) if armature.animation_data else ():
        for strip in [strip for strip in track.strips if strip.action == action]:
            track.strips.remove(strip)
            if not track.strips:
                armature.animation_data.nla_tracks.remove(track)
                break
    update_switches(armature)
