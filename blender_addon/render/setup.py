"""Stage, lights, camera: all that a dance needs to be filmed."""

from collections.abc import Sequence

import bpy
import numpy as np

from ..lookups import scene_rate
from .camera import add_camera, follow
from .stage import add_backdrop, add_floor, add_lights, new_dolly, new_stage
from .tracks import Track, height_of

_HUMAN, _ROOM = 1.75, 1.3  # metres: height, and how far a single dancer reaches from where the camera follows


def set_stage(
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
    """Film these dancers: a camera that has them whole at every frame, lights, floor, backdrop.

    The picture's shape has to be set before. frames: of the scene, all that are filmed. tracks: where the dancers are
    at these, as `tracks_of` has it. turn: degrees around the dancers, 0 = from -y.
    following: the camera goes along; otherwise it stands and has the whole way in the picture. Returns the camera. The
    stage that was there is replaced; what else is in the scene stays.
    """
    middle = np.mean([track.hips[:, :2] for track in tracks], axis=0)
    if not following:
        middle = np.tile((middle.min(axis=0) + middle.max(axis=0)) / 2, (len(frames), 1))
    height = max(height_of(dancer) for dancer in dancers)
    reach = max(np.linalg.norm(track.hips[:, :2] - middle, axis=1).max() for track in tracks)
    dolly = new_dolly(new_stage(scene), max(height / _HUMAN, float(reach) / _ROOM))
    dolly.location.z = min(dancer.matrix_world.translation.z for dancer in dancers)
    way = follow(dolly, middle, np.array(frames, float), scene_rate(scene))
    camera = add_camera(scene, dolly, tracks, way, turn=turn, height=height)
    if lights:
        add_lights(dolly)
    if floor:
        add_floor(dolly, dolly.location.z)
        add_backdrop(scene)
    return camera
