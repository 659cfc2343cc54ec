"""The operator that writes an armature's animation into a motion file."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import bpy
import numpy as np

from ..edge_backend.errors.from_exception import explain
from ..edge_backend.motion.amass import save_amass
from ..edge_backend.motion.edge_pickle import save_edge_pickle
from ..edge_backend.motion.files import save_motion
from ..edge_backend.motion.motion import Motion
from ..lookups import scene_rate
from ..rig.looking import found
from ..rig.retarget import ignored_hip_keys
from ..rig.target import find_dancer
from ..takes.read_take import read_in_steps
from .reasons import why_busy, why_no_dancer
from .stepping import READING, SteppingFileOperator

WRITERS: dict[str, tuple[str, str, Callable[[Path, Motion], None]]] = {
    "MOTION": ("EDGE Dance Motion", ".npz", save_motion),
    "AMASS": ("EDGE Dance AMASS", ".npz", save_amass),
    "EDGE": ("EDGE's Pickle", ".pkl", save_edge_pickle),
}
"""The motion files of other programs: their names in the menu, their endings, and what writes them."""

_FORMATS = [
    ("MOTION", "EDGE Dance", "A motion file of this extension, which SMPL tools read too"),
    ("AMASS", "AMASS", "SMPL-H's poses, as AMASS has them"),
    ("EDGE", "EDGE", "The pickle that EDGE's own scripts write"),
]


class EDGE_DANCE_OT_export_motion(SteppingFileOperator):
    """Write the selected armature's animation into a motion file, to continue it or to train with it"""

    bl_idname = "edge_dance.export_motion"
    bl_label = "Export Motion"
    bl_options = {"REGISTER"}
    work_label = READING

    format: bpy.props.EnumProperty(name="Format", description="The kind of motion file", items=_FORMATS)
    filepath: bpy.props.StringProperty(
        subtype="FILE_PATH", options={"SKIP_SAVE"}, description="The motion file to write"
    )  # fmt: skip
    filter_glob: bpy.props.StringProperty(default="*.npz;*.pkl", options={"HIDDEN"})
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if busy := why_busy():
            return busy
        return why_no_dancer(context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if not self.filepath:
            self.filepath = f"{find_dancer(context).name}{WRITERS[self.format][1]}"
        return super().invoke(context, event)

    def steps(self, context: bpy.types.Context) -> Iterator[float]:
        """Read the frames of the armature's action, else the scene's."""
        armature, scene = find_dancer(context), cast("bpy.types.Scene", context.scene)
        data, frames = armature.animation_data, _frames(armature, scene)
        self._uids = armature.session_uid, scene.session_uid
        self._frames = frames
        self._motion = yield from read_in_steps(armature, data.action if data else None, scene, frames)

    def apply(self, context: bpy.types.Context) -> str:
        """Write the file."""
        armature, scene = found(bpy.data.objects, self._uids[0]), found(bpy.data.scenes, self._uids[1])
        _, ending, write = WRITERS[self.format]
        path, motion = Path(bpy.path.ensure_ext(bpy.path.abspath(self.filepath), ending)), self._motion
        motion.meta["source"] = {"armature": armature.name, "file": bpy.path.basename(bpy.data.filepath)}
        try:
            write(path, motion)
        except OSError as error:
            raise explain(error) from error
        if hips := ignored_hip_keys(armature, scene, self._frames):
            self.report(
                {"WARNING"},
                f"{hips} is connected to its parent, so that Blender ignores its keyed location and the body stays in "
                "place. Disconnect it in Edit Mode (Bone > Relations) and export again.",
            )
        return f"{motion.frames / Motion.fps:.1f} s of motion written to {path.name}."


def _frames(armature: bpy.types.Object, scene: bpy.types.Scene) -> list[float]:
    """Frames of the scene, also fractional, 30 per second from the first key to the last."""
    data: Any = armature.animation_data
    first, last = data.action.frame_range if data and data.action else (scene.frame_start, scene.frame_end)
    step = scene_rate(scene) / Motion.fps
    return (first + step * np.arange(int((last - first) / step + 1e-3) + 1)).tolist()
