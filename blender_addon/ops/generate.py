"""Operators that make dances."""

import random
from pathlib import Path

import bpy

from ..action.take import add_take
from ..backend.service import service
from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.motion import Motion
from ..edge_backend.request import GenerateRequest
from ..music import find_strip, song_of
from ..rig.target import find_dancer
from ..settings import generate_request
from .job_operator import JobOperator

_LARGEST_SEED = 99_999  # what is easily read out and typed in


def why_not_generate(context: bpy.types.Context) -> EdgeError | None:
    """What stands in the way of a dance, None if nothing does."""
    try:
        find_dancer(context)
        song_of(*find_strip(context, context.scene.edge_dance.music))
    except EdgeError as error:
        return error
    return None


class EDGE_DANCE_OT_generate(JobOperator):
    """Make a dance to the song and key it on the dancer as a new action"""

    bl_idname = "edge_dance.generate"
    bl_label = "Generate Dance"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed with the reason."""
        if service.busy:
            cls.poll_message_set("A dance is being made already")
            return False
        if reason := why_not_generate(context):
            cls.poll_message_set(str(reason))
            return False
        return True

    def request(self, context: bpy.types.Context, folder: Path) -> GenerateRequest:
        """The song's part that the strip plays, with the panel's settings."""
        settings = context.scene.edge_dance
        song = song_of(*find_strip(context, settings.music))
        self._scene = context.scene.name
        self._dancer = find_dancer(context).session_uid
        self._first_frame = song.first_frame
        return generate_request(settings, song.file(folder), song.start, song.duration)

    def finish(self, context: bpy.types.Context, motion: Motion) -> str:
        """Key it on the dancer that was selected when the job began."""
        scene = bpy.data.scenes.get(self._scene)
        dancer = next((ob for ob in bpy.data.objects if ob.session_uid == self._dancer), None)
        if scene is None or dancer is None:
            raise EdgeError("dancer_gone", "The dancer was deleted while the dance was made.", "Generate again.")
        action = add_take(dancer, motion, scene, self._first_frame, scene.edge_dance.clean_feet)
        return f"{action.name}: {motion.frames / Motion.fps:.1f} s of dance on {dancer.name}."


class EDGE_DANCE_OT_cancel(bpy.types.Operator):
    """Stop making the dance, as Esc does; nothing in the scene changes"""

    bl_idname = "edge_dance.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only while there is something to cancel."""
        cls.poll_message_set("No dance is being made")
        return service.busy

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """The operator that runs the job ends when the worker has stopped."""
        if service.job:
            service.job.cancel()
        return {"FINISHED"}


class EDGE_DANCE_OT_copy_problem(bpy.types.Operator):
    """Copy what went wrong, with the backend's log, to paste into a report"""

    bl_idname = "edge_dance.copy_problem"
    bl_label = "Copy Details"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only while there is a problem."""
        return service.problem is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Onto the clipboard."""
        if problem := service.problem:
            context.window_manager.clipboard = f"{problem} [{problem.code}]\n{problem.detail}"
            self.report({"INFO"}, "Copied.")
        return {"FINISHED"}


class EDGE_DANCE_OT_new_seed(bpy.types.Operator):
    """Draw another seed, for another dance"""

    bl_idname = "edge_dance.new_seed"
    bl_label = "New Seed"
    bl_options = {"UNDO", "INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Never the one that is there."""
        settings = context.scene.edge_dance
        settings.seed = random.choice([seed for seed in range(_LARGEST_SEED + 1) if seed != settings.seed])
        return {"FINISHED"}
