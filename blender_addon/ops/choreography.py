"""Operators on the plan of a take: generate by it, change its slots, save and load it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import bpy
import numpy as np

from ..edge_backend.choreography.library import STARTER, add_clips
from ..edge_backend.choreography.plan_file import write_plan
from ..edge_backend.errors import EdgeError
from ..edge_backend.errors.from_exception import explain
from ..edge_backend.schema.edits import EditRequest
from ..edge_backend.schema.requests import GenerateRequest
from ..keyframes.take_details import beat_frames, details, span
from ..lookups import scene_rate
from ..rig.target import active_armature, find_dancer
from ..takes.plan_rows import free_slot, mirror_slot, plan_of, repeat_slot
from ..takes.read_take import read_take_in_steps
from ..takes.take_list import current_take
from .generate import DanceOperator
from .reasons import Reasoned, why_busy, why_no_dancer
from .stepping import READING, SteppingOperator


def planned_take(context: bpy.types.Context) -> bpy.types.Action | None:
    """The current take of the active character, if it has a plan."""
    armature = active_armature(context)
    action = current_take(armature) if armature else None
    return action if action and plan_of(action) else None


def why_no_plan(context: bpy.types.Context) -> str:
    """Why there is no plan; empty where there is one."""
    return "" if planned_take(context) else "The shown take was not made by a plan."


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
        self._plan = plan_of(action) or {}
        seed = int(details(action).get("seed", self._request.seed))
        self._request = replace(self._request, seed=seed, form="song", edit=EditRequest(), loop=None)

    def request(self, folder: Path, number: int) -> GenerateRequest:
        """The request, with the plan as a file."""
        path = folder / "plan.json"
        write_plan(path, self._plan)
        request = super().request(folder, number)
        has_phrases = any(step["phrase"] for step in self._plan["steps"])
        phrases = request.phrases or (STARTER,) if has_phrases else ()
        return replace(request, plan=str(path), phrases=phrases)


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
        return "" if context.scene.edge_dance.phrase_folder else "Choose the folder of My Phrases first."

    def steps(self, context: bpy.types.Context) -> Iterator[float]:
        """Read the action as a motion, with the beats that it knows."""
        armature, scene = find_dancer(context), cast("bpy.types.Scene", context.scene)
        action: Any = cast("Any", armature.animation_data).action
        self._folder = Path(bpy.path.abspath(context.scene.edge_dance.phrase_folder))
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
        return f"{new} phrases of {self._source} added to {self._folder.name}."


class PlanOperator(Reasoned, bpy.types.Operator):
    """A change of the plan of the shown take. Not registered itself."""

    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    step: bpy.props.IntProperty(name="Slot", description="Number of the slot, from 0", min=0, options={"SKIP_SAVE"})

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return why_busy() or why_no_plan(context)

    def change(self, action: bpy.types.Action) -> None:
        """Change the plan. Raises EdgeError, IndexError."""
        raise NotImplementedError

    def execute(self, context: bpy.types.Context) -> set[str]:
        action = planned_take(context)
        try:
            if action:
                self.change(action)
        except (EdgeError, IndexError, OSError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class EDGE_DANCE_OT_mirror_slot(PlanOperator):
    """Exchange left and right in these bars of the plan, where a dance returns"""

    bl_idname = "edge_dance.mirror_slot"
    bl_label = "Mirror Bars"

    def change(self, action: bpy.types.Action) -> None:
        """Mirror the slot."""
        mirror_slot(action, self.step)


class EDGE_DANCE_OT_free_slot(PlanOperator):
    """Let these bars of the plan be danced by the network instead of taking up another dance"""

    bl_idname = "edge_dance.free_slot"
    bl_label = "New Dance in Bars"

    def change(self, action: bpy.types.Action) -> None:
        """Free the slot."""
        free_slot(action, self.step)


class EDGE_DANCE_OT_repeat_slot(PlanOperator):
    """Let these bars of the plan dance what earlier bars dance"""

    bl_idname = "edge_dance.repeat_slot"
    bl_label = "Repeat Earlier Bars"

    earlier: bpy.props.IntProperty(name="Earlier", description="Number of the earlier slot, from 1", min=1, default=1)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        return set(context.window_manager.invoke_props_dialog(self))

    def change(self, action: bpy.types.Action) -> None:
        """Take up the earlier slot."""
        repeat_slot(action, self.step, self.earlier - 1)


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
        try:
            write_plan(Path(bpy.path.abspath(self.filepath)), plan_of(action) or {} if action else {})
        except OSError as error:
            self.report({"ERROR"}, str(explain(error)))
            return {"CANCELLED"}
        return {"FINISHED"}
