"""Why an operator cannot be used: Blender shows it with the grey button's tooltip, panels beside the button."""

import bpy

from ..edge_backend.errors import EdgeError
from ..rig.target import find_dancer


class Reasoned:
    """A base for operators, before bpy.types.Operator: one is grey exactly where `why_not` says why."""

    @classmethod
    def why_not(cls, _context: bpy.types.Context) -> str:
        """A sentence, "" where nothing is in the way. Asked at every redraw."""
        return ""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed with the reason."""
        reason = cls.why_not(context)
        if reason:
            cls.poll_message_set(reason)  # type: ignore[attr-defined] # of the operator
        return not reason


def why_no_dancer(context: bpy.types.Context) -> str:
    """What keeps the character from dancing."""
    try:
        find_dancer(context)
    except EdgeError as error:
        return str(error)
    return ""
