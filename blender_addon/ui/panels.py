"""The Dance tab of the 3D View's sidebar, the same in every mode."""

from typing import Any

import bpy

from ..backend.job import Job
from ..backend.service import service
from ..edge_backend.errors import EdgeError
from ..keyframes.density import key_count
from ..music import find_strip, song_names, song_of
from ..ops.choreography import EDGE_DANCE_OT_add_to_phrases
from ..ops.curves import EDGE_DANCE_OT_change_density
from ..ops.dancer import EDGE_DANCE_OT_add_dancer
from ..ops.generate import why_not_generate
from ..ops.music import (
    EDGE_DANCE_OT_add_music,
    EDGE_DANCE_OT_begin_bar,
    EDGE_DANCE_OT_keys_to_beats,
    EDGE_DANCE_OT_mark_beats,
)
from ..ops.presets import PRESETS
from ..rig.dancer import is_dancer
from ..rig.hands import OFF
from ..rig.rig_check import check_rig
from ..rig.target import active_armature, find_dancer
from ..setup.status import watch
from ..takes.take_list import current_take
from .dance_tab import DanceTab
from .obstacles import draw_obstacles
from .pending_results import draw_pending_results
from .setup import draw_health, why_no_backend
from .text_layout import draw_reasons, draw_text, duration

_STAGES = {
    "loading": "Loading the model",
    "features": "Listening to the song",
    "sampling": "Dancing",
    "feet": "Placing the feet",
    "saving": "Saving",
}


class VIEW3D_PT_edge_dance(DanceTab):
    """Character, music, the Generate Dance button and the progress of the job"""

    bl_label = "Dance"

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        has_dancer = _draw_dancer(layout, context)
        _draw_music(layout, context)
        draw_reasons(layout, context, EDGE_DANCE_OT_add_dancer, EDGE_DANCE_OT_add_music)
        if service.job:
            _draw_job(layout, service.job)
            return
        if service.work:
            label = "Cancelling" if service.work.cancelled else service.work.label
            _draw_bar(layout, service.work.fraction, label, not service.work.cancelled)
            return
        draw_health(layout, context)
        watch.read(warm=has_dancer)
        draw_pending_results(layout, context)
        reason = why_not_generate(context)
        if not reason:
            draw_obstacles(layout, context)
        buttons = layout.column()
        lacking = why_no_backend()
        buttons.enabled = not lacking
        row = buttons.row()
        row.scale_y = 1.6
        row.operator("edge_dance.generate", icon="ARMATURE_DATA")
        row = buttons.row(align=True)
        row.operator("edge_dance.variations")
        count = row.row(align=True)
        count.scale_x = 0.5
        count.prop(context.scene.edge_dance, "variations", text="")
        if lacking:
            draw_text(layout, context, lacking, "INFO")
        if reason:
            draw_text(layout, context, f"{reason}", "INFO")
            if reason.code == "dancer_linked":
                layout.operator("edge_dance.override_character", icon="LIBRARY_DATA_OVERRIDE")
            draw_obstacles(layout, context, reason.code)
        elif service.problem:
            draw_text(layout, context, f"{service.problem}", "ERROR")
            layout.operator("edge_dance.copy_problem", icon="COPYDOWN")


class VIEW3D_PT_edge_dance_style(DanceTab):
    """Kind of dance, energy and seed"""

    bl_label = "Style"
    bl_parent_id = "VIEW3D_PT_edge_dance"

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        settings = context.scene.edge_dance
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "style")
        row = layout.row(heading="Energy", align=True)
        row.prop(settings, "use_energy", text="")
        if settings.use_energy:
            row.prop(settings, "energy", text="", slider=True)
        else:
            row.label(text="Follows the music")
        layout.prop(settings, "form")
        if settings.form == "song":
            layout.prop(settings, "returning")
            layout.prop(settings, "originality", slider=True)
            layout.prop(settings, "made_of")
            if settings.made_of == "own":
                layout.prop(settings, "phrase_folder")
                layout.operator("edge_dance.add_to_phrases", icon="ADD")
                draw_reasons(layout, context, EDGE_DANCE_OT_add_to_phrases)
        row = layout.row(align=True)
        row.prop(settings, "seed")
        row.operator("edge_dance.new_seed", text="", icon="FILE_REFRESH")
        row = layout.row(heading="Loop", align=True)
        row.prop(settings, "use_loop", text="")
        bars = row.row(align=True)
        bars.enabled = settings.use_loop
        bars.prop(settings, "loop_bars", text="Bars")
        bars.prop(settings, "loop_travel", toggle=True)


class VIEW3D_PT_edge_dance_settings(DanceTab):
    """Settings that a first dance does not need"""

    bl_label = "Settings"
    bl_parent_id = "VIEW3D_PT_edge_dance"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        row = layout.row(align=True)
        row.menu("EDGE_DANCE_MT_presets", text=EDGE_DANCE_MT_presets.bl_label)
        row.operator("edge_dance.add_preset", text="", icon="ADD")
        row.operator("edge_dance.add_preset", text="", icon="REMOVE").remove_active = True


class VIEW3D_PT_edge_dance_quality(DanceTab):
    """Sampling steps, guidance and post-processing"""

    bl_label = "Quality"
    bl_parent_id = "VIEW3D_PT_edge_dance_settings"

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        settings = context.scene.edge_dance
        layout.row().prop(settings, "quality", expand=True)
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(settings, "guidance")
        column.prop(settings, "on_beat", slider=True)
        column.prop(settings, "smoothness", slider=True)
        column.prop(settings, "clean_feet")
        column.prop(settings, "keep_cancelled")


class EDGE_DANCE_MT_presets(bpy.types.Menu):
    """Saved settings"""

    bl_label = "Dance Presets"
    preset_subdir = PRESETS
    preset_operator = "script.execute_preset"
    draw: Any = bpy.types.Menu.draw_preset


class VIEW3D_PT_edge_dance_hands(DanceTab):
    """How hands are held"""

    bl_label = "Hands"
    bl_parent_id = "VIEW3D_PT_edge_dance_settings"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        settings = context.scene.edge_dance
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "hands")
        column = layout.column()
        column.enabled = settings.hands != OFF
        column.prop(settings, "hand_amount", slider=True)
        column.prop(settings, "hand_life", slider=True)


def _has_ik_legs(armature: Any, context: bpy.types.Context) -> bool:
    """Whether the character is a rig whose legs can be keyed on IK controls."""
    if armature is None or is_dancer(armature):
        return False
    return check_rig(armature, context).bone_map.ik_legs is not None


class VIEW3D_PT_edge_dance_curves(DanceTab):
    """Number of keys of a take"""

    bl_label = "Keys"
    bl_parent_id = "VIEW3D_PT_edge_dance_settings"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        settings = context.scene.edge_dance
        layout.row().prop(settings, "density", expand=True)
        if settings.density == "CURVES":
            row = layout.row(align=True)
            row.prop(settings, "degrees")
            row.prop(settings, "millimetres")
        armature = active_armature(context)
        if _has_ik_legs(armature, context):
            row = layout.row()
            row.label(text="Legs")
            row.prop(settings, "legs", expand=True)
        if settings.density != "FRAMES":
            change = layout.operator("edge_dance.change_density", icon="FCURVE")
            change.density = settings.density
            change.degrees, change.millimetres = settings.degrees, settings.millimetres
        draw_reasons(layout, context, EDGE_DANCE_OT_change_density)
        if action := current_take(armature):
            layout.label(text=f"{key_count(action):,} keys in {action.name}")
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(settings, "root_motion")
        layout.operator("edge_dance.change_root_motion", icon="CON_LOCLIKE").root_motion = settings.root_motion


class VIEW3D_PT_edge_dance_beats(DanceTab):
    """Beats of the song on the timeline"""

    bl_label = "Beats"
    bl_parent_id = "VIEW3D_PT_edge_dance"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        settings = context.scene.edge_dance
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(settings, "tempo")
        column.prop(settings, "beat_offset")
        column.prop(settings, "bar_offset")
        row = layout.row(align=True)
        row.operator("edge_dance.mark_beats", icon="MARKER_HLT")
        row.operator("edge_dance.clear_beats", text="", icon="X")
        draw_reasons(layout, context, EDGE_DANCE_OT_mark_beats)
        layout.operator("edge_dance.begin_bar", icon="TRACKING_FORWARDS_SINGLE")
        draw_reasons(layout, context, EDGE_DANCE_OT_begin_bar)
        layout.operator("edge_dance.keys_to_beats", icon="SNAP_ON")
        draw_reasons(layout, context, EDGE_DANCE_OT_keys_to_beats)


def _draw_dancer(layout: Any, context: bpy.types.Context) -> bool:
    """Draw the character. Returns whether there is one."""
    row = layout.row(align=True)
    try:
        row.label(text=find_dancer(context).name, icon="OUTLINER_OB_ARMATURE")
        row.operator("edge_dance.add_dancer", text="", icon="ADD")
    except EdgeError:
        row.operator("edge_dance.add_dancer", icon="OUTLINER_OB_ARMATURE")
        return False
    return True


def _draw_music(layout: Any, context: bpy.types.Context) -> None:
    """Draw the song; if there are several songs, a field to choose one."""
    row = layout.row(align=True)
    scene: Any = context.scene
    settings, label = scene.edge_dance, ""
    try:
        strip, owner = find_strip(context, settings.music)
        label = f"{strip.name}  ({_length(song_of(strip, owner, take_packed=False).duration)})"
    except EdgeError as error:
        if error.code == "music_none":
            row.operator("edge_dance.add_music", icon="SOUND")
            return
    several = len(song_names(context)) > 1
    if label and not several:
        row.label(text=label, icon="SOUND")
    else:
        row.prop(settings, "music", text="", icon="SOUND")
    row.operator("edge_dance.add_music", text="", icon="ADD")
    if several:
        layout.prop(settings, "all_sounds")
        if label:
            layout.label(text=label)


def _length(seconds: float) -> str:
    """Seconds as minutes:seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def _draw_job(layout: Any, job: Job) -> None:
    text = "Starting the backend"
    if job.state == "cancelling":
        text = "Cancelling"
    elif job.progress:
        text = _STAGES.get(job.progress.stage, job.progress.stage)
        if job.progress.eta and job.progress.eta >= 1:
            text += f", {duration(job.progress.eta)} left"
    _draw_bar(layout, job.fraction, text, job.state != "cancelling")


def _draw_bar(layout: Any, fraction: float, text: str, can_cancel: bool) -> None:
    row = layout.row(align=True)
    row.scale_y = 1.6
    row.progress(factor=fraction, text=text)
    button = row.row(align=True)
    button.enabled = can_cancel
    button.operator("edge_dance.cancel", text="", icon="X")
