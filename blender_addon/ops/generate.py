"""Operators that generate dances."""

import random
from collections.abc import Generator, Iterator
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
from ..keyframes.density import modes_of
from ..keyframes.take_details import PROPERTY
from ..lookups import by_session_uid
from ..music import find_strip, rendered_song, song_of
from ..rig.rig_check import check_rig
from ..rig.target import find_dancer
from ..settings import beats_request, generate_request, stored_settings
from ..setup.installer import installer
from ..song_map.strip_map import map_for_dance, song_part, write_file
from ..takes.collection_links import remember_links
from ..takes.new_take import TakeKeys, WrittenKeys, add_take, first_frame_of, keys_in_steps, written_in_steps
from ..takes.partial_preview import PartialPreview
from ..takes.phrase_shelf import own_folder
from ..takes.root_motion import check_root_motion
from ..takes.take_list import all_or_none, refuse_tweaked
from .job_operator import JobOperator
from .reasons import Reasoned, why_busy

_LARGEST_SEED = 99_999  # short enough to read out and to type


def why_not_generate(context: bpy.types.Context) -> EdgeError | None:
    """The error that prevents a dance, None if there is none."""
    try:
        refuse_tweaked(find_dancer(context))
        song_of(*find_strip(context, context.scene.edge_dance.music), take_packed=False)
    except EdgeError as error:
        return error
    return None


class DanceOperator(JobOperator):
    """A dance to the song with the panel's settings, keyed on the dancer as a new take.

    Not registered itself: Blender does not register operators that are subclasses of registered ones.
    """

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if busy := why_busy():
            return busy
        return str(why_not_generate(context) or "")

    def prepare(self, context: bpy.types.Context) -> None:
        """Find the song, the dancer and the panel's settings."""
        scene: Any = context.scene
        settings = scene.edge_dance
        strip, owner = find_strip(context, settings.music)
        self._song = rendered_song(strip, owner, settings.all_sounds)
        self._map = map_for_dance(strip, owner, beats_request(settings))
        self._part = song_part(strip, owner)
        self._scene = scene.session_uid
        dancer = find_dancer(context)
        check_root_motion(dancer, settings.root_motion)
        self._dancer = dancer.session_uid
        remember_links(dancer)
        request = generate_request(settings, self._song.path, self._song.start, self._song.duration)
        own = settings.made_of == "own"
        self._request = replace(request, phrases=(own_folder(scene),)) if own else request
        self._settings = stored_settings(settings)
        self._preview = PartialPreview(self._song.first_frame)

    def request(self, folder: Path, number: int) -> GenerateRequest:
        """The request with the song and its map as files; the dance is sent in parts."""
        song, song_map = str(self._song.file(folder)), write_file(self._map, folder)
        return replace(self._request, song=song, song_map=song_map, sequential=True)

    def recipe(self) -> dict[str, Any]:
        """Name, song, first frame and settings of the take."""
        return {
            "label": f"{self._song.path.stem} {self._request.seed}",
            "song": self._song.name,
            "part": self._part,
            "first_frame": self.first_frame(),
            "planted": self._request.feet.enabled,
            "settings": self._settings,
        }

    def first_frame(self) -> float:
        """The frame of the scene at which the dance starts."""
        return self._song.first_frame

    def show(self, context: bpy.types.Context, beginning: Motion) -> Iterator[float]:
        """Key the beginning on the dancer, so that it can be played while the rest is generated."""
        scene, dancer = self._find_targets()
        if scene and dancer:
            yield from self._preview.show_in_steps(dancer, beginning, scene)

    def hide(self) -> None:
        """Remove the beginning; the dancer shows its former animation."""
        self._preview.remove()

    def was_removed(self) -> bool:
        """Whether undo, redo or saving has removed the beginning."""
        return self._preview.was_removed

    def keeps_partial(self, context: bpy.types.Context) -> bool:
        """The panel's setting Keep Partial Dance."""
        return bool(context.scene.edge_dance.keep_cancelled)

    def _find_targets(self) -> tuple[bpy.types.Scene | None, bpy.types.Object | None]:
        """The scene and the dancer of the start of the job, None if one was deleted.

        An object in no scene counts as deleted: Blender leaves objects in the file when their collection is deleted.
        """
        dancer = next((ob for ob in bpy.data.objects if ob.session_uid == self._dancer and ob.users_scene), None)
        return by_session_uid(bpy.data.scenes, self._scene), dancer

    def targets(self) -> tuple[bpy.types.Scene, bpy.types.Object]:
        """The scene and the dancer of the start of the job. Raises EdgeError dancer_gone."""
        scene, dancer = self._find_targets()
        if scene is None or dancer is None:
            gone = "scene" if dancer else "dancer"
            hint = "Select a dancer, then apply the pending dance to it."
            raise EdgeError("dancer_gone", f"The {gone} was deleted while the dance was generated.", hint)
        return scene, dancer

    def work_out(self, context: bpy.types.Context, dances: list[Motion]) -> Iterator[float]:
        """Compute the keys for the dancer's present bones."""
        self._keys: list[WrittenKeys] = []
        self._modes = modes_of(self.targets()[1])
        for number, motion in enumerate(dances):
            steps = written_in_steps(self.keys_of(motion))
            keys = yield from part(steps, number / len(dances), (number + 1) / len(dances))
            self._keys.append(keys)

    def keys_of(self, motion: Motion) -> Generator[float, None, TakeKeys]:
        """The keys of one dance for the dancer as it is at the first step, in small steps."""
        scene, dancer = self.targets()
        settings = self._settings
        return keys_in_steps(
            dancer,
            motion,
            scene,
            first_frame_of(motion, scene, self.first_frame()),
            clean_feet=self._request.feet.enabled,
            density=settings["density"],
            tolerance=Tolerance(settings["degrees"], settings["millimetres"]),
            **self.key_options(),
        )

    def key_options(self) -> dict[str, Any]:
        """Further options for `keys_in_steps`."""
        return {}

    def finish(self, context: bpy.types.Context, dances: list[Motion]) -> str:
        """Key the dances on the dancer that was selected when the job started."""
        scene, dancer = self.targets()
        if self._modes != modes_of(dancer):  # a bone was renamed meanwhile, or its rotation mode was changed
            self._keys = [at_once(written_in_steps(self.keys_of(motion))) for motion in dances]
        with all_or_none(dancer, scene):
            takes = [self.key(dancer, motion, scene, keys) for motion, keys in zip(dances, self._keys, strict=True)]
        self._remarks = [*self._remarks, *(obstacle.text for obstacle in check_rig(dancer, context).obstacles)]
        names = " and ".join(take.name for take in takes)
        return f"{names}: {dances[0].frames / Motion.fps:.1f} s of dance on {dancer.name}."

    def key(
        self, dancer: bpy.types.Object, motion: Motion, scene: bpy.types.Scene, keys: WrittenKeys
    ) -> bpy.types.Action:
        """A take of the dance, with the settings that it was made with."""
        settings = self.take_settings(motion)
        first = first_frame_of(motion, scene, self.first_frame())
        action = add_take(dancer, motion, scene, first, settings=settings, keys=keys, density=settings["density"])
        self.name_song(action)
        return action

    def name_song(self, action: bpy.types.Action) -> None:
        """Store with the take which song it is danced to: the strip's, not the file that Blender has rendered of it."""
        action[PROPERTY]["part"], action[PROPERTY]["song"] = self._part, self._song.name

    def take_settings(self, motion: Motion) -> dict[str, Any]:
        """The panel's settings at the start of the job, with the seed of this dance."""
        return self._settings | {"seed": int(motion.meta.get("seed", self._request.seed))}


class EDGE_DANCE_OT_generate(DanceOperator):
    """Generate a dance to the song and key it on the dancer as a new action"""

    bl_idname = "edge_dance.generate"
    bl_label = "Generate Dance"


class EDGE_DANCE_OT_variations(DanceOperator):
    """Generate several dances to the song with different seeds, one take each"""

    bl_idname = "edge_dance.variations"
    bl_label = "Make Variations"

    def prepare(self, context: bpy.types.Context) -> None:
        """Set the number of dances."""
        super().prepare(context)
        self.rounds = context.scene.edge_dance.variations

    def request(self, folder: Path, number: int) -> GenerateRequest:
        """The panel's seed, then those after it."""
        return replace(super().request(folder, number), seed=self._request.seed + number)


class EDGE_DANCE_OT_cancel(Reasoned, bpy.types.Operator):
    """Stop generating, as Esc does; the unfinished dance is discarded unless Keep Partial Dance is on"""

    bl_idname = "edge_dance.cancel"
    bl_label = "Cancel"

    @classmethod
    def why_not(cls, _context: bpy.types.Context) -> str:
        return "" if service.busy else "No dance is being made."

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Request the end; the operator that runs the job ends when the worker has stopped."""
        if service.job:
            service.job.cancel()
        if service.work:
            service.work.cancelled = True
        return {"FINISHED"}


class EDGE_DANCE_OT_copy_problem(Reasoned, bpy.types.Operator):
    """Copy the error with the backend's log, to paste into a report"""

    bl_idname = "edge_dance.copy_problem"
    bl_label = "Copy Details"
    bl_options = {"INTERNAL"}

    @classmethod
    def why_not(cls, _context: bpy.types.Context) -> str:
        return "" if service.problem or installer.problem else "Nothing has gone wrong."

    def execute(self, context: bpy.types.Context) -> set[str]:
        if problem := service.problem or installer.problem:
            context.window_manager.clipboard = f"{problem} [{problem.code}]\n{problem.detail}"
            self.report({"INFO"}, "Copied.")
        return {"FINISHED"}


class EDGE_DANCE_OT_new_seed(bpy.types.Operator):
    """Choose another random seed, for another dance"""

    bl_idname = "edge_dance.new_seed"
    bl_label = "New Seed"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Choose a seed that differs from the current one."""
        settings = context.scene.edge_dance
        settings.seed = random.choice([seed for seed in range(_LARGEST_SEED + 1) if seed != settings.seed])
        return {"FINISHED"}
