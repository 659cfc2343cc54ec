"""Starting positions at which dancers never come too close."""

from itertools import combinations

import numpy as np
import pytest
from blender_fixtures import addon
from hypothesis import given, settings
from hypothesis import strategies as st


def nearest(starts, paths, factor):
    """The smallest distance of any two dancers at any frame."""
    pairs = combinations([factor * start + path for start, path in zip(starts, paths, strict=True)], 2)
    return min(np.linalg.norm(one - other, axis=1).min() for one, other in pairs)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 6), st.integers(1, 80), st.integers(0, 10**6), st.floats(0, 3), st.sampled_from(["LINE", "WEDGE"])
)
def test_nobody_comes_too_close_and_nobody_is_further_than_needed(count, frames, seed, distance, kind):
    places = addon("formation.placement")
    random = np.random.default_rng(seed)
    starts = places.formation(kind, count)
    paths = np.cumsum(random.normal(0, 0.2, (count, frames, 2)), axis=1)
    paths -= paths[:, :1]
    factor = places.spread(starts, paths, distance, least=1.2)
    assert factor >= 1.2 and nearest(starts, paths, factor) >= distance - 1e-9
    if factor > 1.2:  # a little nearer is too near
        assert nearest(starts, paths, factor * (1 - 1e-6)) < distance + 1e-9


def test_formations_begin_with_the_leader_and_have_nobody_in_one_place():
    for kind in ("LINE", "WEDGE"):
        starts = addon("formation.placement").formation(kind, 5)
        assert tuple(starts[0]) == (0, 0) and len({tuple(start) for start in starts}) == 5
        assert (starts[:, 1] >= 0).all()  # behind the leader, or beside


@pytest.mark.parametrize("between", [0.0, 1e-6, 1e-3])
def test_two_dancers_that_start_at_the_same_place_are_refused_and_not_sent_far_away(between):
    starts = np.array([[0.0, 0.0], [between, 0.0]])
    with pytest.raises(ValueError, match="at the same position"):
        addon("formation.placement").spread(starts, np.zeros((2, 3, 2)), 1.0, 1.0)
