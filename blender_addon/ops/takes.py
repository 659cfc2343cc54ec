"""Operators for the list of takes."""

import json
from typing import Any

import bpy

from ..edge_backend.errors import EdgeError
from ..keyframes.take_details import details, is_starred, span, star
from ..lookups import scene_rate
from ..properties import ROOT_MOTION
from ..rig.override import linked_armature
from ..rig.target import active_armature
from ..settings import restore_settings
from ..takes import comparison, nla
from ..takes.root_motion import set_root_motion
from ..takes.take_list import current_take, delete_take, takes_of
from .reasons import Reasoned


def shown_take(context: bpy.types.Context) -> tuple[bpy.types.Object, bpy.types.Action] | None:
    """The active character and its current take, None if it shows none of its list."""
    armature = active_armature(context)
    action = current_take(armature)
    return (armature, action) if armature and action and action in takes_of(armature) else None


def why_no_take(context: bpy.types.Context) -> str:
    """Why no take is shown, "" if one is."""
    return "" if shown_take(context) else "Click a take in the list first."


class TakeOperator(Reasoned, bpy.types.Operator):
    """An action on the current take"""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        linked = linked_armature(context)
        if linked:
            return f"{linked.name} is linked from another file and cannot be changed: make a library override of it."
        return why_no_take(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        found = shown_take(context)
        assert found  # noqa: S101 - poll has checked it
        try:
            self.act(context, *found)
        except EdgeError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}

    def act(self, context: bpy.types.Context, armature: bpy.types.Object, action: bpy.types.Action) -> None:
        """Do it. Raises EdgeError."""
        raise NotImplementedError


class EDGE_DANCE_OT_change_root_motion(TakeOperator):
    """Let the hips, the root bone or the object carry the dancer of the current take, or nothing"""

    bl_idname = "edge_dance.change_root_motion"
    bl_label = "Change Root Motion"

    root_motion: bpy.props.EnumProperty(
        name="Root Motion", description="What carries the dancer over the floor", items=ROOT_MOTION
    )

    def act(self, context: bpy.types.Context, armature: bpy.types.Object, action: bpy.types.Action) -> None:
        """Move the keys."""
        set_root_motion(armature, action, self.root_motion)


class EDGE_DANCE_OT_star_take(bpy.types.Operator):
    """Star the take, or remove its star"""

    bl_idname = "edge_dance.star_take"
    bl_label = "Star Take"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    take: bpy.props.StringProperty(name="Take", description="The take's action")

    def execute(self, context: bpy.types.Context) -> set[str]:
        action = bpy.data.actions.get(self.take)
        if action is None or not details(action):
            self.report({"ERROR"}, f"There is no take {self.take}." if self.take else "Choose a take.")
            return {"CANCELLED"}
        star(action, not is_starred(action))
        return {"FINISHED"}


class EDGE_DANCE_OT_delete_take(TakeOperator):
    """Delete the current take with its keys"""

    bl_idname = "edge_dance.delete_take"
    bl_label = "Delete Take"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        manager: Any = context.window_manager
        return manager.invoke_confirm(self, event)

    def act(self, context: bpy.types.Context, armature: bpy.types.Object, action: bpy.types.Action) -> None:
        """Delete the take; an action that another character uses is not removed from the file."""
        delete_take(armature, action)


class EDGE_DANCE_OT_load_settings(TakeOperator):
    """Set the panel to the settings that the current take was made with"""

    bl_idname = "edge_dance.load_settings"
    bl_label = "Load Settings"

    def act(self, context: bpy.types.Context, armature: bpy.types.Object, action: bpy.types.Action) -> None:
        """Restore the settings; the chosen music is not changed."""
        restore_settings(context.scene.edge_dance, json.loads(details(action).get("settings", "{}")))


class EDGE_DANCE_OT_stash_take(TakeOperator):
    """Put the current take on a muted track in the NLA editor"""

    bl_idname = "edge_dance.stash_take"
    bl_label = "Stash to NLA"

    def act(self, context: bpy.types.Context, armature: bpy.types.Object, action: bpy.types.Action) -> None:
        """Stash the take; it is still the character's action."""
        nla.stash(armature, action)


class EDGE_DANCE_OT_blend_takes(TakeOperator):
    """Blend from another take into this one with strips in the NLA editor; this one is moved to the other's place"""

    bl_idname = "edge_dance.blend_takes"
    bl_label = "Blend Takes"

    first: bpy.props.StringProperty(name="From", description="The take to blend from")
    start: bpy.props.FloatProperty(name="Start", description="First frame of the blend")
    end: bpy.props.FloatProperty(name="End", description="Last frame of the blend")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Propose the last other take, and the preview range or half a second in the middle of the take."""
        armature, action = shown_take(context) or (None, None)
        assert armature and action  # noqa: S101 - poll has checked them
        scene: Any = context.scene
        others = [take for take in takes_of(armature) if take != action]
        if not others:
            return self.execute(context)  # which says so
        self.first = others[-1].name
        middle, half = sum(span(action)) / 2, scene_rate(scene) / 4
        self.start, self.end = middle - half, middle + half
        if scene.use_preview_range:
            self.start, self.end = scene.frame_preview_start, scene.frame_preview_end
        manager: Any = context.window_manager
        return manager.invoke_props_dialog(self)

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        layout.use_property_split = True
        layout.prop_search(self, "first", bpy.data, "actions")
        layout.prop(self, "start")
        layout.prop(self, "end")

    def act(self, context: bpy.types.Context, armature: bpy.types.Object, action: bpy.types.Action) -> None:
        """Blend, if both takes are of this character."""
        others = [take for take in takes_of(armature) if take != action]
        if not others:
            message = f"{armature.name} has no other take to blend from."
            raise EdgeError("takes_alone", message, "Generate another one first.")
        first = next((take for take in others if take.name == self.first), None)
        if first is None:
            name = f" {self.first}" if self.first else ""
            raise EdgeError("take_missing", f"{armature.name} has no other take{name}.", "Choose one of its list.")
        nla.blend(armature, first, action, self.start, self.end)


class EDGE_DANCE_OT_show_takes(TakeOperator):
    """Show the takes side by side on copies of the character; only starred takes, if there are any"""

    bl_idname = "edge_dance.show_takes"
    bl_label = "Show Side by Side"

    spacing: bpy.props.FloatProperty(
        name="Spacing", description="Distance between neighbouring copies", default=2.0, min=0.1, subtype="DISTANCE"
    )

    def act(self, context: bpy.types.Context, armature: bpy.types.Object, action: bpy.types.Action) -> None:
        """Show all takes except the current one."""
        takes = takes_of(armature)
        starred = [take for take in takes if is_starred(take)]
        shown = [take for take in starred or takes if take != action]
        if not shown:
            kind = "starred take" if starred else "take"
            message = f"There is no other {kind} to show beside {action.name}."
            raise EdgeError("takes_alone", message, f"{'Star' if starred else 'Generate'} another one first.")
        scene: Any = context.scene
        comparison.show_copies(armature, shown, scene, self.spacing)


class EDGE_DANCE_OT_hide_takes(Reasoned, bpy.types.Operator):
    """Remove the copies that show takes side by side"""

    bl_idname = "edge_dance.hide_takes"
    bl_label = "Hide Copies"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        armature = active_armature(context)
        return "" if armature and comparison.copies_of(armature) else "No copies are shown."

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove the copies; the takes are not changed."""
        armature: Any = active_armature(context)
        comparison.hide_copies(armature)
        return {"FINISHED"}
