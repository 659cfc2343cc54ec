"""Finds a free position for a new dancer."""

from collections.abc import Iterator
from itertools import count

import bpy
import numpy as np
from mathutils import Vector

from ..edge_backend.numerics.array import Array

_LOW, _HIGH = np.array([-0.9, -0.35, 0.1]), np.array([0.9, 0.35, 1.8])
"""Bounding box of a dancer in T-pose around its position, metres; objects that end below it are floors."""
_ROOM = 5.0  # metres; wider objects are surroundings, inside which a dancer may stand
_STEP = 0.5


def free_place(context: bpy.types.Context, wanted: Vector) -> Vector:
    """The position nearest to `wanted`, along x, at which a dancer does not intersect another object.

    Objects are represented by their bounding boxes; hidden ones and those wider than _ROOM do not count.
    """
    boxes = list(_boxes(context))
    for offset in _offsets():
        place = wanted + Vector((offset, 0.0, 0.0))
        lowest, highest = np.array(place) + _LOW, np.array(place) + _HIGH
        if not any((lowest < high).all() and (low < highest).all() for low, high in boxes):
            break
    return place


def _offsets() -> Iterator[float]:
    yield 0.0
    for number in count(1):
        yield from (_STEP * number, -_STEP * number)


def _boxes(context: bpy.types.Context) -> Iterator[tuple[Array, Array]]:
    """Lowest and highest corners (3,), world, of the bounding boxes of the visible objects that count."""
    for ob in context.view_layer.objects:
        if ob.visible_get() and ob.type in ("MESH", "CURVE", "SURFACE", "META", "FONT", "ARMATURE"):
            corners = np.array([ob.matrix_world @ Vector(corner) for corner in ob.bound_box])
            low, high = corners.min(axis=0), corners.max(axis=0)
            if max((high - low)[:2]) < _ROOM:
                yield low, high
