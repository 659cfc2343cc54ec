"""Converts the Jukebox options to JukeboxSettings, and asks before long computations."""

import argparse
import sys
from functools import partial

from ...audio.jukebox.settings import JukeboxSettings, default_cache
from ...errors import EdgeError

_LONG_S = 600.0


def settings(options: argparse.Namespace) -> JukeboxSettings:
    """The settings of the options; ModelCache sets folder and device."""
    return JukeboxSettings(
        provider=options.provider,
        originals=options.originals,
        plan=options.plan,
        precision=options.precision,
        cache=None if options.no_cache else default_cache(),
        announce=partial(_announce, options),
    )


def words(seconds: float) -> str:
    """Format a duration: 40 s, 12 min, 2 h 10 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def _announce(options: argparse.Namespace, slices: int, seconds: float) -> None:
    """Print the expected duration; if it is long and stdin is a terminal, ask whether to continue.

    Raises EdgeError cancelled.
    """
    if options.json or not seconds:
        return
    print(f"Jukebox has {slices} slices of 5 s to analyse: about {words(seconds)}.", file=sys.stderr)
    asked = seconds > _LONG_S and not options.yes and sys.stdin.isatty()
    if asked and input("Finished slices are stored, even if you stop. Continue? [Y/n] ").strip().lower() in ("n", "no"):
        raise EdgeError("cancelled", "Nothing was extracted.")
