"""A clean dance retargeted to a rig of other proportions: the changes of root, stances and legs, and their limits."""

import numpy as np
import pytest
from foot_dances import case

from edge_backend.motion.feet import SMPL_RIG, FootRig, FootSettings, clean, settle
from edge_backend.motion.feet.metrics import plant_slide
from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.skeleton import SMPL, Skeleton


def long_shins(legs=SMPL_RIG.legs):
    """SMPL's body with thighs 10 % shorter and shins 10 % longer."""
    lengths = np.ones((24, 1))
    lengths[[4, 5]], lengths[[7, 8]] = 0.9, 1.1
    return FootRig(Skeleton(SMPL.names, SMPL.parents, SMPL.offsets * lengths), legs, SMPL_RIG.stance)


def carried(frames=None):
    """A clean salsa: rotations, root, and contacts where its feet stand."""
    this = case("salsa", "clean").good
    cleaned = clean(this.rotations, this.root)
    stands = cleaned.planted.copy()
    stands[:-1] &= stands[1:]
    contacts = stands.transpose(0, 2, 1).reshape(len(stands), 4)
    return cleaned.rotations[:frames], cleaned.root[:frames], contacts[:frames].astype(np.float32)


def bones(joints):
    ways = joints[:, [4, 7, 5, 8]] - joints[:, [1, 4, 2, 5]]
    return ways / np.linalg.norm(ways, axis=-1, keepdims=True)


def test_hips_and_stances_give_so_that_legs_hardly_turn():
    rig = long_shins()
    rotations, root, contacts = carried()
    result = settle(rotations, root, contacts, rig=rig)
    before, after = (
        forward_kinematics(*pose, rig.skeleton) for pose in ((rotations, root), (result.rotations, result.root))
    )
    assert result.planted.any()
    assert np.percentile(plant_slide(after, result.planted, rig), 95) < 0.001
    turned = np.degrees(2 * np.arcsin(np.linalg.norm(bones(after) - bones(before), axis=-1) / 2))
    assert (turned > 2).mean() < 0.01  # asked for: none
    way = result.root - root
    reach = np.linalg.norm(root - root.mean(axis=0), axis=1).max()
    assert np.linalg.norm(way - way.mean(axis=0), axis=1).max() < 0.01 * reach


def test_hips_stay_where_no_leg_needs_them():
    rotations, root, contacts = carried()
    result = settle(rotations, root, contacts, rig=SMPL_RIG)
    assert np.abs(result.root - root).max() < 0.0005


@pytest.mark.parametrize("frames", [1, 2, 3, 7])
def test_a_few_frames_are_enough(frames):
    result = settle(*carried(frames), rig=long_shins())
    assert result.rotations.shape == (frames, 24, 3, 3) and np.isfinite(result.root).all()


def test_a_dance_without_stances_and_a_rig_with_one_leg_are_served():
    rotations, root, contacts = carried(60)
    high = root + np.array([0.0, 0.0, 2.0])
    flying = settle(rotations, high, np.zeros_like(contacts), rig=long_shins())
    assert not flying.touched.any() and np.allclose(flying.root, high)
    one = settle(rotations, root, contacts[:, [0, 2]], rig=long_shins(SMPL_RIG.legs[:1]))
    assert one.touched.shape == (60, 1) and np.array_equal(one.rotations[:, 2], rotations[:, 2])


def test_strength_is_the_share_of_what_is_changed():
    rotations, root, contacts = carried()
    half, whole = (settle(rotations, root, contacts, FootSettings(strength=s), rig=long_shins()) for s in (0.5, 1))
    assert np.allclose(half.root - root, (whole.root - root) / 2, atol=1e-6)
    assert np.array_equal(settle(rotations, root, contacts, FootSettings(strength=0), rig=long_shins()).root, root)
