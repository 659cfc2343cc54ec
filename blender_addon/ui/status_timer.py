"""The timer that looks up the state of folders, reads files and starts the backend for the panels, which only draw."""

import bpy

from ..backend.service import service
from ..preferences import ADDON, backend_home, launch, pending_results, preferences_of, weights_folder
from ..redraw import redraw_sidebars, redraw_timelines
from ..setup.installer import installer
from ..setup.status import Places, watch
from ..takes.phrase_shelf import read_titles

_TICK_S = 0.25


def register() -> None:
    """Start the timer."""
    bpy.app.timers.register(tick, first_interval=_TICK_S, persistent=True)


def unregister() -> None:
    """Stop the timer."""
    if bpy.app.timers.is_registered(tick):
        bpy.app.timers.unregister(tick)


def tick() -> float | None:
    """Look up the state if a panel was drawn since the last call or the backend is being checked; does not wait."""
    context = bpy.context
    if ADDON not in context.preferences.addons:  # the extension was disabled
        return None
    changed = watch.publish()
    asked, warm = watch.asked()
    status = watch.peek()
    places = Places(launch(context), backend_home(), weights_folder(context), pending_results().folder)
    if asked or (status.places and status.health.state == "checking"):
        watch.look(places)
    well = status.places == places and status.health.usable
    if warm and well and preferences_of(context).start_ahead and not installer.run:
        service.warm_up(places.launch)
    titled = context.scene is not None and read_titles(context.scene)
    if titled:
        redraw_timelines(context)
    if changed or titled:
        redraw_sidebars(context)
    return _TICK_S
