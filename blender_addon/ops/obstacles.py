"""The operator that takes away what keeps a dance from being seen."""

import bpy

from ..rig.obstacles import MENDS
from ..rig.retarget import bone_map_of


class EDGE_DANCE_OT_mend(bpy.types.Operator):
    """Change what keeps the dance from being seen as it is; the dance itself stays as it is"""

    bl_idname = "edge_dance.mend"
    bl_label = "Show Dance"
    bl_options = {"UNDO", "INTERNAL"}

    kind: bpy.props.EnumProperty(
        name="Kind",
        description="What is in the way",
        items=[(kind, mend.label, mend.tip) for kind, mend in MENDS.items()],
    )
    armature: bpy.props.StringProperty(name="Armature", description="The object's name")

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """What the button does."""
        return MENDS[properties.kind].tip

    def execute(self, context: bpy.types.Context) -> set[str]:
        """On that armature alone."""
        armature = context.view_layer.objects.get(self.armature)
        if armature is None or armature.type != "ARMATURE":
            self.report({"ERROR"}, f"There is no armature {self.armature}.")
            return {"CANCELLED"}
        mend = MENDS[self.kind]
        try:
            mend.do(armature, bone_map_of(armature), context)
        except (AttributeError, RuntimeError) as error:  # linked data, which cannot be changed here
            self.report({"ERROR"}, f"{armature.name} is as it was: {error}")
            return {"CANCELLED"}
        return {"FINISHED"}
