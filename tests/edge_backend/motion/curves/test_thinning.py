"""Keyframe reduction: errors of the curves, standing feet, numbers of keys, and time."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_backend.motion.contacts import edge_contacts
from edge_backend.motion.curves import LegBones, Tolerance, Track, thin
from edge_backend.motion.curves.bone import extremes
from edge_backend.motion.curves.rotation import angles_between, rotation_channels, rotation_matrices
from edge_backend.motion.curves.spline import draw, fit_keys
from edge_backend.motion.feet import clean
from edge_backend.motion.feet.metrics import plant_slide
from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.retarget.rig import Rig, RigBone
from edge_backend.motion.rotations import (
    axis_angle_to_matrix,
    continuous_quaternions,
    matrix_to_quaternion,
    quaternion_to_matrix,
)
from edge_backend.motion.skeleton import SMPL, Joint

MODES = ["QUATERNION", "AXIS_ANGLE", "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX"]
LEGS = [LegBones(*(f"{side}_{part}" for part in ("HIP", "KNEE", "ANKLE", "TOES"))) for side in ("LEFT", "RIGHT")]


def smooth(frames, channels, seed=0, waves=4):
    """A few sines: no channel jumps."""
    random = np.random.default_rng(seed)
    time = np.linspace(0, 1, frames)[:, None, None]
    angles = (
        2 * np.pi * (random.uniform(0, 3, (1, channels, waves)) * time + random.uniform(0, 1, (1, channels, waves)))
    )
    return (np.sin(angles) * random.uniform(0, 0.4, (1, channels, waves))).sum(axis=-1)


def smpl_rig(unit=1.0):
    """The model's skeleton as bones without axes of their own."""
    heads = forward_kinematics(np.tile(np.eye(3), (24, 1, 1)), np.zeros(3)) * unit
    bones = []
    for joint, parent in enumerate(SMPL.parents):
        rest = np.eye(4)
        rest[:3, 3] = heads[joint]
        bones.append(
            RigBone(Joint(joint).name, Joint(parent).name if parent >= 0 else None, rest, heads[joint] + [0, 1, 0])
        )
    return Rig(bones)


def dance_tracks(rotations, root, unit=1.0):
    quaternions = continuous_quaternions(matrix_to_quaternion(rotations.astype(float)))
    return [
        Track(joint.name, "QUATERNION", quaternions[:, joint], unit * root if joint == Joint.PELVIS else None)
        for joint in Joint
    ]


@pytest.fixture(scope="module")
def dances():
    """The motion capture of the test data, clean: name -> (rotations, root, planted)."""
    return cleaned("dances.npz", "salsa", "modern", "breakdance", "commercial")


@pytest.fixture(scope="module")
def generated():
    """The dances of the test data that the model has made, clean: name -> (rotations, root, planted)."""
    return cleaned("generated.npz", "any", "any2", "salsa", "breakdance")


def cleaned(file_name, *names):
    found = {}
    with np.load(Path(__file__).parents[3] / "data/feet" / file_name) as file:
        for name in names:
            rotations = axis_angle_to_matrix(file[f"{name}_poses"].reshape(-1, 24, 3))
            root = file[f"{name}_root"]
            of_model = file.get(f"{name}_contacts")
            contacts = edge_contacts(forward_kinematics(rotations, root)) if of_model is None else of_model
            clean_one = clean(rotations, root, contacts)
            found[name] = clean_one.rotations.astype(float), clean_one.root.astype(float), clean_one.planted
    return found


def played(thinned, unit=1.0):
    """Joints (T, 24, 3), metres, as the keys have them."""
    rotations = np.stack([quaternion_to_matrix(bone.drawn()[:, :4]) for bone in thinned], axis=1)
    return rotations, forward_kinematics(rotations, thinned[0].drawn()[:, 4:] / unit)


def keys_share(thinned):
    keys = sum(len(bone.keys) * bone.values.shape[1] for bone in thinned)
    return keys / sum(bone.track.values.size for bone in thinned)


def assert_within_the_tolerance(thinned, rotations, root, planted):
    """1 degree and 5 mm, and feet that stand move by 1 mm per frame at most."""
    turned, joints = played(thinned)
    for joint in Joint:
        assert np.degrees(angles_between(turned[:, joint], rotations[:, joint]).max()) <= 1.0
    assert np.linalg.norm(thinned[0].drawn()[:, 4:] - root, axis=1).max() <= 0.005
    assert plant_slide(joints, planted).max() <= 0.001  # metres per frame


@pytest.mark.parametrize("name", ["any", "any2", "salsa", "breakdance"])
def test_a_generated_dance_needs_a_quarter_of_its_keys_at_most(generated, name):
    """Ten seconds each, of which the breakdance spends six on the floor, on bent legs."""
    rotations, root, planted = generated[name]
    beats = range(0, len(root), 15)
    thinned = thin(dance_tracks(rotations, root), Tolerance(1, 5), smpl_rig(), keyed=beats, legs=LEGS)
    assert_within_the_tolerance(thinned, rotations, root, planted)
    moving = [bone for bone in thinned if len(bone.keys) > 2]
    assert len(moving) >= 20 and all(set(beats) <= set(bone.keys.tolist()) for bone in moving)
    assert keys_share(thinned) <= 0.25  # 18 to 22 %


@pytest.mark.parametrize("name", ["salsa", "modern", "breakdance", "commercial"])
def test_a_dance_stays_within_the_tolerance_and_its_feet_stay_planted(dances, name):
    rotations, root, planted = dances[name]
    thinned = thin(dance_tracks(rotations, root), Tolerance(1, 5), smpl_rig(), keyed=range(0, len(root), 15), legs=LEGS)
    assert_within_the_tolerance(thinned, rotations, root, planted)
    # Mocap of 5 s, fast and as noisy as it was recorded: 16 to 28 %. Dances that the model makes need fewer.
    assert keys_share(thinned) < 0.30


def test_centimetres_in_another_space_give_the_same_keys(dances):
    """Mixamo's armatures are in centimetres, y up."""
    rotations, root, planted = dances["commercial"]
    in_metres = thin(dance_tracks(rotations, root), Tolerance(), smpl_rig(), legs=LEGS)
    in_centimetres = thin(dance_tracks(rotations, root, 100), Tolerance(), smpl_rig(100), legs=LEGS, unit=100)
    assert abs(keys_share(in_metres) - keys_share(in_centimetres)) < 0.01
    assert plant_slide(played(in_centimetres, 100)[1], planted).max() <= 0.001


def test_a_wider_tolerance_needs_fewer_keys(dances):
    rotations, root, _ = dances["salsa"]
    shares = [
        keys_share(thin(dance_tracks(rotations, root), Tolerance(degrees, 5 * degrees), smpl_rig()))
        for degrees in (0.25, 1, 4)
    ]
    assert shares[0] > 1.5 * shares[1] > 2.25 * shares[2]


def test_exact_frames_are_unchanged(dances):
    rotations, root, _ = dances["salsa"]
    exact = [33, 34, 90, 171]
    thinned = thin(dance_tracks(rotations, root), Tolerance(), smpl_rig(), exact=exact, legs=LEGS)
    turned, joints = played(thinned)
    wanted = forward_kinematics(rotations, root)
    assert np.degrees(angles_between(turned, rotations)[exact].max()) < 0.25
    assert np.linalg.norm(joints - wanted, axis=-1)[exact].max() < 0.002
    assert all(set(exact) <= set(thinned[joint].keys.tolist()) for joint in (Joint.PELVIS, Joint.LEFT_KNEE))


def test_constrained_ranges_stray_by_half_a_degree_whatever_the_tolerance(dances):
    rotations, root, planted = dances["commercial"]
    constrained = range(60, 120)
    loose = thin(dance_tracks(rotations, root), Tolerance(4, 20), smpl_rig(), legs=LEGS)
    thinned = thin(dance_tracks(rotations, root), Tolerance(4, 20), smpl_rig(), constrained=constrained, legs=LEGS)
    turned, joints = played(thinned)
    assert np.degrees(angles_between(turned, rotations)[60:120].max()) <= 0.5
    assert np.linalg.norm(thinned[0].drawn()[60:120, 4:] - root[60:120], axis=1).max() <= 0.002
    assert keys_share(loose) < keys_share(thinned) < 0.3 and plant_slide(joints, planted).max() <= 0.001


@given(
    seed=st.integers(0, 10_000),
    frames=st.integers(1, 120),
    mode=st.sampled_from(MODES),
    degrees=st.floats(0.1, 10),
    keyed=st.sets(st.integers(-5, 130), max_size=6),
)
@settings(max_examples=40, deadline=None)
def test_any_bone_stays_within_any_tolerance(seed, frames, mode, degrees, keyed):
    near = smooth(frames, 4 if mode in ("QUATERNION", "AXIS_ANGLE") else 3, seed)
    if mode == "QUATERNION":
        near[:, 0] += 2
        near /= np.linalg.norm(near, axis=1, keepdims=True)
    if mode == "AXIS_ANGLE":
        near[:, 1:] += [1, 0, 0]
    place = smooth(frames, 3, seed + 1)
    (bone,) = thin([Track("bone", mode, near, place)], Tolerance(degrees, 5), Rig([]), keyed=keyed)
    off = angles_between(rotation_matrices(bone.drawn()[:, :-3], mode), rotation_matrices(near, mode))
    assert np.degrees(off.max()) <= degrees
    assert np.linalg.norm(bone.drawn()[:, -3:] - place, axis=1).max() <= 0.005
    assert bone.keys[0] == 0 and bone.keys[-1] == frames - 1 and np.all(np.diff(bone.keys) > 0)


def test_a_bone_that_does_not_move_has_a_key_at_either_end():
    still = np.tile([1.0, 0, 0, 0], (50, 1))
    (bone,) = thin([Track("bone", "QUATERNION", still)], Tolerance(), Rig([]), keyed=range(0, 50, 10))
    assert bone.keys.tolist() == [0, 49] and np.abs(bone.drawn() - still).max() < 1e-9


def test_beats_and_extremes_get_keys():
    turn = np.zeros((61, 3))
    turn[:, 1] = np.cos(np.arange(61) * 2 * np.pi / 20)  # turns back at 10, 20, 30, ...
    (bone,) = thin([Track("bone", "XYZ", turn)], Tolerance(), Rig([]), keyed=[7, 37])
    assert {0, 7, 10, 20, 30, 37, 40, 50, 60} <= set(bone.keys.tolist())
    assert extremes(turn[:, 1], 0.1) == [10, 20, 30, 40, 50]


def test_keys_that_the_curve_can_do_without_are_taken_out_again():
    """A quick turn between two long ones: where keys were halved on the way to it, they are not needed in the end."""
    time = np.arange(121)
    turn = np.zeros((121, 3))
    turn[:, 2] = 0.6 * np.sin(2 * np.pi * time / 60) + 0.5 * np.exp(-(((time - 60) / 3) ** 2))
    (bone,) = thin([Track("bone", "XYZ", turn)], Tolerance(), Rig([]))
    for number in range(1, len(bone.keys) - 1):
        rest = np.delete(bone.keys, number)
        without = draw(*fit_keys(turn, rest, np.ones(121)), rest, time)
        stays = bone.keys[number] in extremes(turn[:, 2], np.radians(4))
        assert stays or np.degrees(np.abs(without - turn).max()) > 0.9


@given(st.lists(st.floats(-3, 3), min_size=4, max_size=4), st.integers(3, 40))
def test_one_segment_draws_any_cubic(coefficients, frames):
    """What a Bezier segment with handles at a third of the way can draw, two keys draw."""
    time = np.linspace(-1, 1, frames)
    values = np.polyval(coefficients, time)[:, None]
    keys = np.array([0, frames - 1])
    drawn = draw(*fit_keys(values, keys, np.ones(frames)), keys, np.arange(frames))
    assert np.abs(drawn - values).max() < 1e-2 * (1 + np.abs(values).max())


@given(seed=st.integers(0, 10_000), mode=st.sampled_from(MODES))
@settings(max_examples=60, deadline=None)
def test_rotations_come_back_in_the_nearest_channels(seed, mode):
    """Near what was there: as the curve goes on, in the same turn."""
    random = np.random.default_rng(seed)
    near = random.normal(0, 2, (5, 4 if mode in ("QUATERNION", "AXIS_ANGLE") else 3))
    if mode == "QUATERNION":
        near /= np.linalg.norm(near, axis=1, keepdims=True)
    if mode == "AXIS_ANGLE":
        near[:, 1:] /= np.linalg.norm(near[:, 1:], axis=1, keepdims=True)
    elif mode != "QUATERNION":
        middle = "XYZ".index(mode[1])
        near[:, middle] = np.clip(near[:, middle], -1.4, 1.4)  # at a right angle the other two are one
    turns = rotation_matrices(near, mode)
    assert np.abs(rotation_channels(turns, mode, near) - near).max() < 1e-6
