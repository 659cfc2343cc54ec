"""Operators for dances that were made but could not be keyed."""

from typing import Any

import bpy

from ..action.curves import set_density
from ..action.take import add_take
from ..action.takes import all_or_none
from ..backend.service import service
from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.curves import Tolerance
from ..edge_backend.motion.motion import Motion
from ..preferences import kept_results
from ..rig.target import find_dancer


class EDGE_DANCE_OT_apply_kept(bpy.types.Operator):
    """Key a dance that was kept on the dancer that is selected, as a new take"""

    bl_idname = "edge_dance.apply_kept"
    bl_label = "Apply Kept Dance"
    bl_options = {"UNDO"}

    name: bpy.props.StringProperty(name="Name", description="Which one; empty: the newest", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed with the reason."""
        try:
            find_dancer(context)
        except EdgeError as error:
            cls.poll_message_set(str(error))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """All of it or nothing; it stays kept where it fails."""
        try:
            kept = kept_results().find(self.name)
            if kept is None:
                raise EdgeError("kept_missing", "No such dance is kept.", "Generate it again.")
            scene: Any = context.scene
            action = key(find_dancer(context), scene, kept.motion(), kept.recipe)
        except EdgeError as error:
            service.problem = error
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        kept.drop()
        self.report({"INFO"}, f"{action.name} is on {find_dancer(context).name}.")
        return {"FINISHED"}


class EDGE_DANCE_OT_delete_kept(bpy.types.Operator):
    """Delete a dance that was kept"""

    bl_idname = "edge_dance.delete_kept"
    bl_label = "Delete Kept Dance"
    bl_options = {"INTERNAL"}

    name: bpy.props.StringProperty(name="Name", options={"SKIP_SAVE"})

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """For good."""
        if kept := kept_results().find(self.name):
            kept.drop()
        return {"FINISHED"}


def key(dancer: bpy.types.Object, scene: bpy.types.Scene, motion: Motion, recipe: dict[str, Any]) -> bpy.types.Action:
    """A take of a kept dance, where it was meant to be. Raises EdgeError with the scene untouched."""
    try:
        first, planted, settings = float(recipe["first_frame"]), bool(recipe["planted"]), dict(recipe["settings"])
        tolerance = Tolerance(float(settings["degrees"]), float(settings["millimetres"]))
        density: Any = settings["density"]
    except (KeyError, TypeError, ValueError) as error:
        raise EdgeError("kept_missing", "The kept dance is damaged.", "Generate it again.") from error
    with all_or_none(dancer, scene):
        action = add_take(dancer, motion, scene, first, planted, settings=settings)
        set_density(dancer, action, density, tolerance)
    return action
