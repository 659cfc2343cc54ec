"""Switches of the rig (such as IK/FK) that takes key: their former values are restored when no take keys them any more.

Blender leaves a property at the last value that an action gave it. The armature object therefore stores each switch's
value from before a take changed it. A switch that the user has changed since is not restored.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import bpy
from bpy.app.handlers import persistent

from .. import compat
from ..rig.standing import carried_from, is_ours

SWITCHES = "edge_dance_switches"
"""Property of the armature object, JSON: path of a switch -> [the user's value, the value that a take gives it].

The second is null while no take keys the switch.
"""

_SAME = 1e-5


def record_switches(armature: bpy.types.Object, paths: Iterable[str]) -> None:
    """Store the values of the switches, before the armature first shows an action that keys them.

    paths: of all its switches, from the object.
    """
    update_switches(armature)
    recorded = _recorded(armature)
    for path in paths:
        if path not in recorded:
            recorded[path] = [_value(armature, path), None]
    _record(armature, recorded)


def show_action(armature: bpy.types.Object, action: bpy.types.Action | None, slot: str = "") -> None:
    """Assign the action as `compat.assign_action`, and restore what only the former action changed.

    These are switches, and the object's location if it carried the former take over the floor.
    """
    update_switches(armature)
    root, start = carried_from(armature) or (None, None)
    if root == "" and start is not None:
        armature.location = start
    compat.assign_action(armature, action, slot)
    update_switches(armature)


def update_switches(armature: bpy.types.Object) -> None:
    """Restore switches that a take has changed and that nothing animates now; store the values of the others."""
    recorded = _recorded(armature)
    for path, (before, during) in recorded.items():
        now = _value(armature, path)
        if now is not None:  # None: the bone or the constraint was renamed or removed
            recorded[path] = _updated(armature, path, now, before, during)
    _record(armature, recorded)


def _updated(armature: bpy.types.Object, path: str, now: float, before: float, during: float | None) -> list[Any]:
    """The stored data of a switch whose value is `now`; the switch is restored if no action gives it this value."""
    moved = list(_moved(armature, path, now))
    values = [value for from_take, value in moved if from_take]
    if given := [value for value in values if value is not None]:
        return [before, given[-1]]
    if moved and not values:
        return [before, None]  # the user's own action animates it
    if during is not None and abs(now - during) <= _SAME:
        _set(armature, path, before)
        now = before
    return [before, now] if moved else [now, None]


def register() -> None:
    """Add the property to objects, and the handlers."""
    props: Any = bpy.props
    prop = props.StringProperty(name="Switches", options={"HIDDEN"}, override={"LIBRARY_OVERRIDABLE"})
    setattr(bpy.types.Object, SWITCHES, prop)
    for handlers in _handler_lists():
        handlers.append(_update_all)


def unregister() -> None:
    """Undo `register`."""
    for handlers in _handler_lists():
        handlers.remove(_update_all)
    delattr(bpy.types.Object, SWITCHES)


def _handler_lists() -> tuple[Any, ...]:
    """Handlers of all changes; a new frame, at which an NLA strip may end, has one of its own."""
    handlers = bpy.app.handlers
    changes = handlers.depsgraph_update_post, handlers.frame_change_post
    return *changes, handlers.undo_post, handlers.redo_post, handlers.load_post, handlers.save_pre


@persistent
def _update_all(*_arguments: Any) -> None:
    for ob in bpy.data.objects:
        if ob.type == "ARMATURE" and not ob.library:
            update_switches(ob)


def _recorded(armature: bpy.types.Object) -> dict[str, list[Any]]:
    stored = getattr(armature, SWITCHES)
    return json.loads(stored) if stored else {}


def _record(armature: bpy.types.Object, recorded: dict[str, list[Any]]) -> None:
    text = json.dumps(recorded) if recorded else ""
    if text != getattr(armature, SWITCHES):  # setting it makes Blender evaluate the scene again
        setattr(armature, SWITCHES, text)


def _moved(armature: bpy.types.Object, path: str, now: float) -> Iterator[tuple[bool, float | None]]:
    """What animates the switch: whether it is an action of this extension, and the value that it gives at this frame.

    The value is None for a strip that gives none at this frame; the NLA may then have written the property's default.
    """
    data: Any = armature.animation_data
    if data is None:
        return
    frame = bpy.context.scene.frame_current_final
    if data.use_nla:
        soloed = [track for track in data.nla_tracks if track.is_solo]
        for track in soloed or data.nla_tracks:
            for strip in () if track.mute else _strips(track.strips):
                if compat.fcurves_of(strip.action).find(path):
                    yield is_ours(strip.action), now if _covers(strip, frame) else None
    if data.action and (curve := compat.fcurves_of(data.action, armature).find(path)):
        yield is_ours(data.action), curve.evaluate(frame)


def _strips(strips: Iterable[Any]) -> Iterator[Any]:
    """The strips with an action that are not muted, including those in meta strips."""
    for strip in strips:
        if not strip.mute:
            yield from [strip] if strip.action else _strips(strip.strips)


def _covers(strip: Any, frame: float) -> bool:
    begun, ended = strip.frame_start <= frame, strip.frame_end < frame
    return strip.extrapolation == "HOLD" or (begun and (not ended or strip.extrapolation == "HOLD_FORWARD"))


def _value(armature: bpy.types.Object, path: str) -> float | None:
    """The switch's value, None if there is no such switch."""
    try:
        return float(armature.path_resolve(path))
    except ValueError:
        return None


def _set(armature: bpy.types.Object, path: str, value: float) -> None:
    """Set a bone's custom property, or a property of a constraint."""
    kind = type(armature.path_resolve(path))
    if path.endswith('"]'):
        owner, _, name = path[:-2].rpartition('["')
        armature.path_resolve(owner)[bpy.utils.unescape_identifier(name)] = kind(value)
    else:
        owner, _, name = path.rpartition(".")
        setattr(armature.path_resolve(owner), name, kind(value))
    armature.update_tag()
