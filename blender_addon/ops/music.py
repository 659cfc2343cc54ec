"""Operators for the song: adding it, marking its beats, and moving keys onto them."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..backend.job import Job
from ..edge_backend.errors import EdgeError
from ..edge_backend.schema.requests import FeaturesRequest
from ..edge_backend.schema.song_map_edits import begin_bar as begin_bar_in_map
from ..keyframes.beats import begin_bar, clear_beats, keys_to_beats, known_beats, mark_beats
from ..lookups import by_session_uid, scene_rate
from ..music import add_song, find_strip
from ..redraw import redraw_timelines
from ..rig.target import active_armature, find_dancer
from ..song_map.strip_map import map_for_dance, placed_map, write, write_file
from ..takes.take_list import current_take
from .reasons import Reasoned, why_no_dancer, why_scene_linked
from .song_operator import SongOperator

SONGS = (".wav", ".flac", ".ogg", ".mp3", ".m4a", ".aac", ".aiff", ".mp4", ".mov", ".mkv", ".webm", ".avi")
"""Suffixes of songs, and of films with a song in them, that are commonly dropped."""

_OTHER_SOUNDS = "*.caf;*.weba;*.m4b;*.mka;*.opus;*.oga;*.aifc;*.au;*.w64;*.rf64;*.wv;*.tta;*.ape;*.amr;*.dts;*.3gp"
"""File types that Blender plays and that its own filters for sounds and movies do not include in all versions."""


class EDGE_DANCE_OT_add_music(Reasoned, bpy.types.Operator):
    """Add a song to the sequencer at the current frame, and synchronise playback with it"""

    bl_idname = "edge_dance.add_music"
    bl_label = "Add Music"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(
        subtype="FILE_PATH", options={"SKIP_SAVE"}, description="The song: a sound file that Blender can play"
    )  # fmt: skip
    filter_sound: bpy.props.BoolProperty(default=True, options={"HIDDEN"})
    filter_movie: bpy.props.BoolProperty(default=True, options={"HIDDEN"})  # Blender counts .ogg as one
    filter_glob: bpy.props.StringProperty(default=_OTHER_SOUNDS, options={"HIDDEN"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return why_scene_linked(context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add the strip and choose it as Music."""
        return _add_music(self, context)


class EDGE_DANCE_OT_drop_song(Reasoned, bpy.types.Operator):
    """Add a song that was dropped to the sequencer, and generate a dance to it on the selected character"""

    bl_idname = "edge_dance.drop_song"
    bl_label = "Add Song"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE", "HIDDEN"}, description="The song")
    generate: bpy.props.BoolProperty(
        name="Generate Dance",
        default=False,
        description="Generate a dance to the song on the selected character",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return why_scene_linked(context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Offer a dance where there is a character that can dance."""
        if why_no_dancer(context):
            return self.execute(context)
        self.generate = True
        return context.window_manager.invoke_props_dialog(self)  # type: ignore[return-value]

    def draw(self, context: bpy.types.Context) -> None:
        """The song and the choice."""
        layout: Any = self.layout
        layout.label(text=bpy.path.basename(self.filepath), icon="SOUND")
        layout.prop(self, "generate", text=f"Generate Dance on {find_dancer(context).name}")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add the strip; the dance begins like that of the panel's button."""
        answer = _add_music(self, context)
        if answer == {"FINISHED"} and self.generate:
            bpy.ops.edge_dance.generate("INVOKE_DEFAULT")  # type: ignore[attr-defined]
        return answer


class EDGE_DANCE_FH_song(bpy.types.FileHandler):
    """Songs and films that are dropped onto the viewport or the sequencer"""

    bl_idname = "EDGE_DANCE_FH_song"
    bl_label = "EDGE Dance Song"
    bl_import_operator = EDGE_DANCE_OT_drop_song.bl_idname
    bl_file_extensions = ";".join((*SONGS, *(end.removeprefix("*") for end in _OTHER_SOUNDS.split(";"))))

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Over the viewport or the sequencer."""
        return bool(context.area and context.area.type in {"VIEW_3D", "SEQUENCE_EDITOR"})


def _add_music(operator: Any, context: bpy.types.Context) -> set[str]:
    """Add the operator's file as a strip at the current frame, and make it the dance's music."""
    try:
        strip = add_song(context, Path(bpy.path.abspath(operator.filepath)), context.scene.frame_current)
    except EdgeError as error:
        operator.report({"ERROR"}, str(error))
        return {"CANCELLED"}
    context.scene.edge_dance.music = strip.name
    return {"FINISHED"}


_CERTAIN = 0.3
"""Confidence below which the detected beats may be wrong."""


class EDGE_DANCE_OT_mark_beats(SongOperator):
    """Detect the song's beats and add a timeline marker at every beat and bar, with the corrections of the panel"""

    bl_idname = "edge_dance.mark_beats"
    bl_label = "Mark Beats"

    def prepare(self, context: bpy.types.Context) -> None:
        """Find the song, the corrections and the song map."""
        super().prepare(context)
        self._scene = context.scene.session_uid
        self._map = map_for_dance(*find_strip(context, context.scene.edge_dance.music), self._beats)

    def request(self, folder: Path, number: int) -> FeaturesRequest:
        """The request for the song's rhythm."""
        song, song_map = self._song, write_file(self._map, folder)
        return FeaturesRequest(str(song.file(folder)), "rhythm", song.start, song.duration, self._beats, song_map)

    def result(self, job: Job) -> dict[str, Any]:
        """Beats and downbeats in seconds, and the tempo in beats per minute."""
        with np.load(job.result, allow_pickle=False) as file:
            return {name: file[name] for name in ("beats", "downbeats", "tempo", "metre", "confidence")}

    def finish(self, context: bpy.types.Context, dances: list[Any]) -> str:
        """Add markers to the scene in which the job started."""
        scene = by_session_uid(bpy.data.scenes, self._scene)
        if scene is None:
            raise EdgeError("scene_gone", "The scene was deleted while the song was analysed.", "Mark the beats again.")
        (rhythm,) = dances
        rate, first = scene_rate(scene), self._song.first_frame
        beats, bars = (first + rhythm[name] * rate for name in ("beats", "downbeats"))
        # A beat at the end of the song is after its last frame.
        beats = beats[(beats >= first - 0.5) & (beats < first + self._song.duration * rate - 0.5)]
        mark_beats(scene, beats.tolist(), bars.tolist())
        return _summary(len(beats), float(rhythm["tempo"]), int(rhythm["metre"]), float(rhythm["confidence"]))


def _summary(beats: int, tempo: float, metre: int, confidence: float) -> str:
    """What was detected, in one sentence, with a second one where it is not certain."""
    found = f"{beats} beats at {tempo:.1f} per minute, {metre} in a bar."
    return found if confidence >= _CERTAIN else f"{found} The beat of this song is unclear: check it, and correct it."


class EDGE_DANCE_OT_begin_bar(Reasoned, bpy.types.Operator):
    """Have a bar begin at the beat nearest to the current frame, in the song map, the markers and the next dance"""

    bl_idname = "edge_dance.begin_bar"
    bl_label = "Bar Begins Here"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        scene: Any = context.scene
        placed = placed_map(context)
        if placed:
            return placed.why_locked
        return "" if known_beats(None, scene) else "No beats are known: listen to the song, or mark them first."

    def execute(self, context: bpy.types.Context) -> set[str]:
        """The song map's bars are counted anew, and the marked ones; without a map, the panel has the correction."""
        scene: Any = context.scene
        here = scene.frame_current_final
        placed = placed_map(context)
        if placed:
            strip, _ = find_strip(context, scene.edge_dance.music)
            write(strip, begin_bar_in_map(placed.song_map, placed.second(here)))
            redraw_timelines(context)
        if known_beats(None, scene):
            later, metre = begin_bar(scene, here)
            if not placed:
                scene.edge_dance.bar_offset = (scene.edge_dance.bar_offset + later) % metre
        return {"FINISHED"}


class EDGE_DANCE_OT_clear_beats(Reasoned, bpy.types.Operator):
    """Remove the markers of beats and bars"""

    bl_idname = "edge_dance.clear_beats"
    bl_label = "Clear Beats"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return why_scene_linked(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
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
        action = current_take(active_armature(context))
        scene: Any = context.scene
        if action is None:
            return "Select a character with a take, and mark the beats."
        return "" if known_beats(action, scene) else "No beats are known: mark them first."

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Use the marked beats, else those of the take."""
        action = current_take(active_armature(context))
        assert action  # noqa: S101 - poll has checked it
        scene: Any = context.scene
        moved = keys_to_beats(action, known_beats(action, scene))
        self.report({"INFO"} if moved else {"WARNING"}, f"{moved} keys moved." if moved else "No key is selected.")
        return {"FINISHED"} if moved else {"CANCELLED"}
