"""Operators on the plan of a take: generate by it, change its slots, save and load it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import bpy
import numpy as np

from ..constraints.rows import Row
from ..edge_backend.choreography.library import add_clips
from ..edge_backend.choreography.plan_file import plan_content, write_plan
from ..edge_backend.errors import EdgeError
from ..edge_backend.errors.from_exception import explain
from ..edge_backend.fileio.output_folder import check_folder
from ..edge_backend.motion.motion import Motion
from ..edge_backend.schema.edits import EditRequest
from ..edge_backend.schema.requests import GenerateRequest
from ..keyframes.take_details import beat_frames, details, is_danced_to, span
from ..lookups import scene_rate
from ..redraw import redraw_sidebars, redraw_timelines
from ..rig.target import find_dancer
from ..takes.phrase_shelf import own_folder
from ..takes.plan_rows import CHANGED, changed_slots, freed, load_plan, plan_of
from ..takes.read_take import read_take_in_steps
from .edit import EditOperator, by_plan, outside
from .generate import DanceOperator
from .plan_slots import planned_take, why_no_plan, why_plan_locked
from .reasons import Reasoned, why_busy, why_no_dancer
from .stepping import READING, SteppingOperator


class EDGE_DANCE_OT_dance_plan(DanceOperator):
    """Generate a new take by the plan of this one, with the changes that were made to it"""

    bl_idname = "edge_dance.dance_plan"
    bl_label = "Dance This Plan"

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return why_no_plan(context) or super().why_not(context)

    def prepare(self, context: bpy.types.Context) -> None:
        """Take the plan and the seed of the take."""
        super().prepare(context)
        action = planned_take(context)
        assert action  # noqa: S101 - poll has checked it
        self._plan, self._same_song = plan_of(action) or {}, is_danced_to(action, self._part)
        seed = int(details(action).get("seed", self._request.seed))
        self._request = replace(self._request, seed=seed, form="song", edit=EditRequest(), loop=None)

    def request(self, folder: Path, number: int) -> GenerateRequest:
        """The request, with the plan as a file."""
        scene, _ = self.targets()
        return by_plan(super().request(folder, number), self._plan, folder, scene, self._same_song)


class PlanEditOperator(EditOperator):
    """Dances bars of the shown take by its plan, and keeps all others exactly. Not registered itself."""

    suffix = "plan"

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return why_no_plan(context) or super().why_not(context)

    def changed(self, plan: dict[str, Any]) -> list[int]:
        """The numbers of the slots that are danced; may change the plan. Others that are marked wait on.

        Raises EdgeError.
        """
        raise NotImplementedError

    def rows(self, context: bpy.types.Context, armature: bpy.types.Object) -> list[Row]:
        """Everything beside the slots."""
        action = planned_take(context)
        assert action  # noqa: S101 - poll has checked it
        self.plan = json.loads(json.dumps(plan_of(action)))
        numbers = self.changed(self.plan)
        steps = [self.plan["steps"][number] for number in numbers if self.is_danced(self.plan["steps"][number])]
        if not steps:
            raise EdgeError(
                "plan_fixed", f"Bars {numbers[0] + 1} begin after the end of the music.", "Make the strip longer."
            )
        for step in steps:
            step[CHANGED] = False
        slots = [step["slot"]["counts"] for step in steps]
        spans = [(round(counts[0] * Motion.fps), round(counts[-1] * Motion.fps) - 1) for counts in slots]
        return outside(
            [(self._timing.to_scene(first), self._timing.to_scene(last)) for first, last in spans], self._timing
        )

    def is_danced(self, step: dict[str, Any]) -> bool:
        """Whether the bars begin before the dance ends."""
        return step["slot"]["counts"][0] * Motion.fps < self._timing.frames - 1


class EDGE_DANCE_OT_dance_changes(PlanEditOperator):
    """Dance the bars of the plan that were changed; all other bars stay exactly as they are"""

    bl_idname = "edge_dance.dance_changes"
    bl_label = "Dance Changes"

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if reason := super().why_not(context):
            return reason
        action = planned_take(context)
        return "" if action and changed_slots(action) else "No bars of the plan were changed."

    def changed(self, plan: dict[str, Any]) -> list[int]:
        """Those that are marked, without those that repeat others of them: these wait until the others are danced."""
        steps = plan["steps"]
        marked = [number for number, step in enumerate(steps) if step.get(CHANGED)]
        return [number for number in marked if steps[number]["again"] not in marked]

    def finish(self, context: bpy.types.Context, dances: list[Motion]) -> str:
        """Key the dance, and say which bars wait on."""
        said, plan = super().finish(context, dances), self.plan or {"steps": []}
        steps = enumerate(plan["steps"])
        waiting = [str(number + 1) for number, step in steps if step.get(CHANGED) and self.is_danced(step)]
        if waiting:
            bars = " and ".join(filter(None, (", ".join(waiting[:-1]), waiting[-1])))
            self._remarks = [
                *self._remarks, f"Bars {bars} repeat bars that were new: press Dance Changes once more for them."
            ]  # fmt: skip
        return said


class EDGE_DANCE_OT_remake_slot(PlanEditOperator):
    """Let the network dance only these bars anew; all other bars stay exactly as they are"""

    bl_idname = "edge_dance.remake_slot"
    bl_label = "Only These Bars Anew"

    step: bpy.props.IntProperty(
        name="Slot", description="Number of the slot, from 0", min=0, options={"SKIP_SAVE", "HIDDEN"}
    )

    def changed(self, plan: dict[str, Any]) -> list[int]:
        """The slot, which dances nothing that was there before."""
        if self.step >= len(plan["steps"]):
            raise EdgeError("plan_fixed", f"The plan has no bars {self.step + 1}.", "Choose bars of the list.")
        freed(plan["steps"], self.step)
        return [self.step]


class EDGE_DANCE_OT_add_to_phrases(SteppingOperator):
    """Cut the character's animation into phrases of eight counts and add them to My Phrases"""

    bl_idname = "edge_dance.add_to_phrases"
    bl_label = "Add to Phrases"
    bl_options = {"REGISTER"}
    work_label = READING

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if reason := why_busy() or why_no_dancer(context):
            return reason
        data = find_dancer(context).animation_data
        if not data or not data.action:
            return "The character has no animation to take phrases from."
        scene: Any = context.scene
        if own_folder(scene):
            return ""
        if scene.edge_dance.phrase_folder.strip():
            return "The folder of My Phrases is relative to this file. Save the file first, or choose the whole path."
        return "Choose the folder of My Phrases first."

    def steps(self, context: bpy.types.Context) -> Iterator[float]:
        """Read the action as a motion, with the beats that it knows."""
        armature, scene = find_dancer(context), cast("bpy.types.Scene", context.scene)
        action: Any = cast("Any", armature.animation_data).action
        self._folder = Path(own_folder(scene))
        check_folder(self._folder)
        self._source, self._style = action.name, str(details(action).get("style", "")) or "any"
        beats = [(frame - span(action)[0]) / scene_rate(scene) for frame in beat_frames(action)]
        self._motion = yield from read_take_in_steps(armature, action, scene)
        self._motion.beats = np.array([second for second in beats if second >= 0], np.float32)

    def apply(self, context: bpy.types.Context) -> str:
        """Add the phrases; the scene is not changed."""
        about = {"style": self._style, "licence": "", "tempo": None}
        try:
            new, refused = add_clips(self._folder, [(self._source, self._motion, about)])
        except OSError as error:
            raise explain(error) from error
        if refused:
            raise refused[0]
        if not new:
            return f"{self._folder.name} has the phrases of {self._source} already."
        return f"{new} phrases of {self._source} added to {self._folder.name}."


class EDGE_DANCE_OT_save_plan(Reasoned, bpy.types.Operator):
    """Write the plan of the shown take into a file, to change it and to dance it from the command line"""

    bl_idname = "edge_dance.save_plan"
    bl_label = "Save Plan"
    bl_options = {"REGISTER"}

    filepath: bpy.props.StringProperty(
        subtype="FILE_PATH", options={"SKIP_SAVE"}, description="The file of the plan"
    )  # fmt: skip
    filter_glob: bpy.props.StringProperty(default="*.json", options={"HIDDEN"})
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return why_no_plan(context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        self.filepath = self.filepath or "plan.json"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        action = planned_take(context)
        path = Path(bpy.path.ensure_ext(bpy.path.abspath(self.filepath or "plan.json"), ".json"))
        try:
            write_plan(path, plan_of(action) or {} if action else {})
        except OSError as error:
            self.report({"ERROR"}, str(explain(error)))
            return {"CANCELLED"}
        return {"FINISHED"}


class EDGE_DANCE_OT_load_plan(Reasoned, bpy.types.Operator):
    """Read a plan for this song from a file, as Save Plan writes it; dance it by Dance Changes"""

    bl_idname = "edge_dance.load_plan"
    bl_label = "Load Plan"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(
        subtype="FILE_PATH", options={"SKIP_SAVE"}, description="The file of the plan"
    )  # fmt: skip
    filter_glob: bpy.props.StringProperty(default="*.json", options={"HIDDEN"})

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return why_busy() or why_no_plan(context) or why_plan_locked(context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        action, path = planned_take(context), Path(bpy.path.abspath(self.filepath))
        try:
            if action:
                load_plan(action, plan_content(path), path.name)
        except EdgeError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        except OSError as error:
            self.report({"ERROR"}, str(explain(error)))
            return {"CANCELLED"}
        redraw_timelines(context)
        redraw_sidebars(context)
        return {"FINISHED"}
