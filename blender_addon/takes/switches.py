"""The rig's own switches, which takes key for the dance to be seen: put back where no take moves them any more.

Blender leaves a property at the last value that an action gave it. So that the character's own animation has its legs
again, the armature object knows what each switch was before a take moved it. Where the user has changed a switch
since, it stays as it is.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import bpy
from bpy.app.handlers import persistent

from .. import compat
from ..rig.retarget import switch_keys

SWITCHES = "edge_dance_switches"
"""The armature object's property, JSON: path of a switch -> [the user's own value, the value that a take gives it].

The second is null while no take moves the switch.
"""

_OURS = "edge_dance"
"""Custom properties of our actions begin with this."""

_SAME = 1e-5


def note_switches(armature: bpy.types.Object) -> None:
    """Remember what the switches are, before the armature is first shown with them keyed."""
    settle(armature)
    noted = _noted(armature)
    for switch in switch_keys(armature):
        noted.setdefault(switch.path, [_value(armature, switch.path), None])
    _note(armature, noted)


def show_action(armature: bpy.types.Object, action: bpy.types.Action | None, slot: str = "") -> None:
    """`compat.assign_action`; the switches that only the action before has moved are put back."""
    settle(armature)
    compat.assign_action(armature, action, slot)
    settle(armature)


def settle(armature: bpy.types.Object) -> None:
    """Put back the switches that a take has moved and that none moves now; remember the others as they are."""
    noted = _noted(armature)
    for path, (before, during) in noted.items():
        now = _value(armature, path)
        if now is not None:  # else the bone or the constraint has another name, or is gone
            noted[path] = _settled(armature, path, now, before, during)
    _note(armature, noted)


def _settled(armature: bpy.types.Object, path: str, now: float, before: float, during: float | None) -> list[Any]:
    """What is known of a switch whose value is `now`; where no action gives it that, it is put back."""
    moved = list(_moved(armature, path, now))
    values = [value for ours, value in moved if ours]
    if given := [value for value in values if value is not None]:
        return [before, given[-1]]
    if moved and not values:
        return [before, None]  # the user's own action has taken over
    if during is not None and abs(now - during) <= _SAME:
        _set(armature, path, before)
        now = before
    return [before, now] if moved else [now, None]


def register() -> None:
    """Give every object its memory of switches, and be told of changes."""
    props: Any = bpy.props
    kept = props.StringProperty(name="Switches", options={"HIDDEN"}, override={"LIBRARY_OVERRIDABLE"})
    setattr(bpy.types.Object, SWITCHES, kept)
    for happenings in _happenings():
        happenings.append(_settle_all)


def unregister() -> None:
    """Undo `register`."""
    for happenings in _happenings():
        happenings.remove(_settle_all)
    delattr(bpy.types.Object, SWITCHES)


def _happenings() -> tuple[Any, ...]:
    """Blender tells of a new frame apart, in which an NLA strip may have ended."""
    told = bpy.app.handlers
    changes = told.depsgraph_update_post, told.frame_change_post
    return *changes, told.undo_post, told.redo_post, told.load_post, told.save_pre


@persistent
def _settle_all(*_what: Any) -> None:
    for ob in bpy.data.objects:
        if ob.type == "ARMATURE" and not ob.library:
            settle(ob)


def _noted(armature: bpy.types.Object) -> dict[str, list[Any]]:
    kept = getattr(armature, SWITCHES)
    return json.loads(kept) if kept else {}


def _note(armature: bpy.types.Object, noted: dict[str, list[Any]]) -> None:
    kept = json.dumps(noted) if noted else ""
    if kept != getattr(armature, SWITCHES):  # writing it makes Blender evaluate the scene again
        setattr(armature, SWITCHES, kept)


def _moved(armature: bpy.types.Object, path: str, now: float) -> Iterator[tuple[bool, float | None]]:
    """What moves the switch: whether it is an action of ours, and the value that it gives in this frame.

    None: a strip that gives it none in this frame; there the NLA may have written the property's default.
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
                    yield _is_ours(strip.action), now if _covers(strip, frame) else None
    if data.action and (curve := compat.fcurves_of(data.action, armature).find(path)):
        yield _is_ours(data.action), curve.evaluate(frame)


def _strips(strips: Iterable[Any]) -> Iterator[Any]:
    """The strips with an action, those in meta strips too, that are not muted."""
    for strip in strips:
        if not strip.mute:
            yield from [strip] if strip.action else _strips(strip.strips)


def _covers(strip: Any, frame: float) -> bool:
    begun, ended = strip.frame_start <= frame, strip.frame_end < frame
    return strip.extrapolation == "HOLD" or (begun and (not ended or strip.extrapolation == "HOLD_FORWARD"))


def _is_ours(action: bpy.types.Action) -> bool:
    return any(key.startswith(_OURS) for key in action.keys())  # noqa: SIM118 (no dict)


def _value(armature: bpy.types.Object, path: str) -> float | None:
    """The switch's value, None where there is no such switch."""
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
