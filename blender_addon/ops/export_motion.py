"""The operator that writes what an armature does into a motion file."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..edge_backend.errors import EdgeError
from ..edge_backend.errors.from_exception import explain
from ..edge_backend.motion.files import save_motion
from ..edge_backend.motion.motion import Motion
from ..lookups import scene_rate
from ..rig.obstacles import refuse_hidden
from ..rig.retarget import ignored_way, read_motion
from ..rig.target import find_dancer
from .reasons import Reasoned, why_no_dancer


class EDGE_DANCE_OT_export_motion(Reasoned, bpy.types.Operator):
    """Write the selected armature's animation into a motion file, to continue it or to train on it"""

    bl_idname = "edge_dance.export_motion"
    bl_label = "Export Motion"
    bl_options = {"REGISTER"}

    filepath: bpy.props.StringProperty(
        subtype="FILE_PATH", options={"SKIP_SAVE"}, description="The motion file, .npz, that SMPL tools open too"
    )  # fmt: skip
    filter_glob: bpy.props.StringProperty(default="*.npz", options={"HIDDEN"})
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        """No character."""
        return why_no_dancer(context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Open the file browser."""
        if not self.filepath:
            self.filepath = f"{find_dancer(context).name}.npz"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """The frames of the armature's action, else the scene's."""
        armature = find_dancer(context)
        scene: Any = context.scene
        path = Path(bpy.path.ensure_ext(bpy.path.abspath(self.filepath), ".npz"))
        try:
            refuse_hidden(armature)
            frames = _frames(armature, scene)
            motion = read_motion(armature, scene, frames)
            motion.meta["source"] = {"armature": armature.name, "file": bpy.path.basename(bpy.data.filepath)}
            save_motion(path, motion)
        except (EdgeError, OSError) as error:
            self.report({"ERROR"}, str(explain(error)))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{motion.frames / Motion.fps:.1f} s of motion written to {path.name}.")
        if hips := ignored_way(armature, scene, frames):
            self.report(
                {"WARNING"},
                f"{hips} is connected to its parent, so that Blender ignores its keyed location and the body stays in "
                "place. Disconnect it in Edit Mode (Bone > Relations) and export again.",
            )
        return {"FINISHED"}


def _frames(armature: bpy.types.Object, scene: bpy.types.Scene) -> list[float]:
    """The scene's frames, fractions too, 30 a second from the first key to the last."""
    data: Any = armature.animation_data
    first, last = data.action.frame_range if data and data.action else (scene.frame_start, scene.frame_end)
    step = scene_rate(scene) / Motion.fps
    return (first + step * np.arange(int((last - first) / step + 1e-3) + 1)).tolist()
