"""The operator that changes how dense a take's keys are."""

from collections.abc import Iterator

import bpy

from ..backend.service import service
from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.curves import Tolerance
from ..keyframes.density import in_density, key_count, rekey, rig_snapshot, sampled
from ..keyframes.take_details import beat_frames
from ..lookups import by_session_uid
from ..properties import DENSITIES
from ..takes.take_list import add_to_list, use_take
from .stepping import SteppingOperator
from .takes import shown_take


class EDGE_DANCE_OT_change_density(SteppingOperator):
    """Key the take anew, as a take of its own: curves to edit, or blocking"""

    bl_idname = "edge_dance.change_density"
    bl_label = "Change Keys"
    bl_options = {"REGISTER", "UNDO"}

    density: bpy.props.EnumProperty(name="Keys", description="How many keys the new take gets", items=DENSITIES[1:])
    degrees: bpy.props.FloatProperty(name="Degrees", description="How far curves may stray", default=1.0, min=0.05)
    millimetres: bpy.props.FloatProperty(
        name="Millimetres", description="How far the body and its feet may stray", default=5.0, min=0.5
    )

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        """A job, or no take."""
        if service.busy:
            return "A dance is being made already."
        return "" if shown_take(context) else "Click a take in the list first."

    def steps(self, context: bpy.types.Context) -> Iterator[float]:
        """The new keys, of the take as it is now."""
        armature, action = shown_take(context) or (None, None)
        assert armature and action  # noqa: S101 - poll has seen them
        self._armature, self._action = armature.session_uid, action.session_uid
        snapshot, keys, beats = rig_snapshot(armature), sampled(armature, action), beat_frames(action)
        tolerance = Tolerance(self.degrees, self.millimetres)
        self._keys = yield from in_density(snapshot, keys, self.density, tolerance, beats=beats)

    def apply(self, context: bpy.types.Context) -> str:
        """The take that it comes from is left as it is."""
        armature = by_session_uid(bpy.data.objects, self._armature)
        action = by_session_uid(bpy.data.actions, self._action)
        if armature is None or action is None:
            raise EdgeError("take_missing", "The take was removed while its keys were changed.", "Choose another one.")
        copy = action.copy()
        copy.name = f"{action.name} {self.density.lower()}"
        try:
            rekey(copy, self._keys, self.density)
            use_take(armature, copy)
        except BaseException:
            bpy.data.actions.remove(copy)
            raise
        copy.use_fake_user = True
        add_to_list(armature, copy)
        return f"{key_count(copy):,} keys instead of {key_count(action):,}."
