"""The operator that has several characters dance together."""

import json
import math
from typing import Any

import bpy

from ..action.group import Group, dance_together
from ..action.takes import details
from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.curves import Tolerance
from ..render.tracks import selected_characters
from .dialog import DialogOperator
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


class EDGE_DANCE_OT_dance_together(DialogOperator):
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
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed with the reason."""
        if shown_take(context) is None:
            cls.poll_message_set("Select the others, then the character whose take they are to dance")
            return False
        if len(selected_characters(context)) < 2:
            cls.poll_message_set("Select the others too: Shift-click them before the one that leads")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Takes for the others, and their places; their keys are as dense as the leader's."""
        leader, action = shown_take(context) or (None, None)
        assert leader and action  # noqa: S101 - poll has seen them
        followers = [ob for ob in selected_characters(context) if ob != leader]
        group = Group(self.dances, self.mirror, self.beats, self.places, self.spacing, self.distance, self.turn)
        kept = json.loads(details(action).get("settings", "{}"))
        tolerance = Tolerance(kept.get("degrees", 1.0), kept.get("millimetres", 5.0))
        density = details(action).get("density", "FRAMES"), tolerance
        scene: Any = context.scene
        try:
            dance_together(leader, action, followers, scene, group, density=density)
        except EdgeError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{len(followers) + 1} dance together.")
        return {"FINISHED"}
