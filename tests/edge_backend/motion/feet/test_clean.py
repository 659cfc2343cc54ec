"""The foot cleanup as a whole: constraints, settings, and what must not change."""

import numpy as np
import pytest
from foot_dances import case, dance
from foot_faults import add_fault
from sole_metrics import sole_points

from edge_backend.motion.contacts import edge_contacts
from edge_backend.motion.feet import SMPL_RIG, ContactRange, FootSettings, clean, clean_motion
from edge_backend.motion.feet.metrics import plant_slide
from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.motion import Motion
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import Joint


def standing(frames):
    """A dancer who stands on flat feet, knees a little bent: 8 degrees at hip and ankle, 16 at the knee."""
    rotations = np.tile(SMPL_RIG.stance, (frames, 1, 1, 1)).astype(np.float64)
    for joints, angle in (((1, 2), -8), ((4, 5), 16), ((7, 8), -8)):
        rotations[:, joints] = axis_angle_to_matrix(np.array([np.radians(angle), 0, 0]))
    root = np.zeros((frames, 3))
    root[:, 2] = 0.022 - forward_kinematics(rotations[:1], root[:1])[0, [10, 11], 2].mean()
    return rotations, root


def faulty(name="salsa", fault="all"):
    this = case(name, fault)
    return this.faulty.rotations, this.faulty.root, this.contacts


def joints_of(result):
    return forward_kinematics(result.rotations, result.root)


def test_constrained_joints_do_not_move():
    rotations, root, contacts = faulty()
    constrained = np.zeros((len(root), 24), dtype=bool)
    constrained[60] = True  # a keyed pose
    constrained[100:110, Joint.LEFT_WRIST] = True
    constrained[130:140, Joint.RIGHT_ANKLE] = True
    result = clean(rotations, root, contacts, constrained=constrained)
    before, after = forward_kinematics(rotations, root), joints_of(result)
    assert np.array_equal(result.rotations[60], rotations[60])
    assert np.abs(after - before)[constrained].max() < 1e-9
    assert np.abs(after - before).max() > 0.03  # the rest was cleaned


def test_the_motion_beside_a_constrained_pose_does_not_jump():
    rotations, root, contacts = faulty(fault="root drift")
    constrained = np.zeros((len(root), 24), dtype=bool)
    constrained[[40, 90, 91, 92, 130]] = True
    change = joints_of(clean(rotations, root, contacts, constrained=constrained)) - forward_kinematics(rotations, root)
    # The root returns in time. Knees take most: 10 mm per frame squared is a third of what the dance's knees do anyway.
    jolts = np.linalg.norm(np.diff(change, n=2, axis=0), axis=-1).max(axis=0)
    assert jolts[Joint.PELVIS] < 0.001
    assert jolts.max() < 0.010


def test_a_motion_constrained_everywhere_is_unchanged():
    rotations, root, contacts = faulty()
    result = clean(rotations, root, contacts, constrained=np.ones((len(root), 24), dtype=bool))
    assert np.array_equal(result.rotations, rotations)
    assert np.array_equal(result.root, root)


@pytest.mark.parametrize("settings", [FootSettings(enabled=False), FootSettings(strength=0)])
def test_switched_off_it_changes_nothing(settings):
    rotations, root, contacts = faulty()
    result = clean(rotations, root, contacts, settings)
    assert np.array_equal(result.rotations, rotations)
    assert np.array_equal(result.root, root)


def test_half_strength_slides_less_than_none_and_more_than_all():
    rotations, root, contacts = faulty()
    full = clean(rotations, root, contacts)
    slide = [
        np.mean(plant_slide(joints_of(clean(rotations, root, contacts, FootSettings(strength=s))), full.planted))
        for s in (0, 0.5, 1)
    ]
    assert slide[0] > 1.5 * slide[1] > 1.5 * slide[2]


def test_the_floor_can_be_elsewhere():
    rotations, root, contacts = faulty(fault="float")
    low, high = (clean(rotations, root, contacts, FootSettings(floor=floor)) for floor in (0.0, 0.5))
    assert np.allclose(joints_of(high), joints_of(low) + np.array([0, 0, 0.5]), atol=1e-6)


def test_a_contact_by_hand_plants_a_foot_that_the_model_lets_slide():
    rotations, root = standing(90)
    root[:, 0] += np.linspace(0, 0.06, 90)
    none = np.zeros((90, 4))
    settings = FootSettings(contacts=(ContactRange(0, 20, 60),))
    free, planted = clean(rotations, root, none), clean(rotations, root, none, settings)
    assert not free.planted.any()
    assert planted.planted[20:61, 0].all()
    assert plant_slide(joints_of(planted), planted.planted).max() < 1e-5


def test_a_foot_called_planted_high_in_the_air_does_not_pull_the_dancer_down():
    rotations, root = standing(90)
    rotations[:, Joint.RIGHT_HIP] = axis_angle_to_matrix(np.array([np.radians(-40), 0, 0]))
    rotations[:, Joint.RIGHT_KNEE] = axis_angle_to_matrix(np.array([np.radians(80), 0, 0]))
    contacts = np.tile([1, 0, 1, 0], (90, 1))
    result = clean(rotations, root, contacts, FootSettings(contacts=(ContactRange(1, 30, 60),)))
    assert np.abs(result.root - root).max() < 0.07
    assert sole_points(result.rotations, result.root)[40:50, 1, :, 2].max() < 0.02  # its leg takes it down


def test_a_contact_by_hand_frees_a_foot():
    rotations, root, contacts = faulty()
    settings = FootSettings(contacts=(ContactRange(1, 0, len(root), planted=False),))
    assert not clean(rotations, root, contacts, settings).planted[:, 1].any()


@pytest.mark.parametrize(("speed", "contact"), [(0.6, 1.0), (0.2, 0.1)], ids=["too fast", "not a contact"])
def test_a_slide_that_is_meant_is_left_alone(speed, contact):
    """The dancer glides on flat feet for 3 s."""
    rotations, root = standing(90)
    root[:, 1] += speed * np.arange(90) / 30
    moved = joints_of(clean(rotations, root, np.full((90, 4), contact))) - forward_kinematics(rotations, root)
    assert np.abs(moved).max() < 0.005


def test_a_spin_on_one_toe_goes_on_turning():
    """A turn of 180 degrees a second on the left toes, 43 cm/s at that ankle: the toe is locked, its heading free."""
    rotations, root = standing(60)
    turn = axis_angle_to_matrix(np.radians(6) * np.arange(60)[:, None] * [0, 0, 1])
    toe = forward_kinematics(rotations[:1], root[:1])[0, Joint.LEFT_TOES] * [1, 1, 0]
    rotations[:, 0] = turn @ rotations[:, 0]
    root = (turn @ (root - toe)[..., None])[..., 0] + toe
    result = clean(rotations, root, np.ones((60, 4)))
    before, after = forward_kinematics(rotations, root), joints_of(result)
    way = [np.diff(np.unwrap(np.arctan2(*(j[:, 10] - j[:, 7])[:, :2].T)))[10:-10] for j in (before, after)]
    assert np.allclose(way[0], way[1], atol=np.radians(1))


def test_without_pivots_a_planted_toe_keeps_its_heading():
    rotations, root = standing(60)
    sway = np.radians(8) * np.sin(np.arange(60) / 10)
    rotations[:, 0] = axis_angle_to_matrix(sway[:, None] * [0, 0, 1]) @ rotations[:, 0]
    contacts = np.tile([0, 0, 1, 1], (60, 1))  # toes alone
    headings = []
    for allow in (True, False):
        joints = joints_of(clean(rotations, root, contacts, FootSettings(allow_pivots=allow)))
        way = joints[10:-10, Joint.LEFT_TOES] - joints[10:-10, Joint.LEFT_ANKLE]
        headings.append(np.ptp(np.arctan2(way[:, 1], way[:, 0])))
    assert headings[0] > np.radians(10)
    assert headings[1] < np.radians(0.5)


def test_a_sole_lies_flat_on_the_floor_where_the_whole_foot_stands():
    this = case("salsa", "wobble")
    soles = sole_points(this.clean.rotations, this.clean.root)[..., 2]
    flat = this.result.planted.all(axis=2)
    assert flat.sum() > 50
    # a millimetre: where plants begin, toes are still on their way
    assert np.abs(soles[flat]).max() < 1e-3


def test_toes_lie_flat_where_the_heel_is_up():
    this = case("salsa", "wobble")
    soles = sole_points(this.clean.rotations, this.clean.root)[..., 2]
    toes = this.result.planted[..., 1] & ~this.result.planted[..., 0]
    assert toes.sum() > 50
    assert np.abs(soles[toes][:, 2:]).max() < 2e-3


@pytest.mark.parametrize("frames", [0, 1, 2, 3, 5])
def test_the_shortest_motions_come_back_whole(frames):
    rotations, root = standing(frames) if frames else (np.zeros((0, 24, 3, 3)), np.zeros((0, 3)))
    result = clean(rotations, root, np.ones((frames, 4)))
    assert result.rotations.shape == rotations.shape
    assert np.isfinite(result.rotations).all() and np.isfinite(result.root).all()


@pytest.mark.parametrize("contacts", [np.zeros(4), np.ones(4)], ids=["never", "always"])
def test_a_motion_without_sense_gives_finite_rotations(contacts):
    random = np.random.default_rng(0)
    rotations = axis_angle_to_matrix(random.normal(size=(80, 24, 3)) * 2)
    root = random.normal(size=(80, 3))
    result = clean(rotations, root, np.tile(contacts, (80, 1)))
    assert np.isfinite(result.root).all()
    assert np.allclose(result.rotations @ result.rotations.swapaxes(-1, -2), np.eye(3), atol=1e-6)


def test_the_type_of_numbers_stays_and_the_input_too():
    good = dance("salsa")
    rotations, root = (array.astype(np.float32) for array in add_fault("all", good.rotations, good.root))
    before = rotations.copy(), root.copy()
    result = clean(rotations, root, edge_contacts(good.joints))
    assert result.rotations.dtype == result.root.dtype == np.float32
    assert np.array_equal(rotations, before[0]) and np.array_equal(root, before[1])


def test_a_dance_keeps_its_beats_contacts_and_meta():
    rotations, root, contacts = faulty()
    motion = Motion(rotations, root, contacts, np.array([0.5, 1.0]), {"seed": 3})
    cleaned = clean_motion(motion)
    assert cleaned.meta == motion.meta and np.array_equal(cleaned.beats, motion.beats)
    assert np.array_equal(cleaned.contacts, contacts)
    assert np.array_equal(cleaned.rotations, clean(rotations, root, contacts).rotations)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("root", {"root": np.zeros((3, 3))}),
        ("contacts", {"contacts": np.zeros((4, 3))}),
        ("constrained", {"constrained": np.zeros(4)}),
    ],
)
def test_wrong_shapes_are_named(name, change):
    rotations, root = standing(4)
    arguments = {"root": root, "contacts": None, "constrained": None} | change
    with pytest.raises(ValueError, match=name):
        clean(rotations, arguments["root"], arguments["contacts"], constrained=arguments["constrained"])


@pytest.mark.parametrize("wrong", [{"strength": 1.5}, {"contact_threshold": 0.0}, {"blend_frames": 0}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        FootSettings(**wrong)
