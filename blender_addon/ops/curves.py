"""The operator that changes how dense a take's keys are."""

import bpy

from ..action.curves import key_count, set_density
from ..action.takes import remember, use_take
from ..edge_backend.motion.curves import Tolerance
from ..properties import DENSITIES
from .takes import TakeOperator


class EDGE_DANCE_OT_change_density(TakeOperator):
    """Key the take anew, as a take of its own: curves to edit, or blocking"""

    bl_idname = "edge_dance.change_density"
    bl_label = "Change Keys"

    density: bpy.props.EnumProperty(name="Keys", description="How many keys the new take gets", items=DENSITIES[1:])
    degrees: bpy.props.FloatProperty(name="Degrees", description="How far curves may stray", default=1.0, min=0.05)
    millimetres: bpy.props.FloatProperty(
        name="Millimetres", description="How far the body and its feet may stray", default=5.0, min=0.5
    )

    def act(self, context: bpy.types.Context, armature: bpy.types.Object, action: bpy.types.Action) -> None:
        """The take that it comes from is left as it is."""
        copy = action.copy()
        copy.name = f"{action.name} {self.density.lower()}"
        try:
            set_density(armature, copy, self.density, Tolerance(self.degrees, self.millimetres))
            use_take(armature, copy)
        except BaseException:
            bpy.data.actions.remove(copy)
            raise
        copy.use_fake_user = True
        remember(armature, copy)
        self.report({"INFO"}, f"{key_count(copy):,} keys instead of {key_count(action):,}.")
