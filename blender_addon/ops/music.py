"""Operators for the song: adding it, marking its beats, and moving keys onto them."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..backend.job import Job
from ..backend.service import service
from ..edge_backend.errors import EdgeError
from ..edge_backend.schema.requests import FeaturesRequest
from ..keyframes.beats import clear_beats, keys_to_beats, known_beats, mark_beats
from ..lookups import scene_rate
from ..music import add_song, find_strip, song_of
from ..rig.target import active_armature
from ..settings import beats_request
from ..takes.take_list import current_take
from .job_operator import JobOperator
from .reasons import Reasoned

_OTHER_SOUNDS = "*.caf;*.weba;*.m4b;*.mka;*.opus;*.oga;*.aifc;*.au;*.w64;*.rf64;*.wv;*.tta;*.ape;*.amr;*.dts;*.3gp"
"""Kinds of files that Blender plays, and of which its own lists of sounds and movies do not know all."""


class EDGE_DANCE_OT_add_music(bpy.types.Operator):
    """Add a song to the sequencer, starting at the current frame, and let playback follow it"""

    bl_idname = "edge_dance.add_music"
    bl_label = "Add Music"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(
        subtype="FILE_PATH", options={"SKIP_SAVE"}, description="The song: a sound file of any kind that Blender plays"
    )  # fmt: skip
    filter_sound: bpy.props.BoolProperty(default=True, options={"HIDDEN"})
    filter_movie: bpy.props.BoolProperty(default=True, options={"HIDDEN"})  # .ogg is one to Blender
    filter_glob: bpy.props.StringProperty(default=_OTHER_SOUNDS, options={"HIDDEN"})
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


class EDGE_DANCE_OT_mark_beats(JobOperator):
    """Listen to the song and put a timeline marker on every beat and bar, corrected as the panel says"""

    bl_idname = "edge_dance.mark_beats"
    bl_label = "Mark Beats"

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        """A job, or no song."""
        if service.busy:
            return "A dance is being made already."
        try:
            song_of(*find_strip(context, context.scene.edge_dance.music), take_packed=False)
        except EdgeError as error:
            return str(error)
        return ""

    def prepare(self, context: bpy.types.Context) -> None:
        """The song's part that the strip plays."""
        settings = context.scene.edge_dance
        self._song = song_of(*find_strip(context, settings.music))
        self._scene = context.scene.name
        self._beats = beats_request(settings)

    def request(self, folder: Path, number: int) -> FeaturesRequest:
        """Its rhythm."""
        song = self._song
        return FeaturesRequest(str(song.file(folder)), "rhythm", song.start, song.duration, self._beats)

    def result(self, job: Job) -> dict[str, Any]:
        """Beats and downbeats, seconds, and the tempo."""
        with np.load(job.result, allow_pickle=False) as file:
            return {name: file[name] for name in ("beats", "downbeats", "tempo")}

    def finish(self, context: bpy.types.Context, dances: list[Any]) -> str:
        """Markers in the scene that the job began in."""
        scene = bpy.data.scenes.get(self._scene)
        if scene is None:
            raise EdgeError("scene_gone", "The scene was deleted while the song was heard.", "Mark the beats again.")
        (heard,) = dances
        rate, first = scene_rate(scene), self._song.first_frame
        beats, bars = (first + heard[name] * rate for name in ("beats", "downbeats"))
        # A beat at the end, where nothing sounds any more, has no frame of its own.
        beats = beats[(beats >= first - 0.5) & (beats < first + self._song.duration * rate - 0.5)]
        mark_beats(scene, beats.tolist(), bars.tolist())
        return f"{len(beats)} beats at {float(heard['tempo']):.1f} a minute."


class EDGE_DANCE_OT_clear_beats(bpy.types.Operator):
    """Remove the markers of beats and bars"""

    bl_idname = "edge_dance.clear_beats"
    bl_label = "Clear Beats"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Other markers stay."""
        scene: Any = context.scene
        clear_beats(scene)
        return {"FINISHED"}


class EDGE_DANCE_OT_keys_to_beats(Reasoned, bpy.types.Operator):
    """Move the selected keys of the character's action to the nearest beat"""

    bl_idname = "edge_dance.keys_to_beats"
    bl_label = "Keys to Nearest Beat"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        """Only for a take, with beats that are known."""
        action = current_take(active_armature(context))
        scene: Any = context.scene
        if action is None:
            return "Select a character with a take, and mark the beats."
        return "" if known_beats(action, scene) else "No beats are known: mark them."

    def execute(self, context: bpy.types.Context) -> set[str]:
        """The marked beats, or those of the take."""
        action = current_take(active_armature(context))
        assert action  # noqa: S101 - poll has seen it
        scene: Any = context.scene
        moved = keys_to_beats(action, known_beats(action, scene))
        self.report({"INFO"} if moved else {"WARNING"}, f"{moved} keys moved." if moved else "No key is selected.")
        return {"FINISHED"} if moved else {"CANCELLED"}
