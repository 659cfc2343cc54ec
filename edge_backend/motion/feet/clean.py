"""Foot cleanup from end to end: plants, root, targets, legs (after Kovar, Schreiner and Gleicher 2002)."""

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np

from ...numerics.array import Array
from ..motion import Motion
from ..rotations import axis_angle_to_matrix, matrix_to_axis_angle
from ..steps import at_once, part
from .body import Body
from .contact_detection import by_hand, detect_contacts, part_handovers, release_heels, release_pivots, release_slides
from .curves import rise
from .legs import STRETCH, longest_legs, reach_leg
from .proportions import carried_spread, fit_in_steps, leg_ways
from .rig import SMPL_RIG, FootRig
from .root import drift_shift, find_floor, floor_shift
from .settings import FootSettings
from .targets import FootPlan, FootTrack, follow_leg, follow_plan, loosened, plan_foot
from .turns import heading, inverse

# The pelvis comes down where a planted foot needs a leg longer than it was and than this share of thigh + shin.
STRAIGHT = 0.997
DEEPEST_DROP = 0.06  # metres
DROP_REACH = 6  # frames
UNTOUCHED = 1e-9  # metres or radians


@dataclass(frozen=True)
class Cleaned:
    """A cleaned motion.

    rotations: (T, J, 3, 3) local. root: (T, 3). planted: bool (T, legs, 2), heel and toes, what was locked.
    touched: bool (T, legs), frames in which a leg's pose was changed; elsewhere it is the input's, bit for bit.
    """

    rotations: Array
    root: Array
    planted: Array
    touched: Array


def clean(
    rotations: Array,
    root: Array,
    contacts: Array | None = None,
    settings: FootSettings | None = None,
    *,
    rig: FootRig = SMPL_RIG,
    held: Array | None = None,
) -> Cleaned:
    """Take foot skate, floating and sinking out of a motion at 30 frames a second.

    rotations: (T, J, 3, 3) local. root: (T, 3) metres, world, z up. contacts: (T, 2 legs) in [0, 1]: ankles in the
    order of the rig's legs, then toes, as EDGE's channels; None takes every slow joint as a possible contact.
    held: bool (T, J), what the animator holds: those joints do not move in those frames.
    Returns arrays of the input's types. Raises ValueError if shapes disagree. After Kovar et al. 2002, with the root
    corrected by contact as in GVHMR (Shen et al. 2024).
    """
    settings = settings or FootSettings()
    body = Body(rotations, root, rig, contacts, held)
    if not settings.enabled or settings.strength == 0 or body.frames == 0:
        free = np.zeros(body.contacts.shape, dtype=bool)
        return Cleaned(rotations.copy(), root.copy(), free, free[..., 0])
    planted, shift = _stand(body, settings)
    plans = _plan(body, planted, shift, settings)
    planted = part_handovers(release_heels(planted, _missing_reach(body, plans, shift) / rig.scale))
    planted = by_hand(planted, settings)
    plans = _plan(body, planted, shift, settings)
    shift = settings.strength * (shift - _pelvis_drop(body, plans, shift)[:, None] * [0, 0, 1])
    feet = zip(body.tracks(shift), body.rig.feet, plans, strict=True)
    wanted = [follow_plan(track, foot, plan, settings) for track, foot, plan in feet]
    return _apply(body, plans, shift, wanted, settings.strength)


def settle(
    rotations: Array, root: Array, contacts: Array, settings: FootSettings | None = None, *, rig: FootRig
) -> Cleaned:
    """What `settle_in_steps` makes, all at once."""
    return at_once(settle_in_steps(rotations, root, contacts, settings, rig=rig))


def settle_in_steps(
    rotations: Array, root: Array, contacts: Array, settings: FootSettings | None = None, *, rig: FootRig
) -> Generator[float, None, Cleaned]:
    """Let a clean motion's feet stand on a rig of other proportions, changing no more than these demand.

    rotations, root, rig: as for `clean`: the motion as it was carried over, the hips' way grown with the legs.
    contacts: (T, 2 legs), above 0 where the motion's feet stand, frame t for the way from t to t + 1: just there they
    are planted. Legs keep their directions as far as that goes: the root gives by up to 1 % of its reach, stances stand
    where they turn legs least. Beyond that the root is put higher or lower for good, and down where a leg is too short.
    In steps, which yield how much is done.
    """
    settings = settings or FootSettings()
    body = Body(rotations, root, rig, contacts, None)
    if not settings.enabled or settings.strength == 0 or body.frames == 0:
        free = np.zeros(body.contacts.shape, dtype=bool)
        return Cleaned(rotations.copy(), root.copy(), free, free[..., 0])
    stands = body.contacts > 0
    stands[1:] |= stands[:-1].copy()
    planted = by_hand(part_handovers(stands), settings)
    shift = np.zeros((body.frames, 3))
    shift[:, 2] = _usual_height(body, _plan(body, planted, shift, settings))
    yield 0.1
    plans = _plan(body, planted, shift, settings)
    yield 0.2
    shift, plans = yield from part(fit_in_steps(body, plans, shift, settings), 0.2, 0.8)
    spreads = [carried_spread(body, leg) for leg in range(len(plans))]
    carried = zip(body.tracks(shift), body.rig.feet, plans, spreads, strict=True)
    plans = [loosened(track, foot, plan, settings, spread) for track, foot, plan, spread in carried]
    shift[:, 2] -= _pelvis_drop(body, plans, shift, STRETCH)
    shift *= settings.strength
    yield 0.85
    ways = leg_ways(body, plans, shift, settings)
    yield 0.9
    moved = zip(body.tracks(shift), ways, body.rig.feet, plans, strict=True)
    wanted = [follow_leg(track, way, foot, plan, settings) for track, way, foot, plan in moved]
    return _apply(body, plans, shift, wanted, settings.strength)


def _usual_height(body: Body, plans: list[FootPlan]) -> float:
    """How far the pelvis goes up for good, so that most ankles stand as high as their feet ask for."""
    missing = [(plan.ankle[:, 2] - body.points[:, leg, 0, 2])[plan.fixed] for leg, plan in enumerate(plans)]
    return float(np.median(np.concatenate(missing))) if any(len(one) for one in missing) else 0.0


def clean_motion(motion: Motion, settings: FootSettings | None = None, held: Array | None = None) -> Motion:
    """The dance with clean feet; `clean` says how. held: bool (T, 24)."""
    cleaned = clean(motion.rotations, motion.root, motion.contacts, settings, held=held)
    return replace(motion, rotations=cleaned.rotations, root=cleaned.root)


def _stand(body: Body, settings: FootSettings) -> tuple[Array, Array]:
    """Plants (T, legs, 2) and the root's shift (T, 3) that they ask for."""
    scale = body.rig.scale
    floor = find_floor(body.points, body.heights, body.contacts, scale)
    heights = body.heights - floor[:, None, None]
    planted = by_hand(detect_contacts(body.points, heights, body.contacts, settings, scale), settings)
    drift = drift_shift(planted, body.points, body.held_root, scale)
    steady = body.points + np.pad(drift, ((0, 0), (0, 1)))[:, None, None]
    planted = release_slides(planted, steady, scale)
    if settings.allow_pivots:
        angles = np.stack([heading(body.foot_turns(leg)[0])[1] for leg in range(planted.shape[1])], axis=1)
        planted = release_pivots(planted, angles)
    planted = by_hand(planted, settings)
    shift = np.empty((body.frames, 3))
    shift[:, :2] = drift_shift(planted, body.points, body.held_root, scale)
    shift[:, 2] = floor_shift(planted, body.heights - settings.floor, floor - settings.floor, body.held_root, scale)
    return planted, np.where(body.held_root[:, None], 0, shift)


def _plan(body: Body, planted: Array, shift: Array, settings: FootSettings) -> list[FootPlan]:
    return [
        plan_foot(track, foot, planted[:, leg], body.held_legs[:, leg], settings)
        for leg, (track, foot) in enumerate(zip(body.tracks(shift), body.rig.feet, strict=True))
    ]


def _pelvis_drop(body: Body, plans: list[FootPlan], shift: Array, straight: float = STRAIGHT) -> Array:
    """How far (T,) the pelvis comes down so that planted feet are in reach."""
    need = np.minimum(_missing_reach(body, plans, shift, straight).max(axis=1), DEEPEST_DROP * body.rig.scale)
    return rise(need, body.held_root, DROP_REACH, late=np.inf)


def _missing_reach(body: Body, plans: list[FootPlan], shift: Array, straight: float = STRAIGHT) -> Array:
    """How far (T, legs) each hip would have to come down for its planted foot."""
    need = np.zeros((body.frames, len(plans)))
    for index, (plan, foot, leg) in enumerate(zip(plans, body.rig.feet, body.rig.legs, strict=True)):
        old = np.linalg.norm(body.joints[:, leg.ankle] - body.joints[:, leg.hip], axis=1)
        reach = np.maximum(old, straight * (foot.thigh + foot.shin))
        way = plan.ankle - body.joints[:, leg.hip] - shift
        aside = np.sum(way[:, :2] ** 2, axis=1)
        drop = -way[:, 2] - np.sqrt(np.maximum(reach**2 - aside, 0))
        need[:, index] = np.where(plan.fixed & ~plan.held, np.maximum(drop, 0), 0)
    return need


def _apply(body: Body, plans: list[FootPlan], shift: Array, wanted: list[FootTrack], strength: float) -> Cleaned:
    planted = np.stack([plan.planted for plan in plans], axis=1)
    touched = np.zeros(planted.shape[:2], dtype=bool)
    rotations = body.rotations.copy()
    for index, (track, plan, foot) in enumerate(zip(body.tracks(shift), plans, wanted, strict=True)):
        touched[:, index] = _turn_leg(body, index, plan, _change(track, foot, strength), rotations)
    return Cleaned(rotations, (body.root + shift).astype(body.root.dtype), planted, touched)


def _change(track: FootTrack, wanted: FootTrack, strength: float) -> Array:
    """From a foot to the wanted one (T, 3, 3): the ankle's way in metres, its turn, and the toe joint's turn on top of
    that, both as axis-angle vectors in the world."""
    turn = matrix_to_axis_angle(wanted.turn @ inverse(track.turn))
    carried = axis_angle_to_matrix(strength * turn) @ track.toe_turn
    toe_turn = matrix_to_axis_angle(wanted.toe_turn @ inverse(carried))
    return strength * np.stack([wanted.ankle - track.ankle, turn, toe_turn], axis=1)


def _turn_leg(body: Body, index: int, plan: FootPlan, change: Array, rotations: Array) -> Array:
    """Write one leg's local rotations into rotations (T, J, 3, 3) in the frames that change; returns those (T,)."""
    leg, parents = body.rig.legs[index], body.rig.skeleton.parents
    frames = (np.abs(change).max(axis=(1, 2)) > UNTOUCHED) & ~plan.held
    joints, turns = body.joints[frames], body.turns[frames]
    step, ankle, toe = change[frames, 0], *axis_angle_to_matrix(change[frames, 1:]).swapaxes(0, 1)
    thigh, shin = joints[:, leg.knee] - joints[:, leg.hip], joints[:, leg.ankle] - joints[:, leg.knee]
    hinge = turns[:, leg.hip] @ body.rig.feet[index].hinge
    longest = longest_legs(thigh, shin, plan.fixed[frames])
    reached = reach_leg(thigh, shin, hinge, thigh + shin + step, longest)
    shank = reached.hip @ reached.knee
    # What turns each joint, and what turns its parent, in the world.
    world = {leg.hip: (reached.hip, np.eye(3)), leg.knee: (shank, reached.hip)}
    world |= {leg.ankle: (ankle, shank), leg.toe: (toe @ ankle, ankle)}
    for joint, (own, above) in world.items():
        rotations[frames, joint] = inverse(above @ turns[:, parents[joint]]) @ own @ turns[:, joint]
    return frames
