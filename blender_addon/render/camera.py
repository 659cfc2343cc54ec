"""The camera: it follows where the dancers go, not each step, and has all of them in the picture at every frame."""

from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np
from mathutils import Euler

from .. import compat
from ..edge_backend.numerics.array import Array
from ..keyframes.channel_keys import write_bezier
from .framing import fit_camera, smoothed_path
from .stage import hang
from .tracks import Track

LENS = 50.0  # mm, on the 36 mm wide sensor that Blender starts with
TILT = 4.0  # degrees down
SMOOTHING = 1.2  # seconds
KEY_EVERY = 10  # frames between the dolly's keys
FLESH = 0.07
"""How far a body reaches around its bones, of its height."""
MARGIN = 0.04
"""Of the picture's half width and height, what is left free at its borders."""


def follow(dolly: bpy.types.Object, middle: Array, frames: Array, rate: float) -> Array:
    """Key the dolly along a way over the floor (T, 2); returns where the keys have it at these frames (T, 2).

    rate: frames a second.
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
    scene: bpy.types.Scene, dolly: bpy.types.Object, tracks: Sequence[Track], way: Array, *, turn: float, height: float
) -> bpy.types.Object:
    """A camera on the dolly that has every dancer whole at every frame, and is the scene's.

    way: where the dolly is (T, 2). turn: degrees around the dancers, 0 = from -y, 90 = from +x. height: of the tallest.
    """
    data: Any = bpy.data.cameras.new("Dance Camera")
    data.lens = LENS
    camera = bpy.data.objects.new("Dance Camera", data)
    rotation = Euler((np.radians(90 - TILT), 0.0, np.radians(turn)))
    origin = np.column_stack([way, np.full(len(way), dolly.location.z)])
    axes = np.array(rotation.to_matrix())
    points = np.concatenate([((track.points - origin[:, None]) @ axes).reshape(-1, 3) for track in tracks])
    place = fit_camera(points, FLESH * height, _tangents(data, scene))
    hang(camera, dolly)
    size = dolly.scale.x
    camera.location, camera.scale = axes @ np.array(place) / size, (1 / size,) * 3  # the place alone is the dolly's
    camera.rotation_euler = rotation
    data.clip_end = max(data.clip_end, 4 * place.back)
    scene.camera = camera
    return camera


def _tangents(camera: Any, scene: bpy.types.Scene) -> tuple[float, float]:
    """Of half the angles that the picture without its margin has, whatever its shape."""
    corners: Any = camera.view_frame(scene=scene)
    depth = abs(corners[0].z) / (1 - MARGIN)
    return max(abs(corner.x) for corner in corners) / depth, max(abs(corner.y) for corner in corners) / depth
