"""Selecting without the context of a 3D view."""

from types import SimpleNamespace

import bpy
from blender_fixtures import addon


def test_an_object_is_selected_where_the_context_has_no_screen():
    """As in a timer, or with another window whose scene was changed just now: there is no list of selected objects."""
    first, second = (bpy.data.objects.new(name, None) for name in ("First", "Second"))
    for ob in (first, second):
        bpy.context.scene.collection.objects.link(ob)
    context = SimpleNamespace(view_layer=bpy.context.view_layer)
    selection = addon("selection")
    selection.select_only(context, first)
    selection.select_only(context, second)
    assert selection.selected_objects(context) == [second]
    assert bpy.context.view_layer.objects.active == second
