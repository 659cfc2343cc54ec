"""The phrase libraries of a scene, cached, and pictures of their phrases."""

import contextlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import bpy
import bpy.utils.previews
import numpy as np

from ..edge_backend.choreography.library import INDEX, STARTER, Library, load_clip, open_libraries
from ..edge_backend.choreography.phrases import Phrase, headings
from ..edge_backend.drawing.phrase_picture import phrase_picture
from ..edge_backend.errors import EdgeError

PICTURE = 128  # pixels
_pictures: list[Any] = []  # the one collection of previews, from the first picture on
_phrases: dict[str, Phrase] = {}
_asked: set[str] = set()  # what `title` was asked for and did not know, since the last `read_titles`
_tried: set[tuple[str, ...]] = set()  # the libraries that were read for titles


def own_folder(scene: bpy.types.Scene) -> str:
    """The folder of My Phrases; "" where none is chosen, or where it is relative to a file that is not saved."""
    path = Path(bpy.path.abspath(scene.edge_dance.phrase_folder.strip()))  # type: ignore[attr-defined]
    return str(path) if path.is_absolute() else ""


def folders_of(scene: bpy.types.Scene) -> tuple[str, ...]:
    """The scene's libraries: the bundled one, and the folder of My Phrases if there is a library in it."""
    path = own_folder(scene)
    return (STARTER, path) if path and (Path(path) / INDEX).is_file() else (STARTER,)


def library_of(scene: bpy.types.Scene) -> Library:
    """The phrases of the scene's libraries. Raises EdgeError as choreography.library.open_libraries."""
    folders = folders_of(scene)
    library = _opened(folders, tuple((Path(name) / INDEX).stat().st_mtime for name in folders if name != STARTER))
    _phrases.update((phrase.id, phrase) for phrase in library.phrases)
    return library


def read_titles(scene: bpy.types.Scene) -> bool:
    """Read the scene's libraries if `title` was asked for what it does not know; each once. Returns whether it did.

    Of libraries that cannot be read, it reads nothing. Panels do not call it: it reads files.
    """
    if not _asked:
        return False
    _asked.clear()
    with contextlib.suppress(EdgeError, OSError):
        folders = folders_of(scene)
        if folders not in _tried:
            _tried.add(folders)
            library_of(scene)
            return True
    return False


def title(phrase: str) -> str:
    """The title of a phrase: style, tempo and level, or its id until `read_titles` has read its library.

    Fast enough for panels.
    """
    if phrase not in _phrases:
        _asked.add(phrase)
        return phrase
    found = _phrases[phrase]
    return f"{found.style.capitalize()} {found.tempo:.0f}, {found.level}"


def picture(library: Library, number: int) -> int:
    """The icon number of a phrase's picture, drawn at the first call. Raises EdgeError phrases_unreadable."""
    if not _pictures:
        _pictures.append(bpy.utils.previews.new())
    pictures, phrase = _pictures[0], library.phrases[number]
    if phrase.id not in pictures:
        preview = pictures.new(phrase.id)
        preview.image_size = (PICTURE, PICTURE)
        preview.image_pixels_float[:] = picture_pixels(library, number)
    return int(pictures[phrase.id].icon_id)


def picture_pixels(library: Library, number: int) -> Sequence[float]:
    """The picture of a phrase in Blender's order: RGBA, 0 to 1, from the lowest row up."""
    phrase = library.phrases[number]
    clip = _clip(library.folders[number], phrase.clip)
    start, end = phrase.counts[0], phrase.counts[-1]
    image = phrase_picture(clip, start, end, float(headings(clip)[round(start)]), PICTURE)
    pixels = np.ones((PICTURE, PICTURE, 4), np.float32)
    pixels[..., :3] = image[::-1] / np.float32(255)
    flat: Sequence[float] = pixels.ravel().tolist()
    return flat


def unregister() -> None:
    """Free the pictures."""
    while _pictures:
        bpy.utils.previews.remove(_pictures.pop())


@lru_cache(maxsize=2)
def _opened(folders: tuple[str, ...], _written: tuple[float, ...]) -> Library:
    return open_libraries(folders)


_clip = lru_cache(maxsize=16)(load_clip)
