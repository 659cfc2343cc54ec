"""Response times in Blender's real window: the first second of dance after the click, and the longest block of the main
thread by the operator, from the click to the take.

Runs inside Blender, started by window.py; test_timing_window.py reads the facts that it writes. Environment variables:
those of desk, and DENSITY.
"""

import os
import sys
import time
from collections.abc import Iterator

import bpy
from desk import (
    PACKAGE,
    area,
    facts,
    here,
    over_the_view,
    play,
    preferences,
    region,
    running,
    set_stage,
    until,
    xdotool,
)

service = sys.modules[f"{PACKAGE}.backend.service"].service
generate = sys.modules[f"{PACKAGE}.ops.generate"].EDGE_DANCE_OT_generate
set_up_render = sys.modules[f"{PACKAGE}.ops.render"].EDGE_DANCE_OT_set_up_render
dance_together = sys.modules[f"{PACKAGE}.ops.group"].EDGE_DANCE_OT_dance_together
PartialPreview = sys.modules[f"{PACKAGE}.takes.partial_preview"].PartialPreview
SECOND = 30  # frames

held: list[tuple[float, float]] = []  # seconds by the clock and of this thread's own work, a call each
shown: list[tuple[float, int]] = []  # when, and how many frames were on the timeline
show = PartialPreview.show_in_steps


def timed(modal):
    """That method of an operator, noting how long it holds Blender."""

    def timing(self, context, event):
        began = time.perf_counter(), time.thread_time()
        try:
            return modal(self, context, event)
        finally:
            held.append((time.perf_counter() - began[0], time.thread_time() - began[1]))

    return timing


def how_held():
    """The longest call and how many there were, with the clock and with this thread's own work."""
    wall, work = zip(*held, strict=True)
    return {
        "longest_s": max(wall),
        "longest_work_s": max(work),
        "over_50_ms": sum(seconds > 0.05 for seconds in work),
        "calls": len(held),
        "problem": str(service.problem),
    }


def seen(self, armature, beginning, scene):
    yield from show(self, armature, beginning, scene)
    shown.append((time.perf_counter(), beginning.frames))


def act() -> Iterator[float]:
    """The scenario: each yield is a wait in seconds, in which Blender runs on."""
    generate.modal, PartialPreview.show_in_steps = timed(generate.modal), seen
    set_up_render.modal, dance_together.modal = timed(set_up_render.modal), timed(dance_together.modal)
    preferences.threads = 2
    area().spaces.active.show_region_ui = True
    yield 0.5
    region("UI").active_panel_category = "Dance"
    area().tag_redraw()
    yield 0.5
    facts["before_a_character"] = service.running
    set_stage()
    settings = bpy.context.scene.edge_dance
    settings.quality, settings.density = "normal", os.environ["DENSITY"]
    area().tag_redraw()
    yield from until(lambda: service.running)
    facts["started_ahead"] = True
    yield from until(lambda: "loaded" in service._worker.log() or service._worker._incoming.qsize() >= 3)
    for name in ("first", "second"):
        del held[:], shown[:]
        began = time.perf_counter()
        with here():
            bpy.ops.edge_dance.generate("INVOKE_DEFAULT")
        yield from until(lambda: not running(), 300)
        facts[name] = {
            "first_second_s": next((at - began for at, frames in shown if frames >= SECOND), None),
            "whole_s": time.perf_counter() - began,
            **how_held(),
        }
        settings.seed += 1
        yield 1.0
    yield from film(cancelled=True)
    yield from film(cancelled=False)
    yield from film_adjusted()
    yield from together()


def film_adjusted() -> Iterator[float]:
    """Another angle, by Adjust Last Operation (F9): it undoes the stage, and calls the operator again."""
    operator, camera = bpy.context.window_manager.operators[-1], bpy.context.scene.camera
    angle, cameras = camera.rotation_euler.z, len(bpy.data.cameras)
    operator.properties.turn = 1.0
    began = time.thread_time()
    with here():
        bpy.ops.ed.undo_redo()
    facts["film_adjusted"] = {
        "work_s": time.thread_time() - began,
        "turned": bpy.context.scene.camera.rotation_euler.z - angle,
        "more_cameras": len(bpy.data.cameras) - cameras,
    }
    yield 0.5


def together() -> Iterator[float]:
    """Three dancers to the dance, through the dialog."""
    leader = next(ob for ob in bpy.data.objects if ob.type == "ARMATURE")
    with here():
        for _ in range(2):
            bpy.ops.edge_dance.add_dancer()
        for ob in bpy.context.scene.objects:
            ob.select_set(ob.type == "ARMATURE")
        bpy.context.view_layer.objects.active = leader
    yield from over_the_view()
    del held[:]
    with here():
        bpy.ops.edge_dance.dance_together("INVOKE_DEFAULT")
    yield 1.0
    xdotool("key", "Return")
    yield from until(running, step=0.05)
    yield from until(lambda: not running(), 300)
    dancers = [ob for ob in bpy.data.objects if ob.type == "ARMATURE"]
    facts["together"] = {
        "dancing": sum(bool(ob.animation_data and ob.animation_data.action) for ob in dancers),
        "places": sorted(round(ob.location.x - leader.location.x, 2) for ob in dancers),
        **how_held(),
    }


def film(cancelled: bool) -> Iterator[float]:
    """Set Up Render of the whole dance, through its dialog; given up by Escape in the middle."""
    del held[:]
    yield from over_the_view()
    began = time.perf_counter()
    with here():
        bpy.ops.edge_dance.set_up_render("INVOKE_DEFAULT")
    yield 1.0
    xdotool("key", "Return")
    yield from until(lambda: running() and service.work and service.work.fraction > 0.1, step=0.05)
    if cancelled:
        xdotool("key", "Escape")
    yield from until(lambda: not running(), 300)
    name = "film_cancelled" if cancelled else "film"
    facts[name] = {
        "whole_s": time.perf_counter() - began,
        "cameras": len(bpy.data.cameras),
        "frame": bpy.context.scene.frame_current,
        **how_held(),
    }
    yield 0.5


play(act())
