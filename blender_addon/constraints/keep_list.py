"""The keep list of an armature: rows made from the selection, and rows as constraints."""

import math
from collections.abc import Iterable
from typing import Any

import bpy
import numpy as np

from .. import compat
from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.retarget.slots import slot_words
from ..edge_backend.motion.skeleton import Joint
from ..keyframes.take_details import span
from ..rig.paths import bone_of
from ..rig.retarget import bone_map_of, measure
from ..takes.take_list import KEEP, KEEP_ROW, new_item
from .body_parts import PART_LABELS, joints_of, part_named
from .rows import Row

_POINT_S = 0.5
"""Seconds between two points of a path from a curve."""


def row_of(armature: bpy.types.Object, item: Any, rate: float) -> Row:
    """The constraint of a row of the list. rate: the scene's frames per second.

    Raises EdgeError keep_bones, keep_curve, rig_unfit.
    """
    joints = None
    if item.part == "bones" and item.kind in ("POSE", "RANGE"):
        joints = joints_of(bone_map_of(armature).bones, item.bones.split("\n"))
        if not joints:
            raise EdgeError(
                "keep_bones",
                f"The bones of the row “{item.label}” are not in the bone map.",
                "Remove that row, or add the bones to the bone map.",
            )
    return Row(
        kind=item.kind,
        start=-math.inf if item.open_start and item.kind != "POSE" else item.start,
        end=math.inf if item.open_end and item.kind != "POSE" else max(item.start, item.end),
        part="whole" if item.part == "bones" else item.part,
        joints=joints,
        label=item.label if item.part == "bones" else "",
        points=_curve_points(armature, item, rate) if item.kind == "PATH" and item.curve else (),
        curve=item.curve.name if item.curve else "",
        feet=tuple(sorted(item.feet)),
        weight=item.weight,
        fade=item.fade if item.kind != "POSE" else 0,
    )


def rows_of(armature: bpy.types.Object, rate: float) -> list[Row]:
    """The constraints of the rows that are not muted. Raises as row_of."""
    return [row_of(armature, item, rate) for item in getattr(armature, KEEP) if not item.mute]


def add_row(armature: bpy.types.Object, **values: Any) -> Any:
    """Add a row to the end of the list and make it the active one. Returns the row."""
    rows = getattr(armature, KEEP)
    item = new_item(rows)
    for name, value in values.items():
        setattr(item, name, value)
    setattr(armature, KEEP_ROW, len(rows) - 1)
    return item


def bones_values(armature: bpy.types.Object, names: Iterable[str]) -> dict[str, Any]:
    """Values of a row for these bones: a part of the body if they form one, else their names and a label."""
    chosen = list(names)
    bones = bone_map_of(armature).bones
    joints = joints_of(bones, chosen)
    if joints == joints_of(bones, bones.values()) or joints == frozenset(Joint):
        return {"part": "whole"}
    if part := part_named(joints):
        return {"part": part}
    slots = [slot for slot, bone in bones.items() if bone in chosen and "_twist" not in slot]
    words = [slot_words(slot) for slot in slots]
    label = " and ".join(words) if 0 < len(words) <= 2 else f"{len(chosen)} bones"
    return {"part": "bones", "bones": "\n".join(chosen), "label": label[0].upper() + label[1:]}


def selected_bones(armature: bpy.types.Object) -> list[str]:
    """Names of the armature's selected bones."""
    return [bone.name for bone in armature.pose.bones if compat.is_selected(bone)]


def selected_keys(armature: bpy.types.Object) -> dict[int, set[str]]:
    """Frame -> the bones with a selected key at it, of the armature's action."""
    data = armature.animation_data
    found: dict[int, set[str]] = {}
    for curve in compat.fcurves_of(data.action, armature) if data and data.action else ():
        bone = bone_of(curve.data_path)
        points: Any = curve.keyframe_points
        selected = np.zeros(len(points), dtype=bool)
        points.foreach_get("select_control_point", selected)
        for number in np.flatnonzero(selected) if bone in armature.pose.bones else ():
            found.setdefault(round(points[int(number)].co.x), set()).add(bone)
    return dict(sorted(found.items()))


def frame_range(armature: bpy.types.Object, scene: bpy.types.Scene) -> tuple[int, int]:
    """The frames to work on: the preview range, else the take's frames, else the scene's."""
    if scene.use_preview_range:
        return scene.frame_preview_start, scene.frame_preview_end
    data = armature.animation_data
    if data and data.action:
        first, last = span(data.action)
        return math.ceil(first), math.floor(last)
    return scene.frame_start, scene.frame_end


def _curve_points(armature: bpy.types.Object, item: Any, rate: float) -> tuple[tuple[float, float], ...]:
    """Points of the curve over the floor, model axes and metres, at equal distances along it."""
    curve = item.curve.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = curve.to_mesh()
    try:
        places = np.array([tuple(item.curve.matrix_world @ vertex.co) for vertex in mesh.vertices])
    finally:
        curve.to_mesh_clear()
    if len(places) < 2:
        raise EdgeError("keep_curve", f"The curve {item.curve.name} has no length.", "Draw it again, as one line.")
    inverse = np.array(armature.matrix_world.inverted())
    _, fit = measure(armature)
    path = fit.to_model(places @ inverse[:3, :3].T + inverse[:3, 3])[:, :2]
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    count = max(2, round((item.end - item.start) / rate / _POINT_S) + 1)
    at = np.linspace(0, length[-1], count)
    x, y = (np.interp(at, length, axis) for axis in path.T)
    return tuple(zip(x.tolist(), y.tolist(), strict=True))


def labelled_row(item: Any) -> Row:
    """The row as far as its text needs it: reads neither bones nor curves, fast enough for every redraw."""
    return Row(
        kind=item.kind,
        start=-math.inf if item.open_start and item.kind != "POSE" else item.start,
        end=math.inf if item.open_end and item.kind != "POSE" else item.end,
        part="whole" if item.part == "bones" else item.part,
        joints=frozenset() if item.part == "bones" else None,
        label=item.label if item.part == "bones" else PART_LABELS[item.part],
        curve=item.curve.name if item.curve else "",
        feet=tuple(sorted(item.feet)),
        weight=item.weight,
        fade=item.fade if item.kind != "POSE" else 0,
    )
