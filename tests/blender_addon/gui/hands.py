"""Hands and legs of a dance in Blender's real window: the Hands panel, the Legs row of the Keys panel.

Runs inside Blender, started by window.py; test_hands_window.py reads the facts that it writes. Environment variables:
those of desk, and SHORT: only open and draw everything.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import bpy
from desk import PACKAGE, click, facts, here, open_tab, play, shot, to_sidebar, window, xdotool

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "rig")]
from characters import put_rigify  # noqa: E402
from dances import dance  # noqa: E402

# Pixels from the sidebar's top, with all panels as they open first, and then one after the other opened.
SETTINGS_BELOW_TOP, HANDS_BELOW_TOP, KEYS_BELOW_TOP = 545, 815, 789
STYLE_BELOW_TOP, LIFE_BELOW_TOP = HANDS_BELOW_TOP + 31, HANDS_BELOW_TOP + 80
LEGS_BELOW_TOP, IK_ACROSS = KEYS_BELOW_TOP + 57, 0.72


SHORT = bool(os.environ.get("SHORT"))


def put_rig() -> bpy.types.Object:
    """A rig that Rigify has generated, with legs on FK and IK, and with fingers unless SHORT."""
    with here():
        bpy.ops.object.select_all(action="SELECT")
        bpy.ops.object.delete()
        rig = put_rigify(human=not SHORT)
        bpy.context.scene.render.fps = 30
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_selected()
        bpy.ops.ed.undo_push(message="Stage set")
    return rig


def roll_over(below_top: float, times: int) -> Iterator[float]:
    """Turn the mouse's wheel down over a field with Ctrl held, which takes its next value."""
    x, y = to_sidebar(below_top, 0.6)
    xdotool("mousemove", round(x), round(window().height - y))
    yield 0.4
    for _ in range(times):
        xdotool("keydown", "ctrl", "click", 5, "keyup", "ctrl")
        yield 0.4


def act() -> Iterator[float]:
    """The scenario: each yield is a wait in seconds, in which Blender runs on."""
    rig = put_rig()
    yield from open_tab()
    yield 1.0
    for below_top in (SETTINGS_BELOW_TOP, HANDS_BELOW_TOP):
        yield from click(*to_sidebar(below_top))
        yield 1.2
    settings = bpy.context.scene.edge_dance
    shot("hands")
    if not SHORT:
        yield from roll_over(STYLE_BELOW_TOP, 3)
        yield from roll_over(LIFE_BELOW_TOP, 2)
        facts["hands"] = {"style": settings.hands, "life": settings.hand_life}
        shot("hands_fist")
    yield from click(*to_sidebar(KEYS_BELOW_TOP))
    yield 2.5  # panels slide to their places
    shot("keys")
    if SHORT:
        return
    yield from click(*to_sidebar(LEGS_BELOW_TOP, IK_ACROSS))
    facts["legs"] = settings.legs
    action = sys.modules[f"{PACKAGE}.takes.new_take"].add_take(rig, dance(frames=60), bpy.context.scene, 1, False)
    bone_of = sys.modules[f"{PACKAGE}.rig.paths"].bone_of
    curves = sys.modules[f"{PACKAGE}.compat"].fcurves_of(action)
    facts["keyed"] = sorted({bone_of(curve.data_path) for curve in curves if len(curve.keyframe_points) > 1})
    bpy.context.scene.frame_set(40)
    yield 1.0
    shot("danced")


play(act())
