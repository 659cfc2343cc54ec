"""A new dancer stands where the cursor is, and never inside another object."""

import bpy
import numpy as np
import pytest
from blender_fixtures import put_dancer


def box(ob):
    corners = np.array([ob.matrix_world @ type(ob.location)(corner) for corner in ob.bound_box])
    return corners.min(axis=0), corners.max(axis=0)


def overlap(first, second):
    (low, high), (other_low, other_high) = box(first), box(second)
    return bool((low < other_high).all() and (other_low < high).all())


def put_cube(size, location):
    bpy.ops.mesh.primitive_cube_add(size=size, location=location)
    return bpy.context.object


def test_on_an_empty_floor_it_stands_at_the_cursor():
    bpy.ops.mesh.primitive_plane_add(size=4)
    bpy.context.scene.cursor.location = (1, 2, 0)
    assert put_dancer().location[:] == (1, 2, 0)


@pytest.mark.parametrize("place", [(0, 0, 0), (0.3, 0.2, 0.5), (-0.8, 0, 1)])
def test_blenders_cube_is_stepped_aside_from(place):
    cube = put_cube(2, place)
    dancer = put_dancer()
    bpy.context.view_layer.update()
    assert not overlap(dancer, cube) and np.linalg.norm(dancer.location) < 4


def test_ten_dancers_stand_side_by_side():
    dancers = [put_dancer() for _ in range(10)]
    bpy.context.view_layer.update()
    assert not any(overlap(one, other) for one in dancers for other in dancers if one != other)


def test_in_a_room_it_stands_in_the_room():
    put_cube(8, (0, 0, 4))
    assert put_dancer().location[:] == (0, 0, 0)


def test_what_is_hidden_is_not_in_the_way():
    put_cube(2, (0, 0, 0)).hide_set(True)
    assert put_dancer().location[:] == (0, 0, 0)
