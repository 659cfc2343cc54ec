"""Detection of plants, on one foot that moves as each test prescribes."""

import numpy as np
import pytest

from edge_backend.motion.feet import ContactRange, FootSettings
from edge_backend.motion.feet.contact_detection import (
    by_hand,
    detect_contacts,
    part_handovers,
    release_pivots,
    release_slides,
)
from edge_backend.numerics.intervals import runs

FRAMES = 60


def scene(speed=0.0, height=0.0, contact=1.0):
    """Points, heights, contacts of a foot that moves along x. Each argument: one number, or one per frame."""
    speed, height, contact = (np.broadcast_to(np.asarray(value, float), FRAMES) for value in (speed, height, contact))
    points = np.zeros((FRAMES, 1, 2, 3))
    points[..., 0] = (np.cumsum(speed) / 30)[:, None, None]
    points[..., 2] = height[:, None, None]
    heights = np.repeat(height[:, None, None], 2, axis=2)
    return points, heights, np.repeat(contact[:, None, None], 2, axis=2)


def planted(*args, settings=None, **kwargs):
    return detect_contacts(*scene(*args, **kwargs), settings or FootSettings(), 1.0)[:, 0]


def between(start, end, inside, outside):
    values = np.full(FRAMES, float(outside))
    values[start:end] = inside
    return values


def test_a_still_foot_on_the_floor_is_planted():
    assert planted().all()


@pytest.mark.parametrize(
    "change", [{"contact": 0.1}, {"height": 0.1}, {"speed": 1.2}], ids=["the model says no", "in the air", "it moves"]
)
def test_contact_height_and_speed_each_can_refuse(change):
    assert not planted(**change).any()


def test_a_doubtful_contact_keeps_a_plant_but_starts_none():
    assert not planted(contact=0.4).any()
    doubt = between(10, 20, 0.9, 0.4)
    assert planted(contact=doubt).all()


def test_short_touches_are_no_plants_and_short_gaps_no_steps():
    assert not planted(contact=between(20, 22, 1, 0)).any()
    assert planted(contact=between(20, 22, 0, 1)).all()
    assert runs(~planted(contact=between(20, 30, 0, 1))[:, 0]) == [(21, 30)]  # frame 19 says that 20 is there yet


def test_the_threshold_is_a_setting():
    assert planted(contact=0.3, settings=FootSettings(contact_threshold=0.25)).all()


def test_a_slow_slide_over_a_long_way_is_meant():
    points, heights, contacts = scene(speed=0.18)
    found = detect_contacts(points, heights, contacts, FootSettings(), 1.0)
    assert found.all()
    assert not release_slides(found, points, 1.0).any()


def test_a_foot_that_creeps_a_little_is_planted():
    points, heights, contacts = scene(speed=0.05)  # 10 cm in 2 s
    found = detect_contacts(points, heights, contacts, FootSettings(), 1.0)
    assert release_slides(found, points, 1.0).all()


def test_a_foot_with_contact_is_planted_although_it_slides_fast_if_not_far():
    """As in generated motions: 0.6 m/s while the contact channel is 1, except for a quarter of a second."""
    contact = between(20, 27, 1, 0)
    points, heights, contacts = scene(speed=0.6, contact=contact)
    found = detect_contacts(points, heights, contacts, FootSettings(), 1.0)
    assert runs(release_slides(found, points, 1.0)[:, 0, 0]) == [(20, 28)]
    always = np.ones((FRAMES, 1, 2), dtype=bool)
    assert not release_slides(always, points, 1.0).any()  # 1.2 m: it means to


def test_a_foot_that_comes_down_or_goes_up_has_not_landed():
    """It comes down at 0.45 m/s; the model's contact begins 4 cm above the floor and ends as high."""
    height = np.concatenate([np.linspace(0.045, 0, 4), np.zeros(FRAMES - 8), np.linspace(0, 0.045, 4)])
    assert runs(planted(height=height)[:, 0]) == [(3, FRAMES - 3)]


def test_a_foot_that_stands_shifts_and_stands_gets_its_step_back():
    points, _, _ = scene(speed=between(28, 32, 2.0, 0.0))  # 27 cm in 4 frames
    (first, last) = runs(release_slides(np.ones((FRAMES, 1, 2), dtype=bool), points, 1.0)[:, 0, 0])
    assert first[0] == 0 and last[1] == FRAMES
    assert 25 <= first[1] <= 30 <= last[0] <= 35


def test_a_flat_foot_that_turns_pivots_on_its_toes():
    turning = np.cumsum(between(20, 40, np.radians(4), 0))[:, None]
    found = release_pivots(np.ones((FRAMES, 1, 2), dtype=bool), turning)[:, 0]
    assert found[:, 1].all()
    assert not found[29:31, 0].any()
    assert found[:15, 0].all() and found[45:, 0].all()


def test_between_heel_alone_and_toes_alone_there_are_free_frames():
    heel_then_toes = np.zeros((FRAMES, 1, 2), dtype=bool)
    heel_then_toes[10:30, 0, 0] = True
    heel_then_toes[30:50, 0, 1] = True
    assert runs(part_handovers(heel_then_toes)[:, 0].any(axis=1)) == [(10, 28), (32, 50)]


def test_contacts_by_hand_overrule():
    ranges = (ContactRange(0, 5, 9), ContactRange(0, 20, 24, part="toes"), ContactRange(0, 8, 8, planted=False))
    found = by_hand(np.zeros((FRAMES, 1, 2), dtype=bool), FootSettings(contacts=ranges))[:, 0]
    assert runs(found[:, 0]) == [(5, 8), (9, 10)]
    assert runs(found[:, 1]) == [(5, 8), (9, 10), (20, 25)]


def test_a_contact_by_hand_needs_a_leg_that_exists():
    with pytest.raises(ValueError, match="leg 2"):
        by_hand(np.zeros((FRAMES, 2, 2), dtype=bool), FootSettings(contacts=(ContactRange(2, 0, 5),)))
