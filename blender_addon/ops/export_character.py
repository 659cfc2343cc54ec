"""The operator that writes a character with its dance into a file for other programs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy

from ..edge_backend.errors import EdgeError
from ..edge_backend.errors.from_exception import explain
from ..edge_backend.fileio.atomic_write import atomic_write
from ..keyframes.take_details import span
from ..rig.target import active_armature
from ..selection import selected_objects, to_object_mode
from ..takes.character_files import ENDINGS, FORMATS, write_character
from ..takes.take_list import takes_of
from .reasons import Reasoned


class EDGE_DANCE_OT_export_character(Reasoned, bpy.types.Operator):
    """Write the active character, its mesh and its dance into a file for other programs, with a key on every frame"""

    bl_idname = "edge_dance.export_character"
    bl_label = "Export Character"
    bl_options = {"REGISTER"}

    format: bpy.props.EnumProperty(name="Format", description="The file format", items=FORMATS)
    all_takes: bpy.props.BoolProperty(
        name="All Takes", description="glTF: an animation for each take of the character, under its name"
    )
    filepath: bpy.props.StringProperty(
        subtype="FILE_PATH", options={"SKIP_SAVE"}, description="The file to write, for other programs"
    )  # fmt: skip
    filter_glob: bpy.props.StringProperty(default=";".join(f"*{end}" for end in ENDINGS.values()), options={"HIDDEN"})
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        armature = active_armature(context)
        has_dance = armature and armature.animation_data and armature.animation_data.action
        return "" if has_dance else "Select a character that has a dance."

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        armature: Any = active_armature(context)
        if not self.filepath:
            name = bpy.path.clean_name(f"{armature.name} {armature.animation_data.action.name}")
            self.filepath = name + ENDINGS[self.format]
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the file with Blender's own exporters and restore the scene."""
        armature: Any = active_armature(context)
        path = Path(bpy.path.ensure_ext(bpy.path.abspath(self.filepath), ENDINGS[self.format]))
        takes = takes_of(armature) if self.all_takes else []
        try:
            if not path.parent.is_dir():
                raise EdgeError("output_impossible", f"There is no folder {path.parent}.", "Choose another place.")
            # The exporters append their suffix to any other.
            with atomic_write(path, suffix=path.suffix) as unfinished, _alone(context, armature):
                write_character(armature, unfinished, self.format, takes)
        except (EdgeError, OSError, RuntimeError) as error:
            self.report({"ERROR"}, str(explain(error)))
            return {"CANCELLED"}
        dances = f"{len(takes)} takes" if takes and self.format == "GLTF" else armature.animation_data.action.name
        self.report({"INFO"}, f"{armature.name} with {dances} written to {path.name}.")
        return {"FINISHED"}


@contextmanager
def _alone(context: bpy.types.Context, armature: bpy.types.Object) -> Iterator[None]:
    """In this block only the character and its meshes are selected, and the scene has the frames of its action.

    Blender is in Object Mode, and a hidden armature is shown, since exporters leave out what is hidden.
    """
    scene: Any = context.scene
    layer: Any = context.view_layer
    mode, hidden, disabled = layer.objects.active.mode, armature.hide_get(), armature.hide_viewport
    to_object_mode(context)
    armature.hide_viewport = False
    armature.hide_set(False)
    before = scene.frame_start, scene.frame_end, scene.frame_current
    selected, active = selected_objects(context), layer.objects.active
    bodies = [ob for ob in layer.objects if ob.type == "MESH" and ob.find_armature() == armature]
    try:
        for ob in selected:
            ob.select_set(False)
        for ob in (armature, *bodies):
            ob.select_set(True)
        layer.objects.active = armature
        data: Any = armature.animation_data
        scene.frame_start, scene.frame_end = (round(frame) for frame in span(data.action))
        yield
    finally:
        for ob in (armature, *bodies):
            ob.select_set(ob in selected)
        for ob in selected:
            ob.select_set(True)
        armature.hide_set(hidden)
        layer.objects.active = active
        if mode != "OBJECT":
            bpy.ops.object.mode_set(mode=mode)
        armature.hide_viewport = disabled
        scene.frame_start, scene.frame_end = before[:2]
        scene.frame_set(before[2])
