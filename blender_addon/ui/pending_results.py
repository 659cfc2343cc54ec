"""Dances that were generated but not applied."""

from typing import Any

import bpy

from ..setup.status import watch
from .text_layout import draw_text

_SHOWN = 3


def draw_pending_results(layout: Any, context: bpy.types.Context) -> None:
    """Draw a row for each of the newest pending results."""
    pending = watch.read().pending
    if not pending:
        return
    box = layout.box()
    draw_text(box, context, "A dance was made but not applied:", "FILE_TICK")
    for result in pending[:_SHOWN]:
        row = box.row(align=True)
        label = str(result.recipe.get("label") or result.name)
        row.operator("edge_dance.apply_pending", text=f"Apply {label}", icon="IMPORT").name = result.name
        row.operator("edge_dance.delete_pending", text="", icon="X").name = result.name
