"""Where the folder lies that `jukebox convert` makes. Standard library only: Blender asks, too."""

from pathlib import Path

from ...model.catalogue import BUNDLED_FOLDER

NAME = "jukebox-5b"
MANIFEST = "manifest.json"
"""Written last: with it the folder is whole."""


def locate(weights_folder: Path | None = None) -> Path | None:
    """In the user's weights folder, else in that of the program; None where it is in neither."""
    places = [place / NAME for place in (weights_folder, BUNDLED_FOLDER) if place]
    return next((place for place in places if (place / MANIFEST).is_file()), None)
