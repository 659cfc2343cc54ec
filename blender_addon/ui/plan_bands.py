"""The plan of the shown take in the dope sheet, the timeline and the sequencer, below the song map's band."""

from typing import Any

import bpy

from ..keyframes.take_details import span
from ..lookups import scene_rate
from ..ops.plan_slots import planned_take
from ..song_map.colours import colour_numbers
from ..takes.phrase_shelf import title
from ..takes.plan_rows import PlanRow, plan_rows
from .section_bands import BAND, SCRUB, Band, rectangle, text

NEW, RETURNING, CHANGED = 0.85, 0.45, (1.0, 0.6, 0.1, 0.9)  # opacities, and the colour below bars that wait
STRENGTH = (0.0, 0.0, 0.0, 0.4)


def words(row: PlanRow) -> tuple[str, ...]:
    """What a slot of the strip says: its section, what is danced, and < > where left and right are exchanged.

    The longest first; where it does not fit, the next one is drawn.
    """
    turned = " <>" if row.mirrored else ""
    danced = title(row.phrase) if row.phrase else row.text
    return f"{row.label}  {danced}{turned}", f"{danced}{turned}", row.label + turned


def _draw() -> None:
    context = bpy.context
    region: Any = context.region
    scene: Any = context.scene
    action = planned_take(context) if region and scene and scene.edge_dance.show_song_map else None
    if action is None:
        return
    rows, first, rate = plan_rows(action), span(action)[0], scene_rate(scene)
    colours = colour_numbers(row.label for row in rows)
    scale = context.preferences.system.ui_scale
    top = region.height - (SCRUB + BAND + 2) * scale
    bottom = top - BAND * scale
    theme: Any = context.preferences.themes[0]
    for row in rows:
        left, right = (
            float(region.view2d.view_to_region(first + second * rate, 0, clip=False)[0])
            for second in (row.start, row.end)
        )
        if right < 0 or left > region.width:
            continue
        opacity = NEW if row.text == "New" or row.phrase else RETURNING
        rectangle((left + 1, bottom, right - 1, top), (*theme.strip_color[colours[row.label]].color, opacity))
        if row.originality:
            rectangle((left + 1, bottom, right - 1, bottom + row.originality * BAND * scale), STRENGTH)
        if row.changed:
            rectangle((left + 1, bottom, right - 1, bottom + 3 * scale), CHANGED)
        begin, end = max(left, 0) + 4 * scale, right - 3 * scale
        any(text(said, begin, bottom + 4 * scale, end, scale) for said in words(row))  # the first that fits


plan_band = Band(_draw)
"""The band of this Blender process."""
