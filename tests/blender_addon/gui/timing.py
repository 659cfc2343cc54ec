"""How long Blender waits for us, in its real window: the first second of dance after the click, and the longest time
that the main thread was held by the operator, from the click to the take.

Runs inside Blender, started by window.py; test_timing_window.py reads the facts that it writes. Variables: those of
desk, DENSITY.
"""

import os
import sys
import time
from collections.abc import Iterator

import bpy
from desk import PACKAGE, area, facts, here, play, preferences, region, running, set_stage, until

service = sys.modules[f"{PACKAGE}.backend.service"].service
generate = sys.modules[f"{PACKAGE}.ops.generate"].EDGE_DANCE_OT_generate
PartialPreview = sys.modules[f"{PACKAGE}.takes.partial_preview"].PartialPreview
SECOND = 30  # frames

held: list[tuple[float, float]] = []  # seconds by the clock and of this thread's own work, a call each
shown: list[tuple[float, int]] = []  # when, and how many frames were on the timeline
modal, show = generate.modal, PartialPreview.show


def timed(self, context, event):
    began = time.perf_counter(), time.thread_time()
    try:
        return modal(self, context, event)
    finally:
        held.append((time.perf_counter() - began[0], time.thread_time() - began[1]))


def seen(self, armature, beginning, scene):
    show(self, armature, beginning, scene)
    shown.append((time.perf_counter(), beginning.frames))


def act() -> Iterator[float]:
    """Each yield is a wait in seconds, in which Blender goes on."""
    generate.modal, PartialPreview.show = timed, seen
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
        wall, work = zip(*held, strict=True)
        facts[name] = {
            "first_second_s": next((at - began for at, frames in shown if frames >= SECOND), None),
            "longest_s": max(wall),
            "longest_work_s": max(work),
            "over_50_ms": sum(seconds > 0.05 for seconds in work),
            "calls": len(held),
            "whole_s": time.perf_counter() - began,
            "problem": str(service.problem),
        }
        settings.seed += 1
        yield 1.0


play(act())
