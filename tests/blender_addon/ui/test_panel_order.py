"""The Dance tab in the order of a first use: little at first sight, the rest when there is a dance."""

import bpy
from blender_fixtures import addon, put_dancer, random_motion
from drawing import panels

TAB = "VIEW3D_PT_edge_dance"


def headers():
    """Labels of the headers that are seen with all panels as they open first, in their order."""
    shown, open_ones = [], set()
    for panel in panels():
        parent = getattr(panel, "bl_parent_id", "")
        if (parent and parent not in open_ones) or (hasattr(panel, "poll") and not panel.poll(bpy.context)):
            continue
        shown.append(panel.bl_label)
        if "DEFAULT_CLOSED" not in getattr(panel, "bl_options", set()):
            open_ones.add(panel.__name__)
    return shown


def test_at_first_sight_there_are_few_headers():
    assert headers() == ["Dance", "Style", "Song Map", "Beats", "Settings"]
    put_dancer()
    assert headers() == ["Dance", "Style", "Song Map", "Beats", "Settings"]


def test_takes_and_what_is_done_with_dances_come_with_the_first_dance():
    dancer = put_dancer()
    addon("takes.new_take").add_take(dancer, random_motion(10), bpy.context.scene, 1.0)
    assert headers() == ["Dance", "Keep", "Takes", "Style", "Song Map", "Beats", "Group", "Film", "Settings"]


def test_two_characters_are_a_group_before_they_dance():
    first = put_dancer()
    put_dancer()
    first.select_set(True)
    assert "Group" in headers()
