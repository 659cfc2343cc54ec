"""The song map in the dope sheet, the timeline and the sequencer: a band of coloured sections, with their bars."""

from collections.abc import Callable
from typing import Any

import bpy

from ..song_map.colours import colour_numbers
from ..song_map.strip_map import PlacedMap, placed_map

Colour = tuple[float, float, float, float]

SCRUB, BAND = 23, 16  # heights of Blender's row of frame numbers and of the band, points
NARROWEST = 5  # points between bars, below which they are not drawn
OPACITY, LINE = 0.75, (0.0, 0.0, 0.0, 0.55)
TEXT = (1.0, 1.0, 1.0, 0.95)
_SPACES = ("SpaceDopeSheetEditor", "SpaceSequenceEditor")


class Band:
    """A band across the timelines. draw: called at each redraw of one of them."""

    def __init__(self, draw: Callable[[], None]) -> None:
        self._draw = draw
        self._handles: list[tuple[Any, Any]] = []

    def show(self) -> None:
        """Add the draw handlers."""
        for name in _SPACES:
            space: Any = getattr(bpy.types, name)
            self._handles.append((space, space.draw_handler_add(self._draw, (), "WINDOW", "POST_PIXEL")))

    def hide(self) -> None:
        """Remove the draw handlers."""
        while self._handles:
            space, handle = self._handles.pop()
            space.draw_handler_remove(handle, "WINDOW")


def bands(placed: PlacedMap) -> list[tuple[float, float, str, int]]:
    """(first frame, end, label, number of the colour) of each section."""
    sections = placed.song_map.sections
    colours = colour_numbers(section.label for section in sections)
    return [
        (placed.frame(section.start), placed.frame(section.end), section.label, colours[section.label])
        for section in sections
    ]


def _draw() -> None:
    context = bpy.context
    region: Any = context.region
    scene: Any = context.scene
    if region is None or scene is None or not scene.edge_dance.show_song_map:
        return
    placed = placed_map(context)
    if placed is None:
        return
    scale = context.preferences.system.ui_scale
    top = region.height - SCRUB * scale
    bottom = top - BAND * scale
    theme: Any = context.preferences.themes[0]

    def place(frame: float) -> float:
        return float(region.view2d.view_to_region(frame, 0, clip=False)[0])

    for start, end, label, number in bands(placed):
        left, right = place(start), place(end)
        if right < 0 or left > region.width:
            continue
        rectangle((left + 1, bottom, right - 1, top), (*theme.strip_color[number].color, OPACITY))
        text(label, max(left, 0) + 5 * scale, bottom + 4 * scale, right - 4 * scale, scale)
    bars = [place(placed.frame(bar.start)) for bar in placed.song_map.bars]
    if len(bars) > 1 and (bars[-1] - bars[0]) / (len(bars) - 1) >= NARROWEST * scale:
        for x in bars:
            if 0 <= x <= region.width:
                rectangle((x - 0.5, bottom, x + 0.5, bottom + BAND * scale / 3), LINE)


def rectangle(box: tuple[float, float, float, float], colour: Colour) -> None:
    """Draw a rectangle (left, bottom, right, top), pixels of the region."""
    import gpu  # noqa: PLC0415 (there is no GPU in background mode)
    from gpu_extras.batch import batch_for_shader  # noqa: PLC0415

    left, bottom, right, top = box
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    corners = ((left, bottom), (right, bottom), (right, top), (left, top))
    gpu.state.blend_set("ALPHA")
    shader.uniform_float("color", colour)
    batch_for_shader(shader, "TRI_FAN", {"pos": corners}).draw(shader)
    gpu.state.blend_set("NONE")


def text(words: str, x: float, y: float, right: float, scale: float) -> bool:
    """Draw the words, left out where they would not fit. Returns whether they do."""
    import blf  # noqa: PLC0415

    blf.size(0, 11 * scale)
    if x + blf.dimensions(0, words)[0] > right:
        return False
    blf.color(0, *TEXT)
    blf.position(0, x, y, 0)
    blf.draw(0, words)
    return True


section_band = Band(_draw)
"""The band of this Blender process."""
