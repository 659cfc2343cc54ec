"""Which weights dance, and the buttons that bring others in."""

from typing import Any

import bpy

from ..edge_backend.model.catalogue import known
from ..ops.weights import weights_import
from ..preferences import weights_folder
from .words import draw_text, duration

_AUTHORS = "edge-jukebox"


class VIEW3D_PT_edge_dance_weights(bpy.types.Panel):
    """What the dances come from"""

    bl_label = "Weights"
    bl_parent_id = "VIEW3D_PT_edge_dance"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Dance"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout: Any = self.layout
        settings = context.scene.edge_dance
        folder = weights_folder(context)
        weights = {entry.id: entry for entry in known(folder)}
        layout.prop(settings, "weights", text="", icon="NETWORK_DRIVE")
        chosen = weights.get(settings.weights)
        if chosen is None or chosen.path is None:
            draw_text(layout, context, f"The weights {settings.weights} are not here.", "ERROR")
        elif chosen.summary:
            draw_text(layout, context, chosen.summary, "INFO")
        if weights_import.run:
            _draw_run(layout)
            return
        if problem := weights_import.problem:
            draw_text(layout, context, str(problem), "ERROR")
        layout.operator("edge_dance.import_weights", icon="IMPORT")
        if not (folder / "jukebox-5b").is_dir():
            layout.operator("edge_dance.get_jukebox", icon="URL")


def _draw_run(layout: Any) -> None:
    """How far it is."""
    run = weights_import.run
    now = run.progress if run else None
    text, factor = "Starting", 0.0
    if run and run.state == "cancelling":
        text = "Cancelling"
    elif now:
        factor = now.done / max(1, now.total)
        text = f"{now.done / 1e6:,.0f} of {now.total / 1e6:,.0f} MB" if now.total > 1e6 else f"{factor:.0%}"
        if now.eta and now.eta >= 1:
            text += f", {duration(now.eta)} left"
    row = layout.row(align=True)
    row.progress(factor=factor, text=text)
    row.operator("edge_dance.cancel_weights", text="", icon="X")
