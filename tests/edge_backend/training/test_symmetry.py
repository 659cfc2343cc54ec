import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.representation import mirror, pack, unpack
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.training.symmetry import mirror_channels, turn_about_up

SEEDS = st.integers(0, 2**32 - 1)


def dance(seed, frames=4):
    """Random contacts, root and rotation matrices."""
    rng = np.random.default_rng(seed)
    contacts = rng.integers(0, 2, (frames, 4)).astype(np.float32)
    rotations = axis_angle_to_matrix(rng.normal(0, 1, (frames, 24, 3))).astype(np.float32)
    return contacts, rng.normal(0, 1, (frames, 3)).astype(np.float32), rotations


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_the_channels_mirror_as_the_dance_does(seed):
    order, sign = mirror_channels()
    vectors = pack(*dance(seed))
    np.testing.assert_allclose(sign * vectors[..., order], pack(*mirror(*dance(seed))), atol=1e-6)
    np.testing.assert_allclose((sign * (sign * vectors[..., order])[..., order]), vectors)


@given(SEEDS, st.floats(-10, 10))
@settings(max_examples=25, deadline=None)
def test_a_turned_vector_is_the_dance_seen_from_another_side(seed, angle):
    contacts, root, rotations = dance(seed)
    vectors = torch.from_numpy(pack(contacts, root, rotations))
    turned = turn_about_up(vectors[None], torch.tensor([angle], dtype=torch.float32))[0].numpy()
    up = axis_angle_to_matrix(np.array([0, 0, angle])).astype(np.float32)
    wanted = forward_kinematics(rotations, root) @ up.T
    turned_contacts, turned_root, turned_rotations = unpack(turned)
    np.testing.assert_allclose(forward_kinematics(turned_rotations, turned_root), wanted, atol=1e-4)
    np.testing.assert_array_equal(turned_contacts, contacts)
