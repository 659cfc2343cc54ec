"""Operators that make dances."""

import random
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

from ..backend.service import service
from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.curves import Tolerance
from ..edge_backend.motion.motion import Motion
from ..edge_backend.motion.steps import at_once, part
from ..edge_backend.schema.requests import GenerateRequest
from ..keyframes.channel_keys import ChannelKeys
from ..keyframes.density import modes_of
from ..music import find_strip, song_of
from ..rig.rig_check import check_rig
from ..rig.target import find_dancer
from ..settings import generate_request, stored_settings
from ..setup.installer import installer
from ..takes.new_take import add_take, keys_in_steps
from ..takes.partial_preview import PartialPreview
from ..takes.take_list import all_or_none, refuse_tweaked
from .job_operator import JobOperator
from .reasons import Reasoned

_LARGEST_SEED = 99_999  # what is easily read out and typed in


def why_not_generate(context: bpy.types.Context) -> EdgeError | None:
    """What stands in the way of a dance, None if nothing does."""
    try:
        refuse_tweaked(find_dancer(context))
        song_of(*find_strip(context, context.scene.edge_dance.music), take_packed=False)
    except EdgeError as error:
        return error
    return None


class DanceOperator(JobOperator):
    """A dance to the song under the panel's settings, keyed on the dancer as a new take. Not registered itself:
    Blender knows no operators that inherit from others."""

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        """Another dance, no dancer, or no song."""
        if service.busy:
            return "A dance is being made already."
        return str(why_not_generate(context) or "")

    def prepare(self, context: bpy.types.Context) -> None:
        """The song's part that the strip plays, the dancer, and the panel's settings."""
        settings = context.scene.edge_dance
        self._song = song_of(*find_strip(context, settings.music))
        self._scene = context.scene.name
        self._dancer = find_dancer(context).session_uid
        self._request = generate_request(settings, self._song.path, self._song.start, self._song.duration)
        self._settings = stored_settings(settings)
        self._preview = PartialPreview(self._song.first_frame)

    def request(self, folder: Path, number: int) -> GenerateRequest:
        """The song as a file; the dance comes bit by bit."""
        return replace(self._request, song=str(self._song.file(folder)), sequential=True)

    def recipe(self) -> dict[str, Any]:
        """Where the take begins, and with what it was made."""
        return {
            "label": f"{self._song.path.stem} {self._request.seed}",
            "first_frame": self.first_frame(),
            "planted": self._request.feet.enabled,
            "settings": self._settings,
        }

    def first_frame(self) -> float:
        """Where the dance begins in the scene."""
        return self._song.first_frame

    def show(self, context: bpy.types.Context, beginning: Motion) -> None:
        """Key it on the dancer, so that it can be played while the rest is made."""
        scene, dancer = self._stage()
        if scene and dancer:
            self._preview.show(dancer, beginning, scene)

    def hide(self) -> None:
        """The dancer shows what was shown before."""
        self._preview.remove()

    def was_removed(self) -> bool:
        """By undo, redo or saving."""
        return self._preview.was_removed

    def keeps_beginning(self, context: bpy.types.Context) -> bool:
        """As the panel says."""
        return bool(context.scene.edge_dance.keep_cancelled)

    def _stage(self) -> tuple[bpy.types.Scene | None, bpy.types.Object | None]:
        """The scene and the dancer that were there when the job began, where they are there still.

        What is in no scene any more is as good as deleted: so Blender leaves those whose collection goes.
        """
        dancer = next((ob for ob in bpy.data.objects if ob.session_uid == self._dancer and ob.users_scene), None)
        return bpy.data.scenes.get(self._scene), dancer

    def stage(self) -> tuple[bpy.types.Scene, bpy.types.Object]:
        """The same. Raises EdgeError dancer_gone."""
        scene, dancer = self._stage()
        if scene is None or dancer is None:
            gone = "scene" if dancer else "dancer"
            hint = "Select a dancer; the dance is kept for it."
            raise EdgeError("dancer_gone", f"The {gone} was deleted while the dance was made.", hint)
        return scene, dancer

    def work_out(self, context: bpy.types.Context, dances: list[Motion]) -> Iterator[float]:
        """The keys, which belong to the dancer's bones as they are now."""
        self._keys: list[Sequence[ChannelKeys]] = []
        self._modes = modes_of(self.stage()[1])
        for number, motion in enumerate(dances):
            keys = yield from part(self.keys_of(motion), number / len(dances), (number + 1) / len(dances))
            self._keys.append(keys)

    def keys_of(self, motion: Motion) -> Generator[float, None, list[ChannelKeys]]:
        """The keys of one dance, in small steps, on the dancer as it is at the first one."""
        scene, dancer = self.stage()
        settings = self._settings
        return keys_in_steps(
            dancer,
            motion,
            scene,
            self.first_frame(),
            clean_feet=self._request.feet.enabled,
            density=settings["density"],
            tolerance=Tolerance(settings["degrees"], settings["millimetres"]),
            **self.key_options(),
        )

    def key_options(self) -> dict[str, Any]:
        """What `keys_in_steps` is to be told besides."""
        return {}

    def finish(self, context: bpy.types.Context, dances: list[Motion]) -> str:
        """Key them on the dancer that was selected when the job began."""
        scene, dancer = self.stage()
        if self._modes != modes_of(dancer):  # a bone was renamed meanwhile, or turns in another mode
            self._keys = [at_once(self.keys_of(motion)) for motion in dances]
        with all_or_none(dancer, scene):
            takes = [self.key(dancer, motion, scene, keys) for motion, keys in zip(dances, self._keys, strict=True)]
        self._remarks = [*self._remarks, *(obstacle.text for obstacle in check_rig(dancer, context).obstacles)]
        names = " and ".join(take.name for take in takes)
        return f"{names}: {dances[0].frames / Motion.fps:.1f} s of dance on {dancer.name}."

    def key(
        self, dancer: bpy.types.Object, motion: Motion, scene: bpy.types.Scene, keys: Sequence[ChannelKeys]
    ) -> bpy.types.Action:
        """A take of the dance, with the settings that it was made with."""
        settings = self.kept_settings(motion)
        return add_take(
            dancer, motion, scene, self.first_frame(), settings=settings, keys=keys, density=settings["density"]
        )

    def kept_settings(self, motion: Motion) -> dict[str, Any]:
        """The panel's settings when the job began, with the dance's own seed."""
        return self._settings | {"seed": int(motion.meta.get("seed", self._request.seed))}


class EDGE_DANCE_OT_generate(DanceOperator):
    """Make a dance to the song and key it on the dancer as a new action"""

    bl_idname = "edge_dance.generate"
    bl_label = "Generate Dance"


class EDGE_DANCE_OT_variations(DanceOperator):
    """Make several dances to the song, each from another seed, a take each"""

    bl_idname = "edge_dance.variations"
    bl_label = "Make Variations"

    def prepare(self, context: bpy.types.Context) -> None:
        """As many as the panel says."""
        super().prepare(context)
        self.rounds = context.scene.edge_dance.variations

    def request(self, folder: Path, number: int) -> GenerateRequest:
        """The panel's seed, then those after it."""
        return replace(super().request(folder, number), seed=self._request.seed + number)


class EDGE_DANCE_OT_cancel(Reasoned, bpy.types.Operator):
    """Stop making the dance, as Esc does; what is there goes, unless it is to be kept"""

    bl_idname = "edge_dance.cancel"
    bl_label = "Cancel"

    @classmethod
    def why_not(cls, _context: bpy.types.Context) -> str:
        """Only while there is something to cancel."""
        return "" if service.busy else "No dance is being made."

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """The operator that runs the job ends when the worker has stopped."""
        if service.job:
            service.job.cancel()
        if service.work:
            service.work.cancelled = True
        return {"FINISHED"}


class EDGE_DANCE_OT_copy_problem(Reasoned, bpy.types.Operator):
    """Copy what went wrong, with the backend's log, to paste into a report"""

    bl_idname = "edge_dance.copy_problem"
    bl_label = "Copy Details"
    bl_options = {"INTERNAL"}

    @classmethod
    def why_not(cls, _context: bpy.types.Context) -> str:
        """Only while there is a problem."""
        return "" if service.problem or installer.problem else "Nothing has gone wrong."

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Onto the clipboard."""
        if problem := service.problem or installer.problem:
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
