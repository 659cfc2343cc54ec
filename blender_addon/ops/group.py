"""The operator that makes several characters dance together."""

import json
import math
from collections.abc import Iterator
from typing import Any

import bpy

from ..edge_backend.motion.curves import Tolerance
from ..edge_backend.motion.steps import part
from ..formation.group import Group, KeyedPart, hip_paths_in_steps, parts_in_steps, perform
from ..keyframes.take_details import details
from ..render.tracks import selected_characters
from ..rig.looking import found
from ..rig.rig_check import check_rig
from ..song_map.strip_map import placed_map
from .reasons import why_busy
from .stepping import SteppingDialogOperator
from .takes import shown_take

DANCES = (
    ("SAME", "The Same Dance", "All dance the current take of the active character"),
    (
        "TAKES",
        "Different Takes",
        "Each dances another take of the active character; only starred ones, if there are any",
    ),
)
PLACES = (
    ("LINE", "Line", "On a line to the left and right of the active character"),
    ("WEDGE", "Wedge", "In a wedge behind the active character"),
    ("PLACED", "Current Places", "Where they are; moved away from the active character if they would come too close"),
)
MIRRORED = (
    ("ALL", "All Bars", "The whole dance is mirrored"),
    ("PHRASES", "Every Second Phrase", "The second, fourth, ... phrase of eight counts is mirrored, the others not"),
    ("SECTIONS", "Every Second Section", "The second, fourth, ... section of the song is mirrored, the others not"),
)
UNITS = (
    ("BEATS", "Beats", "The beats of the song"),
    ("PHRASES", "Phrases", "Eight counts, as in the plan of the take or the song map"),
    ("SECTIONS", "Sections", "The song's sections, as in the plan of the take or the song map"),
)


class EDGE_DANCE_OT_dance_together(SteppingDialogOperator):
    """Make the other selected characters dance with the active one: in unison, mirrored, in canon, or other takes"""

    bl_idname = "edge_dance.dance_together"
    bl_label = "Dance Together"
    bl_options = {"REGISTER", "UNDO"}
    asked = "dances", "mirror", "mirrored", "canon", "unit", "places", "spacing", "distance", "turn"
    adjusted = "places", "spacing", "distance", "turn"

    dances: bpy.props.EnumProperty(name="Dances", description="What the others dance", items=DANCES)
    mirror: bpy.props.BoolProperty(name="Mirror", description="Mirror the dance of every second character")
    mirrored: bpy.props.EnumProperty(
        name="Mirrored Bars", description="Which bars of the song are mirrored", items=MIRRORED
    )
    canon: bpy.props.IntProperty(
        name="Canon", description="How much later each character starts than the one before, in the unit below", min=0,
        max=64,
    )  # fmt: skip
    unit: bpy.props.EnumProperty(name="Canon Unit", description="What the canon is counted in", items=UNITS)
    places: bpy.props.EnumProperty(name="Places", description="Formation at the start", items=PLACES)
    spacing: bpy.props.FloatProperty(
        name="Spacing", description="Least distance between neighbours at the start", default=1.5, min=0.1,
        subtype="DISTANCE",
    )  # fmt: skip
    distance: bpy.props.FloatProperty(
        name="Distance", description="Least distance between hips over the floor, at all frames", default=1.0,
        min=0.0, subtype="DISTANCE",
    )  # fmt: skip
    turn: bpy.props.FloatProperty(
        name="Turn", description="Angle by which each is rotated further than the one before", subtype="ANGLE",
        soft_min=-math.pi, soft_max=math.pi,
    )  # fmt: skip

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if busy := why_busy():
            return busy
        if shown_take(context) is None:
            return "Select the others, then the character whose take they are to dance."
        if len(selected_characters(context)) < 2:
            return "Select the others too: Shift-click them before the one that leads."
        return ""

    def steps(self, context: bpy.types.Context) -> Iterator[float]:
        """Compute the dances of the others, with the key density of the leader's take."""
        leader, action = shown_take(context) or (None, None)
        assert leader and action  # noqa: S101 - poll has checked them
        followers = [ob for ob in selected_characters(context) if ob != leader]
        settings = json.loads(details(action).get("settings", "{}"))
        tolerance = Tolerance(settings.get("degrees", 1.0), settings.get("millimetres", 5.0))
        scene: Any = context.scene
        self._uids = leader.session_uid, action.session_uid, scene.session_uid
        density = details(action).get("density", "FRAMES")
        how: dict[str, Any] = {"song_map": placed_map(context), "density": density, "tolerance": tolerance}
        steps = parts_in_steps(leader, action, followers, scene, _group(self), **how)
        parts = yield from part(steps, 0.0, 0.3)
        self._parts: list[KeyedPart] = []
        self._remarks: list[str] = []
        for number, one in enumerate(parts):
            obstacles = check_rig(found(bpy.data.objects, one.dancer), bpy.context).obstacles
            self._remarks += [obstacle.text for obstacle in obstacles]
            yield 0.3 + 0.4 * number / len(parts)
            keying = one.keys_in_steps(found(bpy.data.scenes, self._uids[2]))
            keys = yield from part(keying, 0.3 + 0.4 * number / len(parts), 0.3 + 0.4 * (number + 1) / len(parts))
            self._parts.append((one, keys))
        leader, action, scene = _found(self._uids)
        playing = hip_paths_in_steps(leader, action, self._parts, scene)
        self._paths = yield from part(playing, 0.7, 1.0)

    def apply(self, context: bpy.types.Context) -> str:
        """Make the takes and place the characters."""
        leader, action, scene = _found(self._uids)
        perform(leader, action, self._parts, scene, _group(self), paths=self._paths)
        for remark in self._remarks:
            self.report({"WARNING"}, remark)
        return f"{len(self._parts) + 1} dance together."


def _group(asked: Any) -> Group:
    """As the operator's properties have it."""
    return Group(
        asked.dances, asked.mirror, asked.mirrored, asked.canon, asked.unit,
        asked.places, asked.spacing, asked.distance, asked.turn,
    )  # fmt: skip


def _found(uids: tuple[int, int, int]) -> tuple[bpy.types.Object, bpy.types.Action, bpy.types.Scene]:
    """The leader, its take and the scene. Raises EdgeError dancer_gone."""
    leader, action, scene = uids
    return found(bpy.data.objects, leader), found(bpy.data.actions, action), found(bpy.data.scenes, scene)
