"""Camera, lights, floor and backdrop for a film of a dance."""

from collections.abc import Sequence

import bpy
import numpy as np

from ..lookups import scene_rate
from .camera import add_camera, follow
from .film_set import add_backdrop, add_floor, add_lights, new_dolly, new_film_set
from .tracks import Track, floor_under, height_of

_HUMAN, _ROOM = 1.75, 1.3  # metres: height, and reach of one dancer around the followed point


def set_up_film(
    scene: bpy.types.Scene,
    dancers: Sequence[bpy.types.Object],
    frames: Sequence[int],
    tracks: Sequence[Track],
    *,
    turn: float = 0.0,
    following: bool = True,
    lights: bool = True,
    floor: bool = True,
) -> bpy.types.Object:
    """Film these dancers: a camera that has them in the picture at every frame, lights, floor, backdrop.

    The resolution has to be set before. frames: the scene's frames to film. tracks: of the dancers at these frames,
    as `tracks_of` returns them. turn: degrees around the dancers, 0 from -y. following: the camera moves with the
    dancers; otherwise it has the whole path in the picture. An earlier film set is replaced; other objects are not
    changed. Returns the camera.
    """
    middle = np.mean([track.hips[:, :2] for track in tracks], axis=0)
    if not following:
        middle = np.tile((middle.min(axis=0) + middle.max(axis=0)) / 2, (len(frames), 1))
    height = max(height_of(dancer) for dancer in dancers)
    reach = max(np.linalg.norm(track.hips[:, :2] - middle, axis=1).max() for track in tracks)
    dolly = new_dolly(new_film_set(scene), max(height / _HUMAN, float(reach) / _ROOM))
    dolly.location.z = min(floor_under(dancer) for dancer in dancers)
    path = follow(dolly, middle, np.array(frames, float), scene_rate(scene))
    camera = add_camera(scene, dolly, tracks, path, turn=turn, height=height)
    if lights:
        add_lights(dolly)
    if floor:
        add_floor(dolly, dolly.location.z)
        add_backdrop(scene)
    return camera
