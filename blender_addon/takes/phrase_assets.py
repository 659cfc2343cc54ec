"""Phrases as assets: actions of a character with catalogue, tags and picture, for the Asset Browser."""

import uuid
from pathlib import Path
from typing import Any

import bpy

from .. import compat
from ..edge_backend.choreography.library import Library
from ..edge_backend.fileio.atomic_write import atomic_write
from ..edge_backend.motion.steps import at_once
from .new_take import keys_in_steps, write_keys
from .phrase_shelf import PICTURE, picture_pixels, title

PHRASE = "edge_dance_phrase"
"""Property of the asset's metadata and of its action: the id of the phrase."""

CATALOGUES = "blender_assets.cats.txt"
_NAMESPACE = uuid.UUID("6b6a5c1e-2f0e-4f5e-9d0b-6f3f0a5d1c77")
_HEADER = "# Catalogues of assets: UUID:path:name\nVERSION 1\n"


def add_asset(
    armature: bpy.types.Object, scene: bpy.types.Scene, library: Library, number: int
) -> tuple[bpy.types.Action, bool]:
    """Make an action of the phrase for this character, from frame 1 on, and mark it as an asset.

    Its catalogue is "Phrases/STYLE", which is written beside the file if that is saved. The character keeps its action.
    Returns the asset and whether it is new: the file may have one with the same keys. Raises EdgeError
    phrases_unreadable, rig_unfit; OSError.
    """
    phrase = library.phrases[number]
    catalogue, pixels = _catalogue(phrase.style.capitalize()), picture_pixels(library, number)
    keys = at_once(keys_in_steps(armature, library.motion(number), scene, 1.0))
    action, curves = compat.new_action(title(phrase.id))
    write_keys(curves, keys, 1.0)
    action[PHRASE] = phrase.id
    if there := _same_asset(action):
        bpy.data.actions.remove(action)
        return there, False
    action.asset_mark()
    data: Any = action.asset_data
    data[PHRASE] = phrase.id
    data.description = f"{phrase.source}, {phrase.tempo:.0f} bpm, {len(phrase.counts) - 1} counts"
    data.license = phrase.licence
    for tag in (phrase.style, phrase.level, "phrase"):
        data.tags.new(tag, skip_if_exists=True)
    data.catalog_id = catalogue
    preview: Any = action.preview_ensure()
    preview.image_size = (PICTURE, PICTURE)
    preview.image_pixels_float.foreach_set(pixels)
    return action, True


def _same_asset(action: bpy.types.Action) -> bpy.types.Action | None:
    """An asset of this file with the same phrase and keys: it was made for the same bones and proportions."""
    keys = _keys(action)
    assets = (other for other in bpy.data.actions if other.asset_data and other.get(PHRASE) == action[PHRASE])
    return next((asset for asset in assets if not asset.library and _keys(asset) == keys), None)


def _keys(action: bpy.types.Action) -> set[tuple[str, int, tuple[float, ...]]]:
    """Path, index and keys (frame, value, ...) of each F-curve."""
    return {
        (curve.data_path, curve.array_index, tuple(number for key in curve.keyframe_points for number in key.co))
        for curve in compat.fcurves_of(action)
    }


def _catalogue(name: str) -> str:
    """The id of a style's catalogue, which is written beside the file if that is saved. Raises OSError."""
    identity = str(uuid.uuid5(_NAMESPACE, name))
    if bpy.data.filepath:
        path = Path(bpy.data.filepath).parent / CATALOGUES
        content = path.read_bytes() if path.exists() else _HEADER.encode()  # which others may have written
        if identity.encode() not in content:
            line = f"{identity}:Phrases/{name}:Phrases-{name}"
            with atomic_write(path) as unfinished:
                unfinished.write_bytes(b"%b\n%b\n" % (content.rstrip(), line.encode()))
    return identity
