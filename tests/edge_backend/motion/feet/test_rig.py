"""The same cleanup on other rigs: other axes of rest, other proportions, twist bones, other sizes."""

import numpy as np
import pytest
from foot_dances import case
from sole_metrics import sole_points

from edge_backend.motion.feet import SMPL_RIG, FootRig, FootSettings, Leg, clean
from edge_backend.motion.feet.metrics import plant_slide
from edge_backend.motion.kinematics import forward_kinematics, global_rotations
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import SMPL, Skeleton


def faulty():
    this = case("salsa", "all")
    return this.faulty.rotations, this.faulty.root, this.contacts


def other_axes():
    """SMPL's body with every joint's own axes turned at random, as Blender's bones have theirs.

    Returns the rig and a function from SMPL's local rotations to the rig's.
    """
    axes = axis_angle_to_matrix(np.random.default_rng(1).normal(size=(24, 3)))
    above = np.concatenate([axes[:1] * 0 + np.eye(3), axes[list(SMPL.parents[1:])]])
    offsets = (above.swapaxes(-1, -2) @ SMPL.offsets[..., None])[..., 0]
    skeleton = Skeleton(SMPL.names, SMPL.parents, offsets)

    def local(rotations):
        return above.swapaxes(-1, -2) @ rotations @ axes

    return FootRig(skeleton, SMPL_RIG.legs, local(SMPL_RIG.stance), toe_height=0.022), local


def test_the_axes_of_the_bones_do_not_matter():
    rig, local = other_axes()
    rotations, root, contacts = faulty()
    smpl = FootRig(SMPL, SMPL_RIG.legs, SMPL_RIG.stance, toe_height=0.022)
    here, there = clean(rotations, root, contacts, rig=smpl), clean(local(rotations), root, contacts, rig=rig)
    assert np.array_equal(here.planted, there.planted)
    one = forward_kinematics(here.rotations, here.root)
    other = forward_kinematics(there.rotations, there.root, rig.skeleton)
    assert np.allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("size", [0.1, 3.0])
def test_a_giant_is_cleaned_like_a_man(size):
    rotations, root, contacts = faulty()
    skeleton = Skeleton(SMPL.names, SMPL.parents, SMPL.offsets * size)
    giant = FootRig(skeleton, SMPL_RIG.legs, SMPL_RIG.stance)
    here, there = clean(rotations, root, contacts), clean(rotations, root * size, contacts, rig=giant)
    assert np.array_equal(here.planted, there.planted)
    # Shapes of curves do not depend on size, but for the steps in which a correction fades.
    assert np.allclose(there.root, here.root * size, atol=2e-3 * size)
    assert np.abs(there.rotations - here.rotations).max() < 0.1


def long_legged():
    """Long thin legs, a twist bone in the middle of each thigh, big feet; z is up at rest."""
    names = ["hips", "chest"]
    parents, offsets = [-1, 0], [[0, 0, 0], [0, 0, 0.3]]
    for side, x in (("left", 0.09), ("right", -0.09)):
        start = len(names)
        names += [f"{side} {part}" for part in ("thigh", "thigh twist", "shin", "foot", "toes")]
        parents += [0, start, start + 1, start + 2, start + 3]
        offsets += [[x, 0, -0.05], [0, 0.002, -0.3], [0, 0.003, -0.3], [0, 0.02, -0.55], [0, -0.2, -0.09]]
    skeleton = Skeleton(tuple(names), tuple(parents), np.array(offsets))
    legs = (Leg(2, 4, 5, 6), Leg(7, 9, 10, 11))
    return FootRig(skeleton, legs, np.tile(np.eye(3), (len(names), 1, 1)), toe_height=0.03)


def test_a_rig_with_other_legs_stands_after_retargeting():
    """SMPL's leg rotations carried over: the rest poses look alike. Feet of other legs slide and float then."""
    rig = long_legged()
    this = case("salsa", "clean")
    turns = global_rotations(this.good.rotations.astype(np.float64)) @ global_rotations(SMPL_RIG.stance)[0].T
    source = [0, 3, 1, 1, 4, 7, 10, 2, 2, 5, 8, 11]
    world = turns[:, source]
    above = np.concatenate(
        [np.tile(np.eye(3), (len(turns), 1, 1, 1)), world[:, list(rig.skeleton.parents[1:])]], axis=1
    )
    rotations = above.swapaxes(-1, -2) @ world
    root = this.good.root * rig.scale
    result = clean(rotations, root, this.contacts, rig=rig)
    before, after = (
        forward_kinematics(*pose, rig.skeleton) for pose in ((rotations, root), (result.rotations, result.root))
    )
    assert result.planted.mean() > 0.2
    assert np.median(plant_slide(before, result.planted, rig)) > 0.0005
    assert np.percentile(plant_slide(after, result.planted, rig), 95) < 0.001
    assert sole_points(result.rotations, result.root, rig)[..., 2].min() > -0.005 * rig.scale
    lengths = [np.linalg.norm(np.diff(joints[:, [2, 4, 5]], axis=1), axis=-1) for joints in (before, after)]
    assert np.allclose(*lengths)


def test_one_leg_is_enough():
    rotations, root, contacts = faulty()
    left = FootRig(SMPL, SMPL_RIG.legs[:1], SMPL_RIG.stance)
    result = clean(rotations, root, contacts[:, [0, 2]], FootSettings(), rig=left)
    assert result.planted.shape == (len(root), 1, 2)
    assert not np.array_equal(result.rotations[:, 1], rotations[:, 1])
    assert np.array_equal(result.rotations[:, 2], rotations[:, 2])


@pytest.mark.parametrize("leg", [Leg(1, 4, 7, 11), Leg(4, 1, 7, 10), Leg(1, 4, 7, 99), Leg(0, 4, 7, 10)])
def test_legs_that_do_not_hang_together_are_refused(leg):
    with pytest.raises(ValueError, match=r"joint"):
        FootRig(SMPL, (leg,), SMPL_RIG.stance)


def test_a_stance_of_another_skeleton_is_refused():
    with pytest.raises(ValueError, match="stance"):
        FootRig(SMPL, SMPL_RIG.legs, np.tile(np.eye(3), (3, 1, 1)))
