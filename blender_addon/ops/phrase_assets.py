"""Operators that make assets of phrases, and put the phrase of an asset into a plan."""

from typing import Any

import bpy

from ..edge_backend.errors import EdgeError
from ..rig.target import find_dancer
from ..takes.phrase_assets import PHRASE, add_asset
from ..takes.phrase_shelf import library_of
from ..takes.plan_rows import parsed_plan, put_phrase
from .plan_slots import PlanOperator, current_slot, why_no_plan
from .reasons import why_busy


def phrase_of_asset(context: bpy.types.Context) -> str:
    """The id of the phrase of the active asset in the Asset Browser; "" where it has none."""
    asset: Any = getattr(context, "asset", None)
    return str(asset.metadata.get(PHRASE, "")) if asset else ""


class EDGE_DANCE_OT_mark_phrase_asset(PlanOperator):
    """Make an asset of the phrase of these bars for the Asset Browser: an action of this character, with a picture"""

    bl_idname = "edge_dance.mark_phrase_asset"
    bl_label = "Phrase as Asset"

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return why_busy() or why_no_plan(context)

    def change(self, context: bpy.types.Context, action: bpy.types.Action) -> None:
        """Add the asset; the plan is not changed."""
        scene: Any = context.scene
        name, library = parsed_plan(action)[self.step].phrase, library_of(scene)
        if not name:
            raise EdgeError("plan_fixed", f"Bars {self.step + 1} have no phrase of a library.", "Choose other bars.")
        asset, new = add_asset(find_dancer(context), scene, library, library.number(name))
        self.report({"INFO"}, f"{asset.name} is an asset{'' if new else ' already'}.")


class EDGE_DANCE_OT_use_phrase_asset(PlanOperator):
    """Put the phrase of this asset into the bars at the current frame"""

    bl_idname = "edge_dance.use_phrase_asset"
    bl_label = "Dance This Phrase Here"

    phrase: bpy.props.StringProperty(name="Phrase", description="The id of a phrase", options={"SKIP_SAVE"})

    def change(self, context: bpy.types.Context, action: bpy.types.Action) -> None:
        """Put the phrase into the current slot. Raises EdgeError phrase_unknown."""
        scene: Any = context.scene
        library_of(scene).number(self.phrase)
        put_phrase(action, current_slot(context, action), self.phrase, False)
