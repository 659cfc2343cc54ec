"""Operators that change the plan of the shown take, bars by bars. They change the plan alone, not the dance."""

import json
import random
from bisect import bisect_right
from pathlib import Path
from typing import Any

import bpy

from ..edge_backend.choreography.library import Library
from ..edge_backend.choreography.plan import Plan
from ..edge_backend.choreography.planning import PlanSettings, phrases_for, plan_by_library
from ..edge_backend.errors import EdgeError
from ..edge_backend.errors.from_exception import explain
from ..edge_backend.motion.motion import Motion
from ..keyframes.take_details import details, span
from ..lookups import scene_rate
from ..properties import STYLES
from ..redraw import redraw_sidebars, redraw_timelines
from ..rig.target import active_armature
from ..takes.phrase_shelf import folders_of, library_of, own_folder, picture, title
from ..takes.plan_rows import (
    free_slot,
    mirror_slot,
    parsed_plan,
    pin_slot,
    plan_of,
    plan_rows,
    put_phrase,
    repeat_slot,
    replace_plan,
    swap_slots,
    vary_slot,
)
from ..takes.take_list import current_take
from .dialog import DialogOperator
from .reasons import Reasoned, why_busy

SHOWN = 24  # phrases from which one is chosen: those that fit best
LEVELS = (
    ("any", "Any Level", "Phrases of every height"),
    ("high", "High", "Danced upright"),
    ("low", "Low", "Danced with bent knees"),
    ("floor", "Floor", "Danced on the floor"),
)
LIBRARIES = (
    ("any", "All Phrases", "Phrases of all libraries"),
    ("starter", "Starter Phrases", "Phrases that come with EDGE Dance"),
    ("own", "My Phrases", "Phrases from your own motions"),
)


def planned_take(context: bpy.types.Context) -> bpy.types.Action | None:
    """The current take of the active character, if it has a plan."""
    armature = active_armature(context)
    action = current_take(armature) if armature else None
    return action if action and plan_of(action) else None


def why_no_plan(context: bpy.types.Context) -> str:
    """Why there is no plan; empty where there is one."""
    return "" if planned_take(context) else "The shown take was not made by a plan."


def why_plan_locked(context: bpy.types.Context) -> str:
    """Why the plan cannot be changed; empty where it can. Blender does not save changes of linked actions."""
    action = planned_take(context)
    if action is None or action.library is None:
        return ""
    library = bpy.path.basename(action.library.filepath)
    return (
        f"{action.name} is linked from {library}: changes of its plan would not be saved. "
        "Press Dance All for a take of your own."
    )


def current_slot(context: bpy.types.Context, action: bpy.types.Action) -> int:
    """The number of the slot at the current frame; beside all slots, of the one before, or of the first."""
    scene: Any = context.scene
    return max(bisect_right(_first_frames(action, scene), scene.frame_current) - 1, 0)


def _first_frames(action: bpy.types.Action, scene: bpy.types.Scene) -> list[int]:
    """The frames of the scene at which the slots of the take's plan begin."""
    first, rate = span(action)[0], scene_rate(scene)
    return [round(first + row.start * rate) for row in plan_rows(action)]


def _phrases_like(plan: Plan, library: Library) -> Library:
    """The phrases of the folders that those of the plan are from; all, where none of them is known."""
    danced = {step.phrase for step in plan}
    of = [(phrase.id, folder) for phrase, folder in zip(library.phrases, library.folders, strict=True)]
    folders = {folder for name, folder in of if name in danced}
    return library.without({name for name, folder in of if folder not in folders}) if folders else library


class PlanOperator(Reasoned, bpy.types.Operator):
    """A change of the plan of the shown take. Not registered itself."""

    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    step: bpy.props.IntProperty(name="Slot", description="Number of the slot, from 0", min=0, options={"SKIP_SAVE"})

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return why_busy() or why_no_plan(context) or why_plan_locked(context)

    def change(self, context: bpy.types.Context, action: bpy.types.Action) -> None:
        """Change the plan. Raises EdgeError, IndexError, OSError."""
        raise NotImplementedError

    def execute(self, context: bpy.types.Context) -> set[str]:
        action = planned_take(context)
        try:
            if action:
                self.change(context, action)
        except IndexError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        except (EdgeError, OSError) as error:
            self.report({"ERROR"}, str(explain(error)))
            return {"CANCELLED"}
        redraw_timelines(context)
        redraw_sidebars(context)
        return {"FINISHED"}


class EDGE_DANCE_OT_go_to_slot(PlanOperator):
    """Go to the beginning of these bars; the buttons below are for the bars at the current frame"""

    bl_idname = "edge_dance.go_to_slot"
    bl_label = "Go to Bars"
    bl_options = {"INTERNAL"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return why_no_plan(context)

    def change(self, context: bpy.types.Context, action: bpy.types.Action) -> None:
        """Move the current frame."""
        scene: Any = context.scene
        scene.frame_set(_first_frames(action, scene)[self.step])


class EDGE_DANCE_OT_mirror_slot(PlanOperator):
    """Exchange left and right in these bars of the plan, where a dance returns"""

    bl_idname = "edge_dance.mirror_slot"
    bl_label = "Mirror Bars"

    def change(self, context: bpy.types.Context, action: bpy.types.Action) -> None:
        """Mirror the slot."""
        mirror_slot(action, self.step)


class EDGE_DANCE_OT_pin_slot(PlanOperator):
    """Pin the phrase of these bars: it stays when the plan is made anew"""

    bl_idname = "edge_dance.pin_slot"
    bl_label = "Pin Bars"

    def change(self, context: bpy.types.Context, action: bpy.types.Action) -> None:
        """Pin the slot, or free it."""
        pin_slot(action, self.step)


class EDGE_DANCE_OT_free_slot(PlanOperator):
    """Let these bars of the plan be danced anew by the network instead of repeating other bars"""

    bl_idname = "edge_dance.free_slot"
    bl_label = "New Dance in Bars"

    def change(self, context: bpy.types.Context, action: bpy.types.Action) -> None:
        """Free the slot."""
        free_slot(action, self.step)


class EDGE_DANCE_OT_swap_slots(PlanOperator):
    """Exchange what these bars and the next ones dance"""

    bl_idname = "edge_dance.swap_slots"
    bl_label = "Swap with Next"

    def change(self, context: bpy.types.Context, action: bpy.types.Action) -> None:
        """Swap the slot with the next."""
        swap_slots(action, self.step)


class EDGE_DANCE_OT_repeat_slot(DialogOperator, PlanOperator):
    """Let these bars of the plan dance what earlier bars dance"""

    bl_idname = "edge_dance.repeat_slot"
    bl_label = "Repeat Earlier Bars"
    asked = ("earlier",)

    earlier: bpy.props.IntProperty(name="Earlier", description="Number of the earlier slot, from 1", min=1, default=1)

    def change(self, context: bpy.types.Context, action: bpy.types.Action) -> None:
        """Take up the earlier slot."""
        repeat_slot(action, self.step, self.earlier - 1)


class EDGE_DANCE_OT_vary_slot(DialogOperator, PlanOperator):
    """Set how far these bars leave the dance that returns in them, or their phrase"""

    bl_idname = "edge_dance.vary_slot"
    bl_label = "Originality of Bars"
    asked = ("originality",)

    originality: bpy.props.FloatProperty(
        name="Originality",
        description="0: as it is; 1: danced anew by the network",
        default=0.3,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )

    def change(self, context: bpy.types.Context, action: bpy.types.Action) -> None:
        """Set the originality of the slot."""
        vary_slot(action, self.step, self.originality)


class EDGE_DANCE_OT_another_phrase(PlanOperator):
    """Put another phrase here: the next one of those that fit the bars and the phrases around them"""

    bl_idname = "edge_dance.another_phrase"
    bl_label = "Another Phrase"

    def change(self, context: bpy.types.Context, action: bpy.types.Action) -> None:
        """The phrase that fits next best after the one that is there."""
        scene: Any = context.scene
        plan = parsed_plan(action)
        library = _phrases_like(plan, library_of(scene))
        found = phrases_for(plan, self.step, library, str(details(action).get("style") or "any"))
        if not found:
            raise EdgeError("plan_fixed", f"No phrase fits the tempo of bars {self.step + 1}.", "Choose other bars.")
        names = [name for name, _ in found]
        here = plan[self.step].phrase
        number = (names.index(here) + 1) % len(names) if here in names else 0
        put_phrase(action, self.step, *found[number])


_items: list[tuple[str, str, str, int, int]] = []
"""The choices of the dialog that is shown: Blender does not hold the strings of an enum that a function gives."""


def _fitting(_operator: Any, _context: bpy.types.Context | None) -> list[tuple[str, str, str, int, int]]:
    return _items


def _part_of(library: Library, which: str, own: str) -> Library:
    """The phrases of one of LIBRARIES. own: the folder of My Phrases."""
    of = zip(library.phrases, library.folders, strict=True)
    unwanted = {phrase.id for phrase, folder in of if (folder == Path(own)) is not (which == "own")}
    return library.without(unwanted) if which != "any" else library


def _gather(operator: Any, context: bpy.types.Context) -> None:
    """Find the SHOWN phrases that fit the slot best, of the operator's choice, with their pictures."""
    action, scene = planned_take(context), context.scene
    _items.clear()
    if action is None or scene is None:
        return
    library = _part_of(library_of(scene), operator.library, own_folder(scene))
    if not library.phrases:
        return
    numbers = {phrase.id: number for number, phrase in enumerate(library.phrases)}
    found = phrases_for(parsed_plan(action), operator.step, library, operator.style, operator.level)[:SHOWN]
    for place, (name, _) in enumerate(found):
        source = library.phrases[numbers[name]].source
        _items.append((name, title(name), f"{source}, {name}", picture(library, numbers[name]), place))


class EDGE_DANCE_OT_choose_phrase(PlanOperator):
    """Choose a phrase for these bars by its picture"""

    bl_idname = "edge_dance.choose_phrase"
    bl_label = "Choose Phrase"

    library: bpy.props.EnumProperty(
        name="Library", description="Where the phrases are from", items=LIBRARIES, update=_gather
    )
    style: bpy.props.EnumProperty(name="Style", description="The kind of dance", items=STYLES, update=_gather)
    level: bpy.props.EnumProperty(name="Level", description="How high it is danced", items=LEVELS, update=_gather)
    phrase: bpy.props.EnumProperty(
        name="Phrase", description="The phrases that fit these bars best", items=_fitting, options={"SKIP_SAVE"}
    )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        scene: Any = context.scene
        self._has_own = len(folders_of(scene)) > 1
        try:
            if not self._has_own:
                self.library = "any"  # Blender remembers what was chosen last
            _gather(self, context)
        except (EdgeError, OSError) as error:
            self.report({"ERROR"}, str(explain(error)))
            return {"CANCELLED"}
        return set(context.window_manager.invoke_props_dialog(self, width=300))

    def draw(self, _context: bpy.types.Context) -> None:
        """Filters, and the pictures."""
        layout: Any = self.layout
        if self._has_own:
            layout.row().prop(self, "library", expand=True)
        row = layout.row(align=True)
        row.prop(self, "style", text="")
        row.prop(self, "level", text="")
        if _items:
            layout.template_icon_view(self, "phrase", show_labels=True, scale=8, scale_popup=6)
            layout.label(text=title(self.phrase))
        else:
            layout.label(text="No such phrase fits the tempo.", icon="INFO")

    def change(self, context: bpy.types.Context, action: bpy.types.Action) -> None:
        """Put the chosen phrase into the slot."""
        if not self.phrase:
            raise EdgeError("plan_fixed", "No phrase was chosen.", "Choose another library, style or level.")
        scene: Any = context.scene
        sides = dict(phrases_for(parsed_plan(action), self.step, library_of(scene)))
        put_phrase(action, self.step, self.phrase, sides.get(self.phrase, False))


class EDGE_DANCE_OT_plan_anew(PlanOperator):
    """Choose other phrases for all bars that are not pinned"""

    bl_idname = "edge_dance.plan_anew"
    bl_label = "Plan Anew"

    seed: bpy.props.IntProperty(
        name="Seed", description="Start of the random numbers; 0: another one each time", min=0, options={"SKIP_SAVE"}
    )

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if reason := super().why_not(context):
            return reason
        action = planned_take(context)
        has_phrases = action and any(row.phrase for row in plan_rows(action))
        return "" if has_phrases else "The plan of this take has no phrases."

    def change(self, context: bpy.types.Context, action: bpy.types.Action) -> None:
        """Plan the slots of the take anew."""
        scene: Any = context.scene
        plan = parsed_plan(action)
        pinned = {number: step.phrase for number, step in enumerate(plan) if step.pinned}
        how = json.loads(details(action).get("settings", "{}"))
        style, mirrored = str(details(action).get("style") or "any"), how.get("returning") == "mirrored"
        settings = PlanSettings(style, mirrored, how.get("originality", 0.0), pinned)
        first, last = span(action)
        frames = round((last - first) * Motion.fps / scene_rate(scene)) + 1
        library = _phrases_like(plan, library_of(scene))
        others = library.without({step.phrase for step in plan} - set(pinned.values()))

        def planned(phrases: Library) -> Plan:
            seed = self.seed or random.randrange(1, 1 << 16)
            return plan_by_library([step.slot for step in plan], phrases, seed, settings, frames)

        found = planned(others) if others.phrases else ()
        if sum(bool(step.phrase) for step in found) < sum(bool(step.phrase) for step in plan):
            found = planned(library)  # a small one has no others
        replace_plan(action, found)
