"""The operator that removes what hides a dance."""

import bpy

from ..rig.obstacles import MENDS
from ..rig.retarget import bone_map_of


class EDGE_DANCE_OT_mend(bpy.types.Operator):
    """Change a setting that hides the dance or alters how it looks; the dance itself is not changed"""

    bl_idname = "edge_dance.mend"
    bl_label = "Show Dance"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    kind: bpy.props.EnumProperty(
        name="Kind",
        description="The setting to change",
        items=[(kind, mend.label, mend.tip) for kind, mend in MENDS.items()],
        options={"HIDDEN"},
    )
    armature: bpy.props.StringProperty(name="Armature", description="Name of the armature object", options={"HIDDEN"})

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        return MENDS[properties.kind].tip

    def execute(self, context: bpy.types.Context) -> set[str]:
        armature = context.view_layer.objects.get(self.armature)
        if armature is None or armature.type != "ARMATURE":
            self.report({"ERROR"}, f"There is no armature {self.armature}.")
            return {"CANCELLED"}
        mend = MENDS[self.kind]
        try:
            mend.do(armature, bone_map_of(armature), context)
        except (AttributeError, RuntimeError) as error:  # linked data, which cannot be changed in this file
            self.report({"ERROR"}, f"{armature.name} was not changed: {error}")
            return {"CANCELLED"}
        return {"FINISHED"}
