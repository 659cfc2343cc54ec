"""Obstacles that hide a dance or change how it looks, each with the button that removes it."""

from collections.abc import Iterable
from typing import Any

import bpy

from ..rig.obstacles import MENDS, Obstacle
from ..rig.rig_check import check_rig
from ..rig.target import active_armature
from .text_layout import draw_text

_REFUSED = {"rig_unfit": ("constraints", "drivers"), "armature_tweaked": ("tweak",)}
"""Error code -> the kinds of obstacles that cause it and are named in its sentence already."""


def draw_obstacles(layout: Any, context: bpy.types.Context, refused: str = "") -> None:
    """Draw the obstacles of the active armature. refused: the code of the error that prevents a dance, "" for none."""
    armature = active_armature(context)
    if armature is None:
        return
    obstacles = check_rig(armature, context).obstacles
    if refused in _REFUSED:
        draw_buttons(layout, armature, [obstacle.kind for obstacle in obstacles if obstacle.kind in _REFUSED[refused]])
    elif refused not in ("dancer_none", "dancer_linked"):
        draw_sentences(layout, context, armature, obstacles)


def draw_sentences(
    layout: Any, context: bpy.types.Context, armature: bpy.types.Object, obstacles: Iterable[Obstacle]
) -> None:
    """Draw one sentence for each obstacle, and one button for each kind."""
    texts: dict[str, list[str]] = {}
    for obstacle in obstacles:
        texts.setdefault(obstacle.kind, []).append(obstacle.text)
    for kind, sentences in texts.items():
        for text in sentences[:3]:
            draw_text(layout, context, text, "ERROR")
        draw_buttons(layout, armature, [kind])


def draw_buttons(layout: Any, armature: bpy.types.Object, kinds: Iterable[str]) -> None:
    """Draw the buttons that remove obstacles of these kinds."""
    for kind in dict.fromkeys(kinds):
        button = layout.operator("edge_dance.mend", text=MENDS[kind].label, icon="CHECKMARK")
        button.kind, button.armature = kind, armature.name
