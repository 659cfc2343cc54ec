"""Operators on the list of takes."""

import json
from typing import Any

import bpy

from ..edge_backend.errors import EdgeError
from ..keyframes.take_details import details, is_starred, span, star
from ..lookups import scene_rate
from ..rig.target import active_armature
from ..settings import restore_settings
from ..takes import comparison, nla
from ..takes.take_list import current_take, delete_take, takes_of
from .reasons import Reasoned


def shown_take(context: bpy.types.Context) -> tuple[bpy.types.Object, bpy.types.Action] | None:
    """The active character and the take that it shows, if it shows one of its list."""
    armature = active_armature(context)
    action = current_take(armature)
    return (armature, action) if armature and action and action in takes_of(armature) else None


class TakeOperator(Reasoned, bpy.types.Operator):
    """Something to do with the take that is shown"""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        """No take."""
        return "" if shown_take(context) else "Click a take in the list first."

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Do it, and say what went wrong if something does."""
        found = shown_take(context)
        assert found  # noqa: S101 - poll has seen it
        try:
            self.act(context, *found)
        except EdgeError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}

    def act(self, context: bpy.types.Context, armature: bpy.types.Object, action: bpy.types.Action) -> None:
        """What it does. Raises EdgeError."""
        raise NotImplementedError


class EDGE_DANCE_OT_star_take(bpy.types.Operator):
    """Star the take, or take its star away"""

    bl_idname = "edge_dance.star_take"
    bl_label = "Star Take"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    take: bpy.props.StringProperty(name="Take", description="The take's action")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Turn the star over."""
        action = bpy.data.actions.get(self.take)
        if action is None or not details(action):
            self.report({"ERROR"}, f"There is no take {self.take}.")
            return {"CANCELLED"}
        star(action, not is_starred(action))
        return {"FINISHED"}


class EDGE_DANCE_OT_delete_take(TakeOperator):
    """Delete the take that is shown, with its keys"""

    bl_idname = "edge_dance.delete_take"
    bl_label = "Delete Take"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask first."""
        manager: Any = context.window_manager
        return manager.invoke_confirm(self, event)

    def act(self, context: bpy.types.Context, armature: bpy.types.Object, action: bpy.types.Action) -> None:
        """Another character's use of the action keeps it in the file."""
        delete_take(armature, action)


class EDGE_DANCE_OT_load_settings(TakeOperator):
    """Set the panel to what this take was made with"""

    bl_idname = "edge_dance.load_settings"
    bl_label = "Load Settings"

    def act(self, context: bpy.types.Context, armature: bpy.types.Object, action: bpy.types.Action) -> None:
        """The music stays as it is chosen."""
        restore_settings(context.scene.edge_dance, json.loads(details(action).get("settings", "{}")))


class EDGE_DANCE_OT_stash_take(TakeOperator):
    """Put the take on a muted track in the NLA editor"""

    bl_idname = "edge_dance.stash_take"
    bl_label = "Stash to NLA"

    def act(self, context: bpy.types.Context, armature: bpy.types.Object, action: bpy.types.Action) -> None:
        """The character goes on dancing it."""
        nla.stash(armature, action)


class EDGE_DANCE_OT_blend_takes(TakeOperator):
    """Have another take go over into this one, as strips in the NLA editor; this one is moved to where the other is"""

    bl_idname = "edge_dance.blend_takes"
    bl_label = "Blend Takes"

    first: bpy.props.StringProperty(name="From", description="The take that comes first")
    start: bpy.props.FloatProperty(name="Start", description="Frame where the blend begins")
    end: bpy.props.FloatProperty(name="End", description="Frame where this take has taken over")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Propose the take above, and half a second in the middle, or the preview range."""
        armature, action = shown_take(context) or (None, None)
        assert armature and action  # noqa: S101 - poll has seen them
        scene: Any = context.scene
        others = [take for take in takes_of(armature) if take != action]
        self.first = others[-1].name if others else ""
        middle, half = sum(span(action)) / 2, scene_rate(scene) / 4
        self.start, self.end = middle - half, middle + half
        if scene.use_preview_range:
            self.start, self.end = scene.frame_preview_start, scene.frame_preview_end
        manager: Any = context.window_manager
        return manager.invoke_props_dialog(self)

    def draw(self, context: bpy.types.Context) -> None:
        """The dialog."""
        layout: Any = self.layout
        layout.use_property_split = True
        layout.prop_search(self, "first", bpy.data, "actions")
        layout.prop(self, "start")
        layout.prop(self, "end")

    def act(self, context: bpy.types.Context, armature: bpy.types.Object, action: bpy.types.Action) -> None:
        """Only takes of this character."""
        first = next((take for take in takes_of(armature) if take.name == self.first and take != action), None)
        if first is None:
            raise EdgeError(
                "take_missing", f"{armature.name} has no other take {self.first}.", "Choose one of its list."
            )
        nla.blend(armature, first, action, self.start, self.end)


class EDGE_DANCE_OT_show_takes(TakeOperator):
    """Show the takes side by side: copies of the character, each dancing one, the starred ones if any are starred"""

    bl_idname = "edge_dance.show_takes"
    bl_label = "Show Side by Side"

    spacing: bpy.props.FloatProperty(
        name="Spacing", description="From one copy to the next", default=2.0, min=0.1, subtype="DISTANCE"
    )

    def act(self, context: bpy.types.Context, armature: bpy.types.Object, action: bpy.types.Action) -> None:
        """The take that the character itself dances is left out."""
        takes = takes_of(armature)
        starred = [take for take in takes if is_starred(take)]
        shown = [take for take in starred or takes if take != action]
        scene: Any = context.scene
        comparison.show_copies(armature, shown, scene, self.spacing)


class EDGE_DANCE_OT_hide_takes(Reasoned, bpy.types.Operator):
    """Remove the copies that show takes side by side"""

    bl_idname = "edge_dance.hide_takes"
    bl_label = "Hide Copies"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        """Only where there are copies."""
        armature = active_armature(context)
        return "" if armature and comparison.copies_of(armature) else "No copies are shown."

    def execute(self, context: bpy.types.Context) -> set[str]:
        """The takes themselves stay."""
        armature: Any = active_armature(context)
        comparison.hide_copies(armature)
        return {"FINISHED"}
