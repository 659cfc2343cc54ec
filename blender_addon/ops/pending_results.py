"""Operators for dances that were made but could not be keyed."""

from collections.abc import Iterator
from typing import Any

import bpy

from ..backend.service import service
from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.curves import Tolerance
from ..lookups import by_session_uid
from ..preferences import pending_results
from ..rig.target import find_dancer
from ..takes.new_take import add_take, keys_in_steps
from ..takes.take_list import all_or_none
from .reasons import why_no_dancer
from .stepping import SteppingOperator


class EDGE_DANCE_OT_apply_kept(SteppingOperator):
    """Key a dance that was kept on the dancer that is selected, as a new take"""

    bl_idname = "edge_dance.apply_kept"
    bl_label = "Apply Kept Dance"
    bl_options = {"UNDO"}

    name: bpy.props.StringProperty(name="Name", description="Which one; empty: the newest", options={"SKIP_SAVE"})

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        """A job, or no character."""
        return "A dance is being made already." if service.busy else why_no_dancer(context)

    def steps(self, context: bpy.types.Context) -> Iterator[float]:
        """Its keys on the dancer's bones as they are now."""
        kept = pending_results().find(self.name)
        if kept is None:
            raise EdgeError("kept_missing", "No such dance is kept.", "Generate it again.")
        self._kept, self._motion = kept, kept.motion()
        try:
            recipe = kept.recipe
            self._first, self._settings = float(recipe["first_frame"]), dict(recipe["settings"])
            tolerance = Tolerance(float(self._settings["degrees"]), float(self._settings["millimetres"]))
            planted, density = bool(recipe["planted"]), self._settings["density"]
        except (KeyError, TypeError, ValueError) as error:
            raise EdgeError("kept_missing", "The kept dance is damaged.", "Generate it again.") from error
        dancer = find_dancer(context)
        scene: Any = context.scene
        self._dancer, self._scene = dancer.session_uid, scene.name
        self._keys = yield from keys_in_steps(
            dancer, self._motion, scene, self._first, clean_feet=planted, density=density, tolerance=tolerance
        )

    def apply(self, context: bpy.types.Context) -> str:
        """All of it or nothing; it stays kept where it fails."""
        dancer = by_session_uid(bpy.data.objects, self._dancer)
        scene = bpy.data.scenes.get(self._scene)
        if dancer is None or scene is None:
            raise EdgeError("dancer_gone", "The dancer was deleted meanwhile.", "Select another one.")
        how = {"settings": self._settings, "keys": self._keys, "density": self._settings["density"]}
        with all_or_none(dancer, scene):
            action = add_take(dancer, self._motion, scene, self._first, **how)
        self._kept.drop()
        return f"{action.name} is on {dancer.name}."


class EDGE_DANCE_OT_delete_kept(bpy.types.Operator):
    """Delete a dance that was kept"""

    bl_idname = "edge_dance.delete_kept"
    bl_label = "Delete Kept Dance"
    bl_options = {"INTERNAL"}

    name: bpy.props.StringProperty(name="Name", options={"SKIP_SAVE"})

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """For good."""
        if kept := pending_results().find(self.name):
            kept.drop()
        return {"FINISHED"}
