"""The Song Map panel: beats, metre and sections."""

from typing import Any

import bpy

from .. import compat
from ..edge_backend.errors import EdgeError
from ..music import find_strip, song_of
from ..ops.song_map import EDGE_DANCE_OT_listen, EDGE_DANCE_OT_split_section, doubt
from ..settings import beats_request
from ..song_map.colours import colour_numbers
from ..song_map.strip_map import outdated, placed_map, stored
from .dance_tab import DanceTab
from .text_layout import beside, draw_reasons, draw_text


class EDGE_DANCE_UL_sections(bpy.types.UIList):
    """Sections with their colour, their name and where they begin"""

    def draw_item(  # noqa: PLR0917 (as Blender calls it)
        self, context: bpy.types.Context, layout: Any, data: Any, item: Any, icon: int, active_data: Any,
        active_property: str, index: int = 0, flt_flag: int = 0,
    ) -> None:  # fmt: skip
        colours = colour_numbers(section.label for section in data.sections)
        row = layout.row(align=True)
        row.prop(item, "label", text="", emboss=False, icon=compat.colour_icon(colours[item.label]))
        minutes, seconds = divmod(max(item.start, 0.0), 60)
        row.label(text=f"{int(minutes)}:{seconds:04.1f}")


class VIEW3D_PT_edge_dance_song_map(DanceTab):
    """Beats, bars and sections of the song"""

    bl_label = "Song Map"
    bl_parent_id = "VIEW3D_PT_edge_dance"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        row = layout.row(align=True)
        row.operator("edge_dance.listen", icon="OUTLINER_OB_SPEAKER")
        placed = placed_map(context)
        if placed:
            row.operator("edge_dance.clear_song_map", text="", icon="X")
        draw_reasons(layout, context, EDGE_DANCE_OT_listen)
        if placed is None:
            return
        scene: Any = context.scene
        strip, _ = find_strip(context, scene.edge_dance.music)
        found, item = placed.song_map, stored(strip)
        layout.label(text=f"{found.tempo:.1f} bpm, {found.metre} in a bar, {len(found.bars)} bars")
        for words in (doubt(found), _outdated(context)):
            if words:
                draw_text(layout, context, words, "ERROR")
        layout.template_list("EDGE_DANCE_UL_sections", "", item, "sections", item, "active", rows=4)
        column = layout.column(align=True)
        row = beside(column, context)
        row.operator("edge_dance.split_section", text="Split", icon="MOD_EDGESPLIT")
        row.operator("edge_dance.merge_section", icon="TRIA_DOWN_BAR")
        column.operator("edge_dance.move_section", icon="TRACKING_FORWARDS_SINGLE")
        draw_reasons(layout, context, EDGE_DANCE_OT_split_section)
        row = beside(layout, context)
        row.operator("edge_dance.tap_tempo", icon="PLAY_SOUND")
        row.operator("edge_dance.begin_bar", text="Bar Begins Here", icon="TRACKING_FORWARDS_SINGLE")
        layout.operator("edge_dance.mark_sections", icon="MARKER_HLT")
        layout.prop(scene.edge_dance, "show_song_map")


def _outdated(context: bpy.types.Context) -> str:
    """Why the next dance does not use the map, as a sentence; "" if it does."""
    scene: Any = context.scene
    strip, owner = find_strip(context, scene.edge_dance.music)
    try:
        song = song_of(strip, owner, take_packed=False)
    except EdgeError:
        return ""
    why = outdated(strip, song, beats_request(scene.edge_dance))
    return f"{why} Listen again to use this map in the next dance." if why else ""
