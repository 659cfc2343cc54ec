"""Operators for dances that were generated but not applied."""

from collections.abc import Iterator
from typing import Any

import bpy

from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.curves import Tolerance
from ..keyframes.take_details import PROPERTY
from ..lookups import by_session_uid
from ..preferences import pending_results
from ..rig.target import find_dancer
from ..takes.new_take import add_take, first_frame_of, keys_in_steps, written_in_steps
from ..takes.plan_rows import hand_on_plan
from ..takes.take_list import all_or_none
from .reasons import why_busy, why_no_dancer
from .stepping import SteppingOperator


class EDGE_DANCE_OT_apply_pending(SteppingOperator):
    """Key a pending dance on the selected dancer as a new take"""

    bl_idname = "edge_dance.apply_pending"
    bl_label = "Apply Pending Dance"
    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.StringProperty(
        name="Name", description="Name of the dance; empty: the newest", options={"SKIP_SAVE", "HIDDEN"}
    )

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return why_busy() or why_no_dancer(context)

    def steps(self, context: bpy.types.Context) -> Iterator[float]:
        """Compute the keys for the dancer's present bones."""
        pending = pending_results().find(self.name)
        if pending is None:
            raise EdgeError("kept_missing", "There is no such pending dance.", "Generate it again.")
        self._pending, self._motion = pending, pending.motion()
        try:
            recipe = pending.recipe
            self._first, self._settings = float(recipe["first_frame"]), dict(recipe["settings"])
            tolerance = Tolerance(float(self._settings["degrees"]), float(self._settings["millimetres"]))
            clean_feet, density = bool(recipe["planted"]), self._settings["density"]
        except (KeyError, TypeError, ValueError) as error:
            raise EdgeError("kept_missing", "The pending dance is damaged.", "Generate it again.") from error
        dancer = find_dancer(context)
        scene: Any = context.scene
        self._dancer, self._scene = dancer.session_uid, scene.session_uid
        self._first = first_frame_of(self._motion, scene, self._first)
        keys = keys_in_steps(
            dancer, self._motion, scene, self._first, clean_feet=clean_feet, density=density, tolerance=tolerance
        )
        self._keys = yield from written_in_steps(keys)

    def apply(self, context: bpy.types.Context) -> str:
        """Make the take; if that fails, the dance is still pending."""
        dancer = by_session_uid(bpy.data.objects, self._dancer)
        scene = by_session_uid(bpy.data.scenes, self._scene)
        if dancer is None or scene is None:
            raise EdgeError("dancer_gone", "The dancer was deleted while the keys were placed.", "Select another one.")
        how = {"settings": self._settings, "keys": self._keys, "density": self._settings["density"]}
        with all_or_none(dancer, scene):
            action = add_take(dancer, self._motion, scene, self._first, **how)
        for name in ("song", "part"):
            if known := self._pending.recipe.get(name):
                action[PROPERTY][name] = known
        if plan := self._pending.recipe.get("plan"):
            hand_on_plan(action, plan)
        self._pending.drop()
        return f"{action.name} is on {dancer.name}."


class EDGE_DANCE_OT_delete_pending(bpy.types.Operator):
    """Delete a pending dance"""

    bl_idname = "edge_dance.delete_pending"
    bl_label = "Delete Pending Dance"
    bl_options = {"INTERNAL"}

    name: bpy.props.StringProperty(name="Name", options={"SKIP_SAVE"})

    def execute(self, _context: bpy.types.Context) -> set[str]:
        if pending := pending_results().find(self.name):
            pending.drop()
        return {"FINISHED"}
