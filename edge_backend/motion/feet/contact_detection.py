"""Detects footplants from the model's contact channels, height and speed of the joints, and the animator's ranges.

Plants have the shape (T, legs, 2): the heel (the ankle joint) and the toes (the toe joint) of each leg.
"""

from collections.abc import Callable

import numpy as np

from ...numerics.array import Array
from ...numerics.intervals import distance, runs
from ...schema.frames import FPS
from .settings import FootSettings

# Hysteresis thresholds: START begins a plant, STAY continues it. Heights: metres above the height on a flat foot.
# Feet of a generated motion slide at 0.3 to 0.8 m/s even where its contact channels are 1: speed only excludes swings.
START_SPEED, STAY_SPEED = 0.70, 1.00  # metres per second
START_HEIGHT, STAY_HEIGHT = 0.025, 0.045
LANDS_HEIGHT, LANDS_SPEED = 0.005, 0.20  # a joint above both, metres and vertical m/s, has not landed or has lifted off
SHORTEST_PLANT = 4  # frames
LONGEST_GAP = 2  # frames without contact that do not end a plant

SLIDE_SPEED = 0.12  # metres per second; a plant whose median speed is larger is a slide
LONGEST_SLIDE = 0.15  # metres from the plant's mean position; longer slides are taken as intended and released
LONGEST_SHIFT = 0.10  # metres from the plant's mean position; a slower plant that extends further contains a step
WIDEST_TURN = np.radians(15)  # from the mean heading of a flat foot; a foot that turns further pivots on its toes
HEEL_LIFTS = 0.004  # metres; a heel is released where the pelvis would have to be lowered by more
PIVOT_SPEED = np.radians(45)  # per second; a pivoting foot's heel is released in frames in which it turns faster
STEP_FRAMES = 4  # frames that are freed for the step or turn within a plant


def detect_contacts(points: Array, heights: Array, contacts: Array, settings: FootSettings, scale: float) -> Array:
    """Planted heels and toes, bool (T, legs, 2).

    points: (T, legs, 2, 3) ankle and toe joints, metres, world. heights: (T, legs, 2) metres above their height on a
    flat foot. contacts: (T, legs, 2) in [0, 1]; frame t is about the interval from t to t + 1, as in EDGE. scale: the
    rig's leg length over SMPL's.
    """
    contact = np.maximum(contacts, np.concatenate([contacts[:1], contacts[:-1]]))
    speed = joint_speed(points) / scale
    height = np.abs(heights) / scale
    start = (contact >= settings.contact_threshold) & (speed < START_SPEED) & (height < START_HEIGHT)
    stay = (contact >= settings.contact_threshold / 2) & (speed < STAY_SPEED) & (height < STAY_HEIGHT)
    planted = np.zeros(start.shape, dtype=bool)
    for leg, part in np.ndindex(start.shape[1:]):
        planted[:, leg, part] = _sustained(start[:, leg, part], stay[:, leg, part])
    return _landed(planted, heights / scale)


def _sustained(start: Array, stay: Array) -> Array:
    stay = stay.copy()
    for first, end in runs(~stay):
        if first > 0 and end < len(stay) and end - first <= LONGEST_GAP:
            stay[first:end] = True
    planted = np.zeros_like(stay)
    for first, end in runs(stay):
        planted[first:end] = end - first >= SHORTEST_PLANT and start[first:end].any()
    return planted


def _landed(planted: Array, heights: Array) -> Array:
    """The plants (T, legs, 2) without first and last frames in which the joint still lands or already lifts off.

    heights: (T, legs, 2) metres over the rig's scale.
    """
    planted = planted.copy()
    flies = (np.abs(heights) > LANDS_HEIGHT) & (np.abs(_rates(heights)) > LANDS_SPEED)
    for leg, part in np.ndindex(planted.shape[1:]):
        track = planted[:, leg, part]
        for first, end in runs(track):
            down = first + np.flatnonzero(~flies[first:end, leg, part])
            track[first:end] = False
            if down.size and down[-1] - down[0] + 1 >= SHORTEST_PLANT:
                track[down[0] : down[-1] + 1] = True
    return planted


def release_slides(planted: Array, points: Array, scale: float) -> Array:
    """The plants (T, legs, 2) without long slides and steps.

    points: (T, legs, 2, 3) metres, world, with the root's drift removed. A plant that slides throughout is released if
    it is longer than LONGEST_SLIDE. One that stands, moves and stands again is split where it moves fastest.
    """
    planted = planted.copy()
    speed = joint_speed(points) / scale
    for leg, part in np.ndindex(planted.shape[1:]):
        place = points[:, leg, part, :2] / scale

        def spread(first: int, end: int, place: Array = place) -> float:
            return float(np.linalg.norm(place[first:end] - place[first:end].mean(axis=0), axis=1).max())

        track, pace = planted[:, leg, part], speed[:, leg, part]
        for first, end in runs(track):
            if np.median(pace[first:end]) > SLIDE_SPEED:
                track[first:end] = spread(first, end) <= LONGEST_SLIDE
            else:
                _break(track, [(first, end)], spread, LONGEST_SHIFT, pace)
    return planted


def release_pivots(planted: Array, headings: Array) -> Array:
    """The plants (T, legs, 2) with the heel released where a flat foot turns. headings: (T, legs) radians about z."""
    planted = planted.copy()
    for leg in range(planted.shape[1]):
        angle = np.unwrap(headings[:, leg])

        def spread(first: int, end: int, angle: Array = angle) -> float:
            return float(np.abs(angle[first:end] - angle[first:end].mean()).max())

        pace = np.abs(np.gradient(angle)) if len(angle) > 1 else np.zeros(len(angle))
        flat = planted[:, leg].all(axis=1)
        standing = flat.copy()
        for first, end in runs(flat):
            if spread(first, end) > WIDEST_TURN:
                standing[first:end] = pace[first:end] < PIVOT_SPEED / FPS
        _break(standing, runs(standing), spread, WIDEST_TURN, pace)
        planted[flat & ~standing, leg, 0] = False
    return planted


def release_heels(planted: Array, missing: Array) -> Array:
    """The plants (T, legs, 2) with the heel released where the leg is too short for a flat foot.

    missing: (T, legs) metres, over the rig's scale, by which the pelvis would have to be lowered.
    """
    planted = planted.copy()
    for leg in range(planted.shape[1]):
        flat = planted[:, leg].all(axis=1)
        short = distance(missing[:, leg] > HEEL_LIFTS) <= STEP_FRAMES
        planted[flat & short, leg, 0] = False
        for first, end in runs(planted[:, leg, 0]):
            if end - first < SHORTEST_PLANT:
                planted[first:end, leg, 0] = False
    return planted


def part_handovers(planted: Array) -> Array:
    """The plants (T, legs, 2) with free frames between a plant of the heel alone and one of the toes alone.

    Such a foot shares no planted point between the two, so it needs time to move.
    """
    planted = planted.copy()
    heel, toes = planted[..., 0], planted[..., 1]
    switch = (heel & ~toes)[:-1] & (toes & ~heel)[1:] | (toes & ~heel)[:-1] & (heel & ~toes)[1:]
    for frame, leg in np.argwhere(switch):
        planted[max(frame + 1 - STEP_FRAMES // 2, 0) : frame + 1 + STEP_FRAMES // 2, leg] = False
    return planted


def _break(
    track: Array, stretches: list[tuple[int, int]], spread: Callable[[int, int], float], limit: float, pace: Array
) -> None:
    """Split intervals of a track bool (T,), in place, at their fastest frames until each one's spread is <= limit.

    stretches: (first frame, frame after the last). spread: a measure of such an interval. pace: (T,) speeds.
    """
    pending = list(stretches)
    while pending:
        first, end = pending.pop()
        if end - first < SHORTEST_PLANT:
            track[first:end] = False
        elif spread(first, end) > limit:
            fastest = first + int(np.argmax(pace[first:end]))
            left, right = max(first, fastest - STEP_FRAMES // 2), min(end, fastest + STEP_FRAMES // 2 + 1)
            track[left:right] = False
            pending += [(first, left), (right, end)]


def by_hand(planted: Array, settings: FootSettings) -> Array:
    """The plants (T, legs, 2) overwritten by the ranges in settings.contacts. Raises ValueError for unknown legs."""
    planted = planted.copy()
    for contact in settings.contacts:
        if not 0 <= contact.leg < planted.shape[1]:
            raise ValueError(f"a contact is given for leg {contact.leg}; the rig has {planted.shape[1]}")
        parts = {"foot": slice(None), "heel": slice(0, 1), "toes": slice(1, 2)}[contact.part]
        planted[max(contact.start, 0) : contact.end + 1, contact.leg, parts] = contact.planted
    return planted


def joint_speed(points: Array) -> Array:
    """Speed (T, ...), metres per second, of points (T, ..., 3), metres, at 30 frames a second; central differences."""
    return np.linalg.norm(_rates(points), axis=-1)


def _rates(values: Array) -> Array:
    """Change per second of values (T, ...) at 30 frames a second; central differences."""
    return np.gradient(values, axis=0) * FPS if len(values) > 1 else np.zeros(values.shape)
