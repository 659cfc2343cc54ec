"""The operator that has several characters dance together."""

import json
import math
from collections.abc import Iterator
from typing import Any

import bpy

from ..backend.service import service
from ..edge_backend.motion.curves import Tolerance
from ..edge_backend.motion.steps import part
from ..formation.group import Group, Part, parts_in_steps, perform
from ..keyframes.channel_keys import ChannelKeys
from ..keyframes.take_details import details
from ..render.tracks import selected_characters
from ..rig.looking import found
from ..rig.rig_check import check_rig
from .stepping import SteppingDialogOperator
from .takes import shown_take

DANCES = (
    ("SAME", "The Same Dance", "All dance the take that the active character shows"),
    ("TAKES", "Different Takes", "Each dances another take of the active character: the starred ones, if any are"),
)
PLACES = (
    ("LINE", "Line", "Side by side, left and right of the active character"),
    ("WEDGE", "Wedge", "In a wedge behind the active character"),
    ("PLACED", "As They Stand", "Where they are; drawn apart from the active character if they would come too close"),
)


class EDGE_DANCE_OT_dance_together(SteppingDialogOperator):
    """Have the other selected characters dance with the active one: together, mirrored, in canon or other takes"""

    bl_idname = "edge_dance.dance_together"
    bl_label = "Dance Together"
    bl_options = {"REGISTER", "UNDO"}
    asked = "dances", "mirror", "beats", "places", "spacing", "distance", "turn"

    dances: bpy.props.EnumProperty(name="Dances", description="What the others dance", items=DANCES)
    mirror: bpy.props.BoolProperty(name="Mirror", description="Every second one dances as seen in a mirror")
    beats: bpy.props.IntProperty(
        name="Canon", description="Each begins so many beats later than the one before", min=0, max=64
    )
    places: bpy.props.EnumProperty(name="Places", description="Where they begin", items=PLACES)
    spacing: bpy.props.FloatProperty(
        name="Spacing", description="From one to the next where they begin, at least", default=1.5, min=0.1,
        subtype="DISTANCE",
    )  # fmt: skip
    distance: bpy.props.FloatProperty(
        name="Distance", description="What their hips keep from each other on the floor, all the time", default=1.0,
        min=0.0, subtype="DISTANCE",
    )  # fmt: skip
    turn: bpy.props.FloatProperty(
        name="Turn", description="Each is turned so much further than the one before", subtype="ANGLE",
        soft_min=-math.pi, soft_max=math.pi,
    )  # fmt: skip

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        """A job, no take, or nobody else."""
        if service.busy:
            return "A dance is being made already."
        if shown_take(context) is None:
            return "Select the others, then the character whose take they are to dance."
        if len(selected_characters(context)) < 2:
            return "Select the others too: Shift-click them before the one that leads."
        return ""

    def steps(self, context: bpy.types.Context) -> Iterator[float]:
        """What the others dance, with keys as dense as the leader's."""
        leader, action = shown_take(context) or (None, None)
        assert leader and action  # noqa: S101 - poll has seen them
        followers = [ob for ob in selected_characters(context) if ob != leader]
        self._group = Group(self.dances, self.mirror, self.beats, self.places, self.spacing, self.distance, self.turn)
        kept = json.loads(details(action).get("settings", "{}"))
        tolerance = Tolerance(kept.get("degrees", 1.0), kept.get("millimetres", 5.0))
        scene: Any = context.scene
        self._uids = leader.session_uid, action.session_uid, scene.session_uid
        density = details(action).get("density", "FRAMES")
        steps = parts_in_steps(leader, action, followers, scene, self._group, density=density, tolerance=tolerance)
        parts = yield from part(steps, 0.0, 0.5)
        self._parts: list[tuple[Part, list[ChannelKeys]]] = []
        for number, one in enumerate(parts):
            keying = one.keys_in_steps(found(bpy.data.scenes, self._uids[2]))
            keys = yield from part(keying, 0.5 + number / len(parts) / 2, 0.5 + (number + 1) / len(parts) / 2)
            self._parts.append((one, keys))

    def apply(self, context: bpy.types.Context) -> str:
        """Takes for the others, and their places."""
        leader, action, scene = self._uids
        stage = found(bpy.data.scenes, scene)
        perform(found(bpy.data.objects, leader), found(bpy.data.actions, action), self._parts, stage, self._group)
        for part_of, _ in self._parts:
            for obstacle in check_rig(found(bpy.data.objects, part_of.dancer), context).obstacles:
                self.report({"WARNING"}, obstacle.text)
        return f"{len(self._parts) + 1} dance together."
