"""The Weights panel: the weights in use, and the buttons that import others."""

from typing import Any

import bpy

from ..backend.programs import ProgramRun
from ..edge_backend.protocol.messages import Progress
from ..ops.weights import EDGE_DANCE_OT_import_weights, weights_import
from ..settings import wanted_weights
from ..setup.status import watch
from .dance_tab import DanceTab
from .text_layout import draw_reasons, draw_text, duration

_STAGES = {"downloading": "Downloading", "loading": "Checking", "saving": "Converting"}
_HUGE = 1e6  # larger totals are bytes


class VIEW3D_PT_edge_dance_weights(DanceTab):
    """The trained network that generates the dances"""

    bl_label = "Weights"
    bl_parent_id = "VIEW3D_PT_edge_dance_settings"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        settings = context.scene.edge_dance
        status = watch.read()
        layout.prop(settings, "weights", text="", icon="NETWORK_DRIVE")
        wanted = wanted_weights(settings)
        chosen = next((entry for entry in status.weights if entry.id == wanted), None)
        if status.places is None:
            layout.label(text="Looking for weights", icon="SORTTIME")
        elif chosen is None or chosen.path is None:
            draw_text(layout, context, f"The weights {wanted} are not installed.", "ERROR")
        elif chosen.summary:
            draw_text(layout, context, chosen.summary, "INFO")
        if weights_import.run:
            _draw_run(layout, weights_import.run)
            return
        if problem := weights_import.problem:
            draw_text(layout, context, str(problem), "ERROR")
        if not any(entry.id == "edge-jukebox" and entry.path for entry in status.weights):
            layout.operator("edge_dance.get_edge", icon="URL")
        layout.operator("edge_dance.import_weights", icon="IMPORT")
        if status.has_jukebox:
            layout.label(text="Jukebox is installed", icon="CHECKMARK")
        else:
            layout.operator("edge_dance.get_jukebox", icon="URL")
        draw_reasons(layout, context, EDGE_DANCE_OT_import_weights)  # the others have the same


def _draw_run(layout: Any, run: ProgramRun) -> None:
    """Draw the progress of an import."""
    now = run.progress
    text, factor = "Working", 0.0
    if run.state == "cancelling":
        text = "Cancelling"
    elif now:
        factor = now.done / max(1, now.total)
        text = f"{_STAGES.get(now.stage, now.stage)} {_amount(now)}"
    row = layout.row(align=True)
    row.scale_y = 1.6
    row.progress(factor=factor, text=text)
    row.operator("edge_dance.cancel_weights", text="", icon="X")
    if now and now.eta and now.eta >= 1 and run.state == "running":
        layout.label(text=f"{duration(now.eta)} left", icon="TIME")


def _amount(now: Progress) -> str:
    """The amount done: of bytes in gigabytes or megabytes, else in percent."""
    if now.total < _HUGE:
        return f"{now.done / max(1, now.total):.0%}"
    unit, name = (1e9, "GB") if now.total >= 1e9 else (1e6, "MB")
    return f"{now.done / unit:.1f} of {now.total / unit:.1f} {name}"
