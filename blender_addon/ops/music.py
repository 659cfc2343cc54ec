"""Operators for the song: adding it, and marking its beats."""

from pathlib import Path

import bpy

from ..action.takes import beat_frames
from ..edge_backend.errors import EdgeError
from ..music import add_song
from ..rig.target import find_dancer

MARKER = "Beat"


class EDGE_DANCE_OT_add_music(bpy.types.Operator):
    """Add a song to the sequencer, starting at the current frame, and let playback follow it"""

    bl_idname = "edge_dance.add_music"
    bl_label = "Add Music"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_sound: bpy.props.BoolProperty(default=True, options={"HIDDEN"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Open the file browser."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add the strip and make it the dance's music."""
        try:
            strip = add_song(context, Path(bpy.path.abspath(self.filepath)), context.scene.frame_current)
        except EdgeError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        context.scene.edge_dance.music = strip.name
        return {"FINISHED"}


class EDGE_DANCE_OT_mark_beats(bpy.types.Operator):
    """Put a timeline marker on every beat of the song under the dancer's take"""

    bl_idname = "edge_dance.mark_beats"
    bl_label = "Mark Beats"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only for a dancer with a take that knows its beats."""
        cls.poll_message_set("Select a dancer with a generated dance")
        return bool(_beats(context))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Markers that are there already are used again."""
        markers = context.scene.timeline_markers
        for marker in [marker for marker in markers if marker.name.startswith(MARKER)]:
            markers.remove(marker)
        for number, frame in enumerate(_beats(context), start=1):
            markers.new(f"{MARKER} {number}", frame=round(frame))
        return {"FINISHED"}


def _beats(context: bpy.types.Context) -> list[float]:
    try:
        data = find_dancer(context).animation_data
    except EdgeError:
        return []
    return beat_frames(data.action) if data and data.action else []
