"""Operators for the keep list."""

from typing import Any

import bpy

from ..constraints.keep_list import add_row, bones_values, frame_range, selected_bones, selected_keys
from ..edge_backend.errors import EdgeError
from ..rig.target import active_armature, find_dancer
from ..selection import selected_objects
from ..takes.take_list import KEEP, KEEP_ROW
from .reasons import Reasoned

SOURCES = (
    ("POSE", "Pose at Current Frame", "The pose at the current frame"),
    ("KEYS", "Selected Keys", "A pose at every frame with selected keys, of the bones of these keys"),
    ("BONES", "Selected Bones", "The selected bones in the preview range, or in the whole dance"),
    ("RANGE", "Range", "The whole body in the preview range"),
    (
        "MARKERS",
        "Selected Markers",
        "The pose at the selected marker; of several, the range from first to last",
    ),
    ("BEFORE", "Everything Before", "Everything before the current frame"),
    ("AFTER", "Everything After", "Everything from the current frame on"),
    ("CURVE", "Root Path from Curve", "The body follows the selected curve over the floor"),
    ("PATH", "Root Path", "The present path of the body over the floor"),
    ("FEET", "Feet on the Floor", "Contact of the feet with the floor in the preview range"),
)

_SOFT_PATH = 0.7  # a body does not follow a drawn line exactly


class EDGE_DANCE_OT_keep(Reasoned, bpy.types.Operator):
    """Add a row to the keep list: a part of the dance that is not changed when the dance is generated again"""

    bl_idname = "edge_dance.keep"
    bl_label = "Keep"
    bl_options = {"REGISTER", "UNDO"}

    source: bpy.props.EnumProperty(name="What", description="What to keep", items=SOURCES)

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        return next(item[2] for item in SOURCES if item[0] == properties.source)

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        try:
            keep_list_owner(context)
        except EdgeError as error:
            return str(error)
        return ""

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add the rows to the end of the list."""
        try:
            armature = keep_list_owner(context)
            added = list(_rows(context, armature, self.source))
        except EdgeError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for values in added:
            add_row(armature, **values)
        return {"FINISHED"}


class EDGE_DANCE_OT_remove_kept(Reasoned, bpy.types.Operator):
    """Remove the active row from the keep list"""

    bl_idname = "edge_dance.remove_kept"
    bl_label = "Remove"
    bl_options = {"REGISTER", "UNDO"}

    everything: bpy.props.BoolProperty(name="All Rows", description="Remove all rows", options={"SKIP_SAVE"})

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        return "Remove all rows from the keep list" if properties.everything else (cls.__doc__ or "")

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        armature = active_armature(context)
        return "" if armature and getattr(armature, KEEP) else "The keep list is empty."

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove the row and make the one above it active."""
        armature: Any = active_armature(context)
        rows, active = getattr(armature, KEEP), getattr(armature, KEEP_ROW)
        if self.everything:
            rows.clear()
        else:
            rows.remove(min(active, len(rows) - 1))
        setattr(armature, KEEP_ROW, max(0, min(active, len(rows) - 1)))
        return {"FINISHED"}


def keep_list_owner(context: bpy.types.Context) -> bpy.types.Object:
    """The character whose list is meant: the active one; with a curve active, the selected one.

    Raises as find_dancer.
    """
    if active_armature(context) is None:
        for ob in selected_objects(context):
            if ob.type == "ARMATURE":
                return ob
    return find_dancer(context)


def _rows(context: bpy.types.Context, armature: bpy.types.Object, source: str) -> list[dict[str, Any]]:
    """Values of the rows to add. Raises EdgeError keep_nothing if nothing is selected."""
    scene: Any = context.scene
    now = scene.frame_current
    start, end = frame_range(armature, scene)
    between = {"start": start, "end": end}
    values: dict[str, Any] = {
        "POSE": {"kind": "POSE", "start": now, "end": now},
        "RANGE": {"kind": "RANGE"} | between,
        "BEFORE": {"kind": "RANGE", "open_start": True, "end": now - 1},
        "AFTER": {"kind": "RANGE", "open_end": True, "start": now},
        "FEET": {"kind": "FEET"} | between,
        "PATH": {"kind": "PATH"} | between,
    }
    if source in values:
        return [values[source]]
    if source == "KEYS":
        keys = _some(list(selected_keys(armature).items()), "No key is selected.", "Select keys in the dope sheet.")
        return [values | bones_values(armature, bones) for values, bones in _ranges(keys)]
    if source == "BONES":
        bones = _some(selected_bones(armature), "No bone is selected.", "Select bones in pose mode.")
        return [{"kind": "RANGE"} | between | bones_values(armature, bones)]
    if source == "MARKERS":
        marked = sorted(marker.frame for marker in scene.timeline_markers if marker.select)
        frames = _some(marked, "No marker is selected.", "Select one in the timeline, or several.")
        return [{"kind": "POSE" if len(frames) == 1 else "RANGE", "start": frames[0], "end": frames[-1]}]
    curves = [ob for ob in selected_objects(context) if ob.type == "CURVE"]
    curve = _some(curves, "No curve is selected.", "Select the character and the curve.")[0]
    return [{"kind": "PATH", "curve": curve, "weight": _SOFT_PATH} | between]


def _ranges(keys: list[tuple[int, set[str]]]) -> list[tuple[dict[str, Any], set[str]]]:
    """A pose for each frame with its bones; consecutive frames with the same bones are one range."""
    found: list[tuple[dict[str, Any], set[str]]] = []
    for frame, bones in keys:
        if found and found[-1][0]["end"] == frame - 1 and found[-1][1] == bones:
            found[-1][0].update(kind="RANGE", end=frame)
        else:
            found.append(({"kind": "POSE", "start": frame, "end": frame}, bones))
    return found


def _some(found: list[Any], message: str, hint: str) -> list[Any]:
    if not found:
        raise EdgeError("keep_nothing", message, hint)
    return found
