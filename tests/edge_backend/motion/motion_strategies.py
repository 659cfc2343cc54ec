"""Random rotations and motions for the property tests."""

import math

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge_backend.motion.motion import Motion
from edge_backend.motion.rotations import axis_angle_to_matrix


def axis_angles(*shape):
    """Axis-angle vectors (*shape, 3) float64: no turn, tiny ones, half turns and whole turns among them."""
    component = st.one_of(
        st.floats(-4, 4), st.sampled_from([0.0, 1e-9, -1e-5, math.pi, -math.pi, math.pi / 2, 2 * math.pi])
    )
    return arrays(np.float64, (*shape, 3), elements=component)


@st.composite
def motions(draw, max_frames=6):
    """Short dances in float32; their numbers come from a drawn seed, as their sense does not matter."""
    frames = draw(st.integers(1, max_frames))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rotations = axis_angle_to_matrix(random.normal(size=(frames, 24, 3))).astype(np.float32)
    root = random.normal(size=(frames, 3)).astype(np.float32)
    contacts = random.integers(0, 2, size=(frames, 4)).astype(np.float32)
    return Motion(rotations, root, contacts)
