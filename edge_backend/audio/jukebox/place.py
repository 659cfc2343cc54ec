"""Where the folder of `jukebox convert` is. Standard library only: Blender imports it."""

from pathlib import Path

from ...model.catalogue import BUNDLED_FOLDER

NAME = "jukebox-5b"
MANIFEST = "manifest.json"
"""The manifest's name. It is written last: a folder that has it is complete."""


def locate(weights_folder: Path | None = None) -> Path | None:
    """The folder in the user's weights folder, else in the program's; None if it is in neither."""
    places = [place / NAME for place in (weights_folder, BUNDLED_FOLDER) if place]
    return next((place for place in places if (place / MANIFEST).is_file()), None)
