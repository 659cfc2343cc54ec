"""Operators that give the reason why they are disabled: Blender shows it in the button's tooltip, panels beside it."""

import bpy

from ..backend.service import service
from ..edge_backend.errors import EdgeError
from ..rig.target import find_dancer


class Reasoned:
    """Mix-in before bpy.types.Operator: the operator is disabled exactly if `why_not` returns a reason."""

    @classmethod
    def why_not(cls, _context: bpy.types.Context) -> str:
        """The reason in a sentence, "" if the operator is enabled. Called at every redraw."""
        return ""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        reason = cls.why_not(context)
        if reason:
            cls.poll_message_set(reason)  # type: ignore[attr-defined] # of the operator
        return not reason


def why_busy() -> str:
    """Why no dance can be started, "" if one can."""
    return "A dance is being made already." if service.busy else ""


def why_scene_linked(context: bpy.types.Context) -> str:
    """Why nothing can be added to the scene, "" if it can: Blender saves no changes of linked scenes."""
    scene = context.scene
    if scene is None or scene.library is None:
        return ""
    library = bpy.path.basename(scene.library.filepath)
    return f"The scene {scene.name} is linked from {library} and cannot be changed. Work in a scene of your own."


def why_no_dancer(context: bpy.types.Context) -> str:
    """Why there is no character to dance, "" if there is one."""
    try:
        find_dancer(context)
    except EdgeError as error:
        return str(error)
    return ""
