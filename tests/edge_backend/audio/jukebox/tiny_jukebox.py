"""Path and sizes of the recorded Jukebox (tests/data/jukebox/README.md)."""

from pathlib import Path

DATA = Path(__file__).parents[3] / "data" / "jukebox"
LAYERS, HEADS = 6, 2  # of the tiny prior; its files do not tell the heads
