"""Dances that wait to be applied."""

from typing import Any

import bpy

from ..setup.status import watch
from .text_layout import draw_text

_SHOWN = 3


def draw_kept(layout: Any, context: bpy.types.Context) -> None:
    """A row for each of the newest ones; nothing where none is kept."""
    kept = watch.read().kept
    if not kept:
        return
    box = layout.box()
    draw_text(box, context, "A dance was made but not applied:", "FILE_TICK")
    for one in kept[:_SHOWN]:
        row = box.row(align=True)
        label = str(one.recipe.get("label") or one.name)
        row.operator("edge_dance.apply_kept", text=f"Apply {label}", icon="IMPORT").name = one.name
        row.operator("edge_dance.delete_kept", text="", icon="X").name = one.name
