"""Where a new dancer can stand without standing in something."""

from collections.abc import Iterator
from itertools import count

import bpy
import numpy as np
from mathutils import Vector

from ..edge_backend.numerics.array import Array

_LOW, _HIGH = np.array([-0.9, -0.35, 0.1]), np.array([0.9, 0.35, 1.8])
"""The box of a dancer in T-pose around its place, metres; what ends below it is a floor."""
_ROOM = 5.0  # metres: wider things are surroundings, in which a dancer may stand
_STEP = 0.5


def free_place(context: bpy.types.Context, wanted: Vector) -> Vector:
    """The place nearest to `wanted`, to the right or to the left of it, at which a dancer stands in no other object.

    Objects are taken as their bounding boxes; what is hidden or wider than a room does not count.
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
    """Lowest and highest corners (3,), world, of the visible objects that are something to stand in."""
    for ob in context.view_layer.objects:
        if ob.visible_get() and ob.type in ("MESH", "CURVE", "SURFACE", "META", "FONT", "ARMATURE"):
            corners = np.array([ob.matrix_world @ Vector(corner) for corner in ob.bound_box])
            low, high = corners.min(axis=0), corners.max(axis=0)
            if max((high - low)[:2]) < _ROOM:
                yield low, high
