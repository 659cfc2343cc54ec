"""The camera position: everything is in the picture, and no nearer position would do."""

import numpy as np
from blender_fixtures import addon
from hypothesis import given, settings
from hypothesis import strategies as st

TANGENTS = (0.36, 0.2025)  # a 50 mm lens, 16:9


def margins(points, radius, place):
    """Distance of the balls from the picture's sides, as a fraction; (N, 4)."""
    depth = place.back - points[:, 2]
    sides = []
    for axis, middle in ((0, place.right), (1, place.up)):
        room = TANGENTS[axis] * depth
        sides += [room - (points[:, axis] - middle) - radius, room + (points[:, axis] - middle) - radius]
    assert depth.min() > 0
    return np.stack(sides, axis=-1)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(0, 10**6), st.floats(0.01, 0.5))
def test_nothing_is_cut_off_and_the_camera_is_no_further_than_it_must(count, seed, radius):
    random = np.random.default_rng(seed)
    points = random.normal(0, random.uniform(0.1, 3, 3), (count, 3))
    place = addon("render.framing").fit_camera(points, radius, TANGENTS)
    inside = margins(points, radius, place)
    assert inside.min() > -1e-9
    assert min(inside[:, :2].min(axis=0).max(), inside[:, 2:].min(axis=0).max()) < 1e-9 + 1e-9 * abs(place.back)


def test_the_smoothed_way_follows_the_way_and_not_its_steps():
    smoothed_path = addon("render.framing").smoothed_path
    time = np.arange(300) / 30
    way = np.stack([0.3 * time, np.zeros(300)], axis=-1)
    steps = 0.1 * np.sin(2 * np.pi * 2 * time)[:, None]
    smooth = smoothed_path(way + steps, sigma=36)
    middle = slice(144, -144)  # beyond the window's reach from both ends
    assert np.abs(smooth[middle] - way[middle]).max() < 1e-3
    assert np.abs(np.diff(smooth, n=2, axis=0)).max() < 5e-4  # metres a frame, squared: nobody sees it speed up


def test_a_way_of_one_frame_stays_where_it_is():
    assert np.allclose(addon("render.framing").smoothed_path(np.array([[1.0, 2.0]]), 36.0), [[1, 2]])
