"""What keeps a dance from being seen as it is, each with the button that mends it."""

from collections.abc import Iterable
from typing import Any

import bpy

from ..rig.obstacles import MENDS, Obstacle
from ..rig.rig_check import check_rig
from ..rig.target import active_armature
from .text_layout import draw_text

_REFUSED = {"rig_unfit": ("constraints", "drivers"), "armature_tweaked": ("tweak",)}
"""Of errors that are shown in full already, the kinds that mend them."""


def draw_obstacles(layout: Any, context: bpy.types.Context, refused: str = "") -> None:
    """Those of the active armature. refused: the code of the error that keeps it from dancing, "" if nothing does."""
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
    """One sentence each; one button for all of a kind."""
    texts: dict[str, list[str]] = {}
    for obstacle in obstacles:
        texts.setdefault(obstacle.kind, []).append(obstacle.text)
    for kind, sentences in texts.items():
        for text in sentences[:3]:
            draw_text(layout, context, text, "ERROR")
        draw_buttons(layout, armature, [kind])


def draw_buttons(layout: Any, armature: bpy.types.Object, kinds: Iterable[str]) -> None:
    """Those that mend these kinds."""
    for kind in dict.fromkeys(kinds):
        button = layout.operator("edge_dance.mend", text=MENDS[kind].label, icon="CHECKMARK")
        button.kind, button.armature = kind, armature.name
