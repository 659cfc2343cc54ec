"""Operators for films."""

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from .. import compat
from ..edge_backend.errors import EdgeError
from ..edge_backend.errors.from_exception import explain
from ..edge_backend.fileio.atomic_write import atomic_write
from ..keyframes.take_details import span
from ..lookups import scene_rate
from ..render.film_set import film_set_of, remove_film_set
from ..render.flamenco import PICTURES, FarmJob, job_file
from ..render.look import LOOKS, use_look, use_video
from ..render.openjd import job_template
from ..render.setup import set_up_film
from ..render.tracks import Track, dancers_to_film, tracks_in_steps
from ..rig.looking import found
from ..takes.take_list import current_take
from .reasons import Reasoned, why_busy, why_scene_linked
from .stepping import READING, SteppingDialogOperator


class EDGE_DANCE_OT_set_up_render(SteppingDialogOperator):
    """Add lights, a floor, and a camera that has the selected dancers in the picture at every frame"""

    bl_idname = "edge_dance.set_up_render"
    bl_label = "Set Up Render"
    bl_options = {"REGISTER", "UNDO"}
    asked = adjusted = "look", "turn", "following", "lights", "floor", "video", "only_dance"
    work_label = READING

    look: bpy.props.EnumProperty(name="Engine", description="The render engine", items=LOOKS, default="EEVEE")
    turn: bpy.props.FloatProperty(
        name="Angle",
        description="Direction of the camera around the dancers: 0 from the front, 90 from their left",
        subtype="ANGLE",
        soft_min=-math.pi,
        soft_max=math.pi,
    )
    following: bpy.props.BoolProperty(
        name="Follow",
        description="The camera moves with the dancers; otherwise it stands further away",
        default=True,
    )
    lights: bpy.props.BoolProperty(name="Lights", description="Add four lights", default=True)
    floor: bpy.props.BoolProperty(
        name="Floor and Backdrop",
        description="Add a floor and a world in one colour; your own world is restored when the film set is removed",
        default=True,
    )
    video: bpy.props.BoolProperty(
        name="Film with Sound", description="Set Render Animation to write an mp4 file with the song", default=True
    )
    only_dance: bpy.props.BoolProperty(
        name="The Dance's Frames", description="Set the scene's first and last frame to those of the dance"
    )

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if reason := why_busy() or why_scene_linked(context):
            return reason
        try:
            dancers_to_film(context)
        except EdgeError as error:
            return str(error)
        return ""

    def steps(self, context: bpy.types.Context) -> Iterator[float]:
        """Read the positions of the dancers, at the scene's frames and at those of the dance."""
        scene: Any = context.scene
        dancers = dancers_to_film(context)
        takes = [action for dancer in dancers if (action := current_take(dancer))]
        self._scene_frames = self._dance_frames = range(scene.frame_start, scene.frame_end + 1)
        if takes:
            ends = [span(action) for action in takes]
            first, last = math.floor(min(first for first, _ in ends)), math.ceil(max(last for _, last in ends))
            self._dance_frames = range(first, last + 1)
        self._name = takes[0].name if takes else "dance"
        self._uids = scene.session_uid, [dancer.session_uid for dancer in dancers]
        self._read = sorted({*self._scene_frames, *self._dance_frames})
        self._tracks = yield from tracks_in_steps(dancers, scene, self._read)

    def apply(self, _context: bpy.types.Context) -> str:
        """Build the film set, replacing an earlier one."""
        scene = found(bpy.data.scenes, self._uids[0])
        dancers = [found(bpy.data.objects, uid) for uid in self._uids[1]]
        frames = self._dance_frames if self.only_dance else self._scene_frames
        if self.only_dance:
            scene.frame_start, scene.frame_end = frames[0], frames[-1]
        first = self._read.index(frames[0])
        tracks = [Track(*(values[first : first + len(frames)] for values in track)) for track in self._tracks]
        heading = dancers[0].matrix_world.to_euler().z
        set_up_film(
            scene,
            dancers,
            frames,
            tracks,
            turn=math.degrees(self.turn + heading),
            following=self.following,
            lights=self.lights,
            floor=self.floor,
        )
        use_look(scene, self.look)
        if self.video:
            use_video(scene, f"//{bpy.path.clean_name(self._name)}.mp4")
        return f"The camera films frames {frames[0]} to {frames[-1]}."


class EDGE_DANCE_OT_remove_film_set(Reasoned, bpy.types.Operator):
    """Remove the film set with its camera and lights, and restore your own camera and world"""

    bl_idname = "edge_dance.remove_film_set"
    bl_label = "Remove Film Set"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        scene: Any = context.scene
        return "" if film_set_of(scene) else "There is no film set."

    def execute(self, context: bpy.types.Context) -> set[str]:
        scene: Any = context.scene
        remove_film_set(scene)
        return {"FINISHED"}


def why_no_film(context: bpy.types.Context) -> str:
    """Why the scene cannot be rendered, "" if it can. Blender 5 writes no film beside a file that was never saved."""
    scene: Any = context.scene
    if scene.camera is None:
        return "There is no camera: set up the render first."
    if scene.render.filepath.startswith("//") and not bpy.data.filepath:
        return "Save the file first: the film is written beside it."
    return ""


_FARMS = [
    ("FLAMENCO", "Flamenco", "Blender's render farm, with the job type edge_dance.js"),
    ("OPENJD", "OpenJD", "A template of Open Job Description, for the farms that take it"),
]


class EDGE_DANCE_OT_write_farm_job(Reasoned, bpy.types.Operator):
    """Write a job file for a render farm. Save the blend file first, where the farm can read it"""

    bl_idname = "edge_dance.write_farm_job"
    bl_label = "Write Farm Job"
    bl_options = {"REGISTER"}

    filepath: bpy.props.StringProperty(
        subtype="FILE_PATH", options={"SKIP_SAVE"}, description="The job file for the render farm"
    )  # fmt: skip
    filter_glob: bpy.props.StringProperty(default="*.json", options={"HIDDEN"})
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})
    farm: bpy.props.EnumProperty(name="Farm", description="Whose job file", items=_FARMS)
    chunk: bpy.props.IntProperty(
        name="Chunk", description="Frames that one machine renders at a time", default=20, min=1
    )
    output: bpy.props.StringProperty(
        name="Output",
        description="Folder for the images; empty: a folder beside the blend file",
        subtype="DIR_PATH",
        options=compat.RELATIVE_PATH,
    )

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if reason := why_no_film(context):
            return reason
        return "" if bpy.data.filepath else "For a farm, save the file first, where the farm's machines can read it."

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        if not self.filepath:
            ending = f".{self.farm.lower()}.json"
            self.filepath = bpy.path.ensure_ext(bpy.data.filepath.removesuffix(".blend"), ending)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the file, and set the scene's output to images: a farm's machines do not render films."""
        scene: Any = context.scene
        blend = Path(bpy.data.filepath)
        compat.use_picture_files(scene.render.image_settings, PICTURES)
        job = FarmJob(
            name=blend.stem,
            blend=blend,
            output=Path(bpy.path.abspath(self.output)) if self.output else blend.parent / "render",
            scene=scene.name,
            first=scene.frame_start,
            last=scene.frame_end,
            rate=scene_rate(scene),
            chunk=self.chunk,
        )
        platform = {"win32": "windows", "darwin": "darwin"}.get(sys.platform, "linux")
        content = job_file(job, platform) if self.farm == "FLAMENCO" else job_template(job)
        path = Path(bpy.path.ensure_ext(bpy.path.abspath(self.filepath), ".json"))
        try:
            bpy.ops.wm.save_mainfile()
            with atomic_write(path) as part:
                part.write_text(json.dumps(content, indent=2), encoding="utf-8")
        except (EdgeError, OSError, RuntimeError) as error:
            self.report({"ERROR"}, str(explain(error)))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{job.last - job.first + 1} frames in {path.name}.")
        return {"FINISHED"}
