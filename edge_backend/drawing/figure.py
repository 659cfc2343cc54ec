"""Renders round limbs with shading and anti-aliased edges, by ray casting in numpy."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .body import COLOURS, Array, Limbs
from .camera import Camera

Box = tuple[slice, slice]
"""Rows and columns of an image."""

KEY_LIGHT = np.array([-0.45, -0.62, 0.64], np.float32)
"""World direction (3,) towards the key light, behind and to the left of a viewer who looks along +y."""

_KEY, _SKY, _GROUND = 1.05, 0.26, 0.05
_RIM = np.array([0.20, 0.26, 0.38], np.float32)
_MELT = 0.02  # metres; surfaces of equal colour are blended over this depth, which hides seams
_CROSS = 0.002  # metres; the same for surfaces of different colours, for a sharp line


def to_bytes(linear: Array) -> NDArray[np.uint8]:
    """Linear light 0..1 as display values 0..255, with a gamma of 2."""
    return (np.sqrt(linear.clip(0, 1)) * 255 + 0.5).astype(np.uint8)


def draw_limbs(image: NDArray[np.uint8], limbs: Limbs, camera: Camera) -> None:
    """Draw limbs into image (height, width, 3) uint8, in place.

    A limb's edge fades over one pixel (anti-aliasing). Farther limbs are drawn first, so that edges are blended with
    what is behind them; where limbs intersect, depth is compared per pixel.
    """
    starts, ends = camera.to_camera(limbs.starts), camera.to_camera(limbs.ends)
    boxes = [_box(*limb, camera) for limb in zip(starts, ends, limbs.radii, strict=True)]
    whole = _hull(boxes)
    linear = np.empty(image.shape, np.float32)
    linear[whole] = (image[whole] / np.float32(255)) ** 2
    nearest = np.full(image.shape[:2], 1e6, np.float32)
    painted = np.full(image.shape[:2], -1, np.int8)
    light, up = camera.axes @ KEY_LIGHT, camera.axes[:, 2]
    for limb in np.argsort(-(starts[:, 2] + ends[:, 2])):
        box = boxes[limb]
        hit = _meet(box, starts[limb], ends[limb], limbs.radii[limb], camera)
        material = limbs.materials[limb]
        behind = nearest[box][hit.where]
        blend = np.where(painted[box][hit.where] == material, _MELT, _CROSS)
        cover = hit.cover * ((behind - hit.depth) / (2 * blend) + 0.5).clip(0, 1)
        colour = _shade(hit.normal, COLOURS[material], light, up)
        below = linear[box][hit.where]
        linear[box][hit.where] = below + cover[:, None] * (colour - below)
        in_front = (hit.cover > 0.5) & (hit.depth < behind)
        nearest[box][hit.where] = np.where(in_front, hit.depth, behind)
        painted[box][hit.where] = np.where(in_front, material, painted[box][hit.where])
    image[whole] = to_bytes(linear[whole])


class _Hit(NamedTuple):
    """The intersection of a limb with the rays of a box of pixels.

    where: bool (rows, columns), the n pixels that it touches. cover: (n,) coverage, 0..1. depth: (n,) metres.
    normal: (3, n), in camera axes.
    """

    where: Array
    cover: Array
    depth: Array
    normal: Array


def _box(start: Array, end: Array, radii: Array, camera: Camera) -> Box:
    """The rows and columns of pixels that a limb can touch. start, end: (3,) metres, camera axes. radii: (2,)."""
    radius = float(radii.max())
    near = max(float(min(start[2], end[2])) - radius, 0.05)
    both = np.stack([start, end])
    centres = both[:, :2] / both[:, 2:] * camera.focal + np.array(camera.size) / 2
    margin = radius / near * camera.focal * 1.15 + 2
    low = np.floor(centres.min(axis=0) - margin).astype(int).clip(0, camera.size)
    high = np.ceil(centres.max(axis=0) + margin).astype(int).clip(0, camera.size)
    return slice(low[1], high[1]), slice(low[0], high[0])


def _hull(boxes: list[Box]) -> Box:
    """The smallest box that contains all boxes."""
    rows, columns = zip(*boxes, strict=True)
    return (
        slice(min(r.start for r in rows), max(r.stop for r in rows)),
        slice(min(c.start for c in columns), max(c.stop for c in columns)),
    )


def _meet(box: Box, start: Array, end: Array, radii: Array, camera: Camera) -> _Hit:
    """Intersect the rays (x, y, 1) through a box's pixels with one limb. start, end: (3,) camera axes. radii: (2,).

    Uses the point of the limb's axis nearest to the ray, which is exact for spheres and cylinders and approximate for
    cones.
    """
    (x, y), axis = _ray_slopes(box, camera), end - start
    length_2 = 1 + x**2 + y**2
    ray_start, ray_axis = (x * v[0] + y * v[1] + v[2] for v in (start, axis))
    axis_axis, axis_start = axis @ axis, axis @ start
    gap = np.maximum(length_2 * axis_axis - ray_axis**2, 1e-9)
    along = ((ray_axis * ray_start - length_2 * axis_start) / gap).clip(0, 1)
    reach = (ray_start + along * ray_axis) / length_2
    offset = [reach * ray - start[k] - along * axis[k] for k, ray in enumerate((x, y, np.float32(1)))]
    distance = np.sqrt(offset[0] ** 2 + offset[1] ** 2 + offset[2] ** 2)
    radius = radii[0] + along * (radii[1] - radii[0])
    cover = (radius - distance) / reach * camera.focal + 0.5

    where = cover > 0
    x, y, distance, radius, reach, length_2 = (
        np.broadcast_to(v, where.shape)[where] for v in (x, y, distance, radius, reach, length_2)
    )
    length = np.sqrt(length_2)
    rise = np.sqrt(np.maximum(radius**2 - distance**2, 0))
    towards = rise / length * np.stack([x, y, np.ones_like(x)])
    normal = (np.stack([v[where] for v in offset]) - towards) / np.maximum(radius, distance)
    return _Hit(where, cover[where].clip(0, 1), reach * length - rise, normal)


def _ray_slopes(box: Box, camera: Camera) -> tuple[Array, Array]:
    """Right (1, columns) and down (rows, 1) components of the rays through a box's pixels; forward is 1."""
    (rows, columns), (width, height) = box, camera.size
    x = (np.arange(columns.start, columns.stop, dtype=np.float32) + np.float32(0.5 - width / 2)) / camera.focal
    y = (np.arange(rows.start, rows.stop, dtype=np.float32) + np.float32(0.5 - height / 2)) / camera.focal
    return x[None, :], y[:, None]


def _shade(normal: Array, colour: Array, light: Array, up: Array) -> Array:
    """Colours (n, 3), linear: Lambert shading by the key light, hemisphere light, and a blue rim light.

    normal: (3, n), light, up: (3,), all in camera axes.
    """
    lamp = _KEY * (light @ normal).clip(0, 1)
    sky = _GROUND + (_SKY - _GROUND) * (0.5 + 0.5 * (up @ normal))
    rim = (1 + normal[2]).clip(0, 1) ** 3  # normal[2] is 0 where the surface is seen edge-on
    return (lamp + sky)[:, None] * colour + rim[:, None] * _RIM
