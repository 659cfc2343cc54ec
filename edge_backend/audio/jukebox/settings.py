"""Settings of Jukebox: its folder, device, memory plan and cache. Standard library only."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ...schema.requests import Plan, Precision, Provider

Announce = Callable[[int, float], None]
"""Callback with (slices, seconds) before that many slices are extracted, with the estimated time. It may raise."""

CACHE_BYTES = 4 << 30  # about twenty songs of three minutes


def default_cache() -> Path:
    """The folder for features in this system's folder of caches, or in EDGE_DANCE_CACHE of the environment."""
    chosen = os.environ.get("EDGE_DANCE_CACHE")
    if chosen:
        return Path(chosen) / "jukebox"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "edge-dance" / "jukebox"


@dataclass(frozen=True)
class JukeboxSettings:
    """folder: of `jukebox convert`, None = there is none. device: a name of runtime.devices.DEVICES.

    provider: native, or jukemirlib where it is installed. originals: the folder with OpenAI's own files for jukemirlib,
    None = its default.
    plan: memory plan, see plans. precision: of matrix products, None = the usual one on the device (speed).
    cache: the folder for features, None = no cache. cache_bytes: its largest size. announce: None = no callback.
    """

    folder: Path | None = None
    device: str = "cpu"
    provider: Provider = "native"
    originals: Path | None = None
    plan: Plan = "auto"
    precision: Precision | None = None
    cache: Path | None = field(default_factory=default_cache)
    cache_bytes: int = CACHE_BYTES
    announce: Announce | None = None
