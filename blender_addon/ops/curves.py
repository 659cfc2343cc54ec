"""The operator that changes the density of a take's keys."""

from collections.abc import Iterator

import bpy

from ..backend.in_turns import in_turns
from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.curves import Tolerance
from ..edge_backend.motion.steps import part
from ..keyframes.density import in_density, key_count, rekey, rig_snapshot, sampled_in_steps
from ..keyframes.take_details import beat_frames
from ..lookups import by_session_uid
from ..properties import DENSITIES
from ..rig.looking import found
from ..takes.root_motion import keys_on_hips, root_motion_of, set_root_motion
from ..takes.take_list import add_to_list, use_take
from .reasons import why_busy
from .stepping import SteppingOperator
from .takes import shown_take, why_no_take

_SAMPLING = 0.2
"""Share of reading the keys in changing them, for progress."""


class EDGE_DANCE_OT_change_density(SteppingOperator):
    """Make a new take with other keys: curves for editing, or blocking"""

    bl_idname = "edge_dance.change_density"
    bl_label = "Change Keys"
    bl_options = {"REGISTER", "UNDO"}

    density: bpy.props.EnumProperty(name="Keys", description="Number of keys of the new take", items=DENSITIES[1:])
    degrees: bpy.props.FloatProperty(name="Degrees", description="How far curves may deviate", default=1.0, min=0.05)
    millimetres: bpy.props.FloatProperty(
        name="Millimetres", description="How far body and feet may deviate", default=5.0, min=0.5
    )

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if busy := why_busy():
            return busy
        return why_no_take(context)

    def steps(self, context: bpy.types.Context) -> Iterator[float]:
        """Compute the new keys of the current take."""
        armature, action = shown_take(context) or (None, None)
        assert armature and action  # noqa: S101 - poll has checked them
        self._armature, self._action = armature.session_uid, action.session_uid
        snapshot, beats = rig_snapshot(armature), beat_frames(action)
        tolerance = Tolerance(self.degrees, self.millimetres)
        keys = yield from part(sampled_in_steps(armature, action), 0.0, _SAMPLING)
        whole = keys_on_hips(found(bpy.data.objects, self._armature), found(bpy.data.actions, self._action), keys)
        thinning = in_density(snapshot, whole, self.density, tolerance, beats=beats)
        self._keys = yield from part(in_turns(thinning), _SAMPLING, 1.0)

    def apply(self, context: bpy.types.Context) -> str:
        """Make a copy of the take with the new keys."""
        armature = by_session_uid(bpy.data.objects, self._armature)
        action = by_session_uid(bpy.data.actions, self._action)
        if armature is None or action is None:
            raise EdgeError("take_missing", "The take was removed while its keys were changed.", "Choose another one.")
        copy, place = action.copy(), root_motion_of(action)
        copy.name = f"{action.name} {self.density.lower()}"
        try:
            set_root_motion(armature, copy, "HIPS")
            rekey(copy, self._keys, self.density)
            set_root_motion(armature, copy, place)
            use_take(armature, copy)
        except BaseException:
            bpy.data.actions.remove(copy)
            raise
        copy.use_fake_user = True
        add_to_list(armature, copy)
        return f"{key_count(copy):,} keys instead of {key_count(action):,}."
