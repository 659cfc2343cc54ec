"""Operators on the plan of a take: dance it, change a slot, make only this slot anew, save and load."""

from dataclasses import replace
from pathlib import Path

import bpy

from ..edge_backend.choreography.plan_file import write_plan
from ..edge_backend.errors import EdgeError
from ..edge_backend.errors.from_exception import explain
from ..edge_backend.schema.edits import EditRequest
from ..edge_backend.schema.requests import GenerateRequest
from ..keyframes.take_details import details
from ..rig.target import active_armature
from ..takes.plan_rows import free_slot, mirror_slot, plan_of, repeat_slot
from ..takes.take_list import current_take
from .generate import DanceOperator
from .reasons import Reasoned, why_busy


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
        phrases = ("starter",) if any(step["phrase"] for step in self._plan["steps"]) else ()
        return replace(super().request(folder, number), plan=str(path), phrases=phrases or self._request.phrases)


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
