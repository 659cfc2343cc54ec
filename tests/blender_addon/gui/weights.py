"""Getting weights in Blender's real window with real mouse and keys: a checkpoint, and Jukebox with its licence.

Runs inside Blender, started by window.py; test_weights_window.py reads the facts that it writes. Environment variables:
those of desk, and CHECKPOINT. The backend's Python downloads a small stand-in for Jukebox.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import bpy
from desk import (
    PACKAGE,
    click,
    facts,
    here,
    open_tab,
    over_the_view,
    play,
    set_stage,
    shot,
    to_sidebar,
    until,
    window,
    xdotool,
)

FOLDED = (169, 247, 310, 388)  # pixels from the sidebar's top to Style, Settings below it, in these Quality, Weights
TICK = (26, 544)  # pixels from the window's left and top to that of the dialog, when it was asked for over the view

programs = sys.modules[f"{PACKAGE}.ops.weights"].weights_import
weights = Path(os.environ["WEIGHTS"])


def bring(checkpoint: str, name: str) -> Iterator[float]:
    with here():
        bpy.ops.edge_dance.import_weights("EXEC_DEFAULT", filepath=checkpoint)
    yield from until(lambda: not programs.run)
    yield 0.5
    facts[name] = bpy.context.scene.edge_dance.weights, str(programs.problem)


def ask_for_jukebox(accept: bool) -> Iterator[float]:
    """Open the dialog and confirm it."""
    yield from over_the_view()
    with here():
        bpy.ops.edge_dance.get_jukebox("INVOKE_DEFAULT")
    yield 1.0
    if accept:
        yield from click(TICK[0], window().height - TICK[1])
        yield 0.5
        shot("licence")
    xdotool("key", "Return")
    yield 1.0


def share() -> tuple[str, float]:
    """The running import, and the fraction that is done."""
    now = programs.run.progress if programs.run else None
    return (now.stage, now.done / now.total) if now else ("", 0.0)


def act() -> Iterator[float]:
    """The scenario: each yield is a wait in seconds, in which Blender runs on."""
    bpy.context.preferences.system.use_online_access = True
    yield from open_tab()
    set_stage()
    yield from over_the_view()
    yield 1.0
    for place in FOLDED:
        yield from click(*to_sidebar(place))
        yield 0.5
    yield from bring(os.environ["SONG"], "refused")
    shot("weights_refused")
    yield from bring(os.environ["CHECKPOINT"], "imported")
    shot("weights_imported")

    yield from ask_for_jukebox(accept=False)
    facts["not_accepted"] = programs.run is None, sorted(path.name for path in weights.iterdir())

    yield from ask_for_jukebox(accept=True)
    part = weights / "openai/prior_level_2.pth.tar.part"
    yield from until(lambda: part.exists() and part.stat().st_size > 1_500_000)
    facts["downloading"] = share()
    shot("weights_download")
    programs.run.cancel()
    yield from until(lambda: not programs.run, seconds=2)
    yield 0.5
    facts["cancelled"] = part.stat().st_size, str(programs.problem)
    shot("weights_cancelled")

    yield from ask_for_jukebox(accept=True)
    seen = []
    while programs.run:
        seen.append(share())
        yield 0.1
    facts["seen"] = seen
    yield 0.5
    shot("weights_jukebox")


play(act())
