"""Undoes deletions of collections while a preview is shown; a process of its own, since Blender may crash.

Freed memory is filled with text after each deletion, so that what still points there is sure to be noticed.
"""

import importlib
import os
import sys
from typing import Any

import bpy

PACKAGE = "bl_ext.user_default.edge_dance"
NAMES = ["Cast", *(f"Cast {number}" for number in range(6))]
TEXTS = [f"text {number}" for number in range(300)]

bpy.ops.wm.read_homefile(use_factory_startup=True)
bpy.ops.preferences.addon_enable(module=PACKAGE)
context: Any = bpy.context
manager = context.window_manager
mark = importlib.import_module(f"{PACKAGE}.takes.partial_preview").MARK
for _ in range(20):
    cast = bpy.data.collections.new(NAMES[0])
    context.scene.collection.children.link(cast)
    for name in NAMES[1:]:
        cast.children.link(bpy.data.collections.new(name))
    context.view_layer.update()
    bpy.ops.ed.undo_push(message="Link")
    for name in NAMES:
        bpy.data.collections.remove(bpy.data.collections[name])
    bpy.ops.ed.undo_push(message="Delete")
    for number, text in enumerate(TEXTS):
        manager[text] = "a" * (200 + number % 50 * 8)
    bpy.data.actions.new("Preview")[mark] = True  # removed before undo
    bpy.ops.ed.undo()
    assert not bpy.data.actions and NAMES[0] in bpy.data.collections
    for text in TEXTS:
        manager.pop(text, None)
    for name in NAMES:
        bpy.data.collections.remove(bpy.data.collections[name])
sys.stdout.flush()
os._exit(0)
