"""The camera: it follows the dancers on a smooth path and has all of them in the picture at every frame."""

from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np
from mathutils import Euler

from .. import compat
from ..edge_backend.numerics.array import Array
from ..keyframes.channel_keys import write_bezier
from .film_set import attach
from .framing import fit_camera, smoothed_path
from .tracks import Track

LENS = 50.0  # mm, for Blender's default sensor width of 36 mm
TILT = 4.0  # degrees down
SMOOTHING = 1.2  # seconds
KEY_EVERY = 10  # frames between the dolly's keys
FLESH = 0.07
"""Distance of the skin from the bones, as a fraction of the body's height."""
MARGIN = 0.04
"""Free border of the picture, as a fraction of its half width and height."""


def follow(dolly: bpy.types.Object, middle: Array, frames: Array, rate: float) -> Array:
    """Key the dolly along a path over the floor (T, 2), world, metres. Returns its keyed positions at these frames (T,
    2).

    frames: (T,) of the scene. rate: frames per second.
    """
    path = smoothed_path(middle, SMOOTHING * rate)
    slopes = np.gradient(path, axis=0) if len(path) > 1 else np.zeros_like(path)
    chosen = np.unique([*range(0, len(frames), KEY_EVERY), len(frames) - 1])
    action, curves = compat.new_action("Dolly")
    keyed = []
    for axis in range(2):
        curve = compat.new_fcurve(curves, "location", axis, "Dolly")
        write_bezier(curve, frames[chosen], path[chosen, axis], slopes[chosen, axis])
        keyed.append([curve.evaluate(frame) for frame in frames])
    compat.assign_action(dolly, action)
    return np.array(keyed).T


def add_camera(
    scene: bpy.types.Scene, dolly: bpy.types.Object, tracks: Sequence[Track], path: Array, *, turn: float, height: float
) -> bpy.types.Object:
    """Add a camera on the dolly that has every dancer in the picture at every frame, and make it the scene's camera.

    path: positions of the dolly (T, 2), world, metres. turn: degrees around the dancers, 0 from -y, 90 from +x. height:
    of the tallest dancer, metres. Returns the camera.
    """
    data: Any = bpy.data.cameras.new("Dance Camera")
    data.lens = LENS
    camera = bpy.data.objects.new("Dance Camera", data)
    rotation = Euler((np.radians(90 - TILT), 0.0, np.radians(turn)))
    origin = np.column_stack([path, np.full(len(path), dolly.location.z)])
    axes = np.array(rotation.to_matrix())
    points = np.concatenate([((track.points - origin[:, None]) @ axes).reshape(-1, 3) for track in tracks])
    place = fit_camera(points, FLESH * height, _tangents(data, scene))
    attach(camera, dolly)
    size = dolly.scale.x
    camera.location, camera.scale = (
        axes @ np.array(place) / size,
        (1 / size,) * 3,
    )  # not scaled with the dolly
    camera.rotation_euler = rotation
    data.clip_end = max(data.clip_end, 4 * place.back)
    scene.camera = camera
    return camera


def _tangents(camera: Any, scene: bpy.types.Scene) -> tuple[float, float]:
    """Tangents of half the horizontal and vertical angle of view, without the margin."""
    corners: Any = camera.view_frame(scene=scene)
    depth = abs(corners[0].z) / (1 - MARGIN)
    return max(abs(corner.x) for corner in corners) / depth, max(abs(corner.y) for corner in corners) / depth
