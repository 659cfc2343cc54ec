"""Sentences and durations in panels."""

from typing import Any

import blf
import bpy

from ..ops.reasons import Reasoned

_FONT_SIZE = 11.0  # points of the default theme
_MARGIN = 100.0  # pixels of the sidebar without text: icon, tabs, borders
_PAIR = 270.0  # pixels of the sidebar from which on the longest two buttons beside each other have their whole texts


def duration(seconds: float) -> str:
    """Seconds as text: `1 min 20 s`."""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def draw_text(layout: Any, context: bpy.types.Context, text: str, icon: str) -> None:
    """Draw a sentence, wrapped to the width of the region."""
    scale = context.preferences.system.ui_scale
    column = layout.column(align=True)
    column.scale_y = 0.85
    for number, line in enumerate(_wrapped(text, context.region.width - _MARGIN * scale, scale)):
        column.label(text=line, icon="BLANK1" if number else icon)


def beside(layout: Any, context: bpy.types.Context) -> Any:
    """A layout for two buttons: beside each other, or one below the other where the region is too narrow for both."""
    wide = context.region.width >= _PAIR * context.preferences.system.ui_scale
    return layout.row(align=True) if wide else layout.column(align=True)


def draw_reasons(layout: Any, context: bpy.types.Context, *operators: type[Reasoned]) -> None:
    """Draw the reasons why the buttons of these operators are disabled, each reason once."""
    for reason in dict.fromkeys(operator.why_not(context) for operator in operators):
        if reason:
            draw_text(layout, context, reason, "INFO")


def _wrapped(text: str, width: float, scale: float) -> list[str]:
    """Lines of words of at most `width` pixels; a longer word has a line of its own."""
    blf.size(0, _FONT_SIZE * scale)
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and blf.dimensions(0, longer)[0] > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
