"""The steps of the foot cleanup: plants, root, foot targets, leg IK (after Kovar, Schreiner and Gleicher 2002)."""

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np

from ...numerics.array import Array
from ..motion import Motion
from ..rotations import axis_angle_to_matrix, matrix_to_axis_angle
from ..steps import at_once, part
from .body import Body
from .contact_detection import by_hand, detect_contacts, part_handovers, release_heels, release_pivots, release_slides
from .curves import envelope, rise
from .legs import STRETCH, folded_legs, longest_legs, reach_leg, within_reach
from .proportions import RetargetedLeg, ankle_path, fit_in_steps
from .rig import SMPL_LEG_JOINTS, SMPL_LEGS, SMPL_RIG, FootRig
from .root import drift_shift, find_floor, floor_shift
from .settings import FootSettings
from .targets import FootPlan, FootTrack, follow_leg, follow_plan, loosened, lowest_ankle, plan_foot
from .turns import heading, inverse

# The pelvis is lowered where a planted foot would need a leg longer than in the input and than this share of
# thigh + shin.
STRAIGHT = 0.997
DEEPEST_DROP = 0.06  # metres
# The same after retargeting, where hips that are far apart are lifted by a tilted pelvis.
DEEPEST_RIG_DROP = 0.4
HIGHEST_RIG_RISE = 0.1  # metres, after retargeting, over feet that are folded under it
# Metres: nearer to the floor, after retargeting, a hip joint is below the root by HIP_BELOW at most, as the model's own
# always is, or not at all in a pelvis so wide that it would be twice as far below.
LOW_HIP, HIP_BELOW = 0.35, 0.1
DROP_REACH = 6  # frames
UNTOUCHED = 1e-9  # metres or radians


@dataclass(frozen=True)
class Cleaned:
    """A cleaned motion.

    rotations: (T, J, 3, 3) local. root: (T, 3) metres, world. planted: bool (T, legs, 2), heel and toes, the plants
    that were enforced. touched: bool (T, legs), frames in which a leg's rotations were changed; in all others they
    equal the input's, bit for bit.
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
    constrained: Array | None = None,
) -> Cleaned:
    """Remove foot skate, floating and floor penetration from a motion at 30 frames a second.

    rotations: (T, J, 3, 3) local. root: (T, 3) metres, world, z up. contacts: (T, 2 legs) in [0, 1]: ankles in the
    order of the rig's legs, then toes, as EDGE's channels; None takes every slow joint as a possible contact.
    constrained: bool (T, J), joints whose world positions and rotations must not change in these frames.
    Returns arrays of the input's dtypes. Raises ValueError if shapes disagree. After Kovar et al. 2002, with the root
    corrected by contacts as in GVHMR (Shen et al. 2024).
    """
    settings = settings or FootSettings()
    body = Body(rotations, root, rig, contacts, constrained)
    if not settings.enabled or settings.strength == 0 or body.frames == 0:
        free = np.zeros(body.contacts.shape, dtype=bool)
        return Cleaned(rotations.copy(), root.copy(), free, free[..., 0])
    planted, shift = _plants(body, settings)
    plans = _plan(body, planted, shift, settings)
    drop = _pelvis_drop(body, _missing_reach(body, plans, shift), DEEPEST_DROP)
    shift = settings.strength * (shift - drop[:, None] * [0, 0, 1])
    feet = zip(body.tracks(shift), body.rig.feet, plans, strict=True)
    wanted = [follow_plan(track, foot, plan, settings) for track, foot, plan in feet]
    return _apply(body, plans, shift, wanted, settings.strength)


def find_plants(rotations: Array, root: Array, contacts: Array | None = None) -> Array:
    """The plants, bool (T, legs, 2), that `clean` enforces on the SMPL skeleton, without the rest of its work.

    rotations, root, contacts: as for `clean`.
    """
    if not len(rotations):
        return np.zeros((0, len(SMPL_RIG.legs), 2), dtype=bool)
    return _plants(Body(rotations[:, SMPL_LEG_JOINTS], root, SMPL_LEGS, contacts, None), FootSettings())[0]


def settle(
    rotations: Array, root: Array, contacts: Array, settings: FootSettings | None = None, *, rig: FootRig
) -> Cleaned:
    """Run `settle_in_steps` to its end; arguments, result and errors are the same."""
    return at_once(settle_in_steps(rotations, root, contacts, settings, rig=rig))


def settle_in_steps(
    rotations: Array, root: Array, contacts: Array, settings: FootSettings | None = None, *, rig: FootRig
) -> Generator[float, None, Cleaned]:
    """Re-plant the feet of a clean motion after retargeting to other proportions, with the least change of leg angles.

    rotations: (T, J, 3, 3) local and root: (T, 3) metres, world, z up, after retargeting, with the root's path scaled
    by leg length. contacts: (T, 2 legs), above 0 where a foot stands between frames t and t + 1; exactly these are
    planted. rig: the target's legs. Leg directions are preserved as far as possible: the root may deviate by up to 1 %
    of its range, and stances are placed where legs rotate least. In addition the root's height changes by a constant,
    decreases in frames in which a leg is too short, and increases where one cannot fold as far as it would have to, or
    where wide hips would be under the floor.
    Yields the fraction that is done. Raises ValueError if shapes disagree.
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
    plans = _plan(body, planted, shift, settings)  # the same wherever the root's height is
    shift[:, 2] = _usual_height(body, plans)
    shift[:, 2] += _wide_hips_rise(body, shift, settings)
    legs = [RetargetedLeg.of(body, number) for number in range(len(plans))]
    yield 0.1
    shift, plans = yield from part(fit_in_steps(body, legs, plans, shift, settings), 0.1, 0.8)
    plans = [
        loosened(leg.ankle + shift, leg.foot, plan, settings, leg.pull) for leg, plan in zip(legs, plans, strict=True)
    ]
    missing = _missing_height(body, plans, shift, _rig_reach(body))
    shift[:, 2] -= _pelvis_drop(body, missing, DEEPEST_RIG_DROP)
    shift[:, 2] += _pelvis_rise(body, legs, plans, shift, settings)
    shift *= settings.strength
    yield 0.85
    paths = [ankle_path(leg, plan, shift, settings) for leg, plan in zip(legs, plans, strict=True)]
    yield 0.9
    moved = zip(body.tracks(shift), paths, body.rig.feet, plans, strict=True)
    wanted = [follow_leg(track, path, foot, plan, settings) for track, path, foot, plan in moved]
    return _apply(body, plans, shift, wanted, settings.strength)


def _usual_height(body: Body, plans: list[FootPlan]) -> float:
    """The median distance, metres, by which planned ankles are above those of the input, over all planted frames."""
    missing = [(plan.ankle[:, 2] - body.points[:, leg, 0, 2])[plan.pinned] for leg, plan in enumerate(plans)]
    return float(np.median(np.concatenate(missing))) if any(len(one) for one in missing) else 0.0


def _wide_hips_rise(body: Body, shift: Array, settings: FootSettings) -> Array:
    """The distance (T,), metres, by which the root is raised where hips that are far apart are rolled; smooth.

    In floor work one of them would be under the floor, with a leg that cannot reach up to it.
    """
    scale, root = body.rig.scale, body.root[:, 2] + shift[:, 2] - settings.floor
    below = (body.root[:, None, 2] - body.joints[:, [leg.hip for leg in body.rig.legs], 2]).max(axis=1)
    least = np.minimum(LOW_HIP * scale, root - np.clip(2 * HIP_BELOW * scale - below, 0, HIP_BELOW * scale))
    return envelope(np.maximum(least - (root - below), 0), DROP_REACH)


def clean_motion(motion: Motion, settings: FootSettings | None = None, constrained: Array | None = None) -> Motion:
    """The motion with rotations and root from `clean`. constrained: bool (T, 24), as for `clean`."""
    cleaned = clean(motion.rotations, motion.root, motion.contacts, settings, constrained=constrained)
    return replace(motion, rotations=cleaned.rotations, root=cleaned.root)


def _plants(body: Body, settings: FootSettings) -> tuple[Array, Array]:
    """Plants within reach of the legs: bool (T, legs, 2), and the root's translation (T, 3), metres, world."""
    planted, shift = _stand(body, settings)
    plans = _plan(body, planted, shift, settings)
    planted = part_handovers(release_heels(planted, _missing_reach(body, plans, shift) / body.rig.scale))
    return by_hand(planted, settings), shift


def _stand(body: Body, settings: FootSettings) -> tuple[Array, Array]:
    """Detect plants: bool (T, legs, 2), and the root's translation (T, 3), metres, world, that follows from them."""
    scale = body.rig.scale
    floor = find_floor(body.points, body.heights, body.contacts, scale)
    heights = body.heights - floor[:, None, None]
    planted = by_hand(detect_contacts(body.points, heights, body.contacts, settings, scale), settings)
    drift = drift_shift(planted, body.points, body.constrained_root, scale)
    steady = body.points + np.pad(drift, ((0, 0), (0, 1)))[:, None, None]
    planted = release_slides(planted, steady, scale)
    if settings.allow_pivots:
        angles = np.stack([heading(body.foot_turns(leg)[0])[1] for leg in range(planted.shape[1])], axis=1)
        planted = release_pivots(planted, angles)
    planted = by_hand(planted, settings)
    shift = np.empty((body.frames, 3))
    shift[:, :2] = drift_shift(planted, body.points, body.constrained_root, scale)
    shift[:, 2] = floor_shift(
        planted, body.heights - settings.floor, floor - settings.floor, body.constrained_root, scale
    )
    return planted, np.where(body.constrained_root[:, None], 0, shift)


def _plan(body: Body, planted: Array, shift: Array, settings: FootSettings) -> list[FootPlan]:
    return [
        plan_foot(track, foot, planted[:, leg], body.constrained_legs[:, leg], settings)
        for leg, (track, foot) in enumerate(zip(body.tracks(shift), body.rig.feet, strict=True))
    ]


def _pelvis_drop(body: Body, missing: Array, deepest: float) -> Array:
    """The distance (T,), metres, by which the pelvis is lowered so that planted feet are within reach; smooth.

    missing: (T, legs) metres, from `_missing_height`. deepest: metres, for a leg of SMPL's length.
    """
    need = np.minimum(missing.max(axis=1), deepest * body.rig.scale)
    return rise(need, body.constrained_root, DROP_REACH, late=np.inf)


def _pelvis_rise(
    body: Body, legs: list[RetargetedLeg], plans: list[FootPlan], shift: Array, settings: FootSettings
) -> Array:
    """The distance (T,), metres, by which the pelvis is raised where a leg cannot fold as far as it would; smooth.

    That is where a foot in the air, under a pelvis that is near the floor, has to be lifted above it.
    """
    need = np.zeros(body.frames)
    for leg, plan in zip(legs, plans, strict=True):
        offset = leg.ankle - leg.hip
        hip, ankle = leg.hip[:, 2] + shift[:, 2], lowest_ankle(leg.foot, plan, settings)
        room = folded_legs(leg.thigh, leg.shin)[:, 0] ** 2 - np.sum(offset[:, :2] ** 2, axis=1)
        folds = ~plan.pinned & (room > 0) & (offset[:, 2] < 0) & (hip + offset[:, 2] < ankle)
        need = np.maximum(need, np.where(folds, ankle + np.sqrt(np.maximum(room, 0)) - hip, 0))
    need = np.minimum(need, HIGHEST_RIG_RISE * body.rig.scale)
    return rise(need, body.constrained_root, DROP_REACH, late=np.inf)


def _missing_reach(body: Body, plans: list[FootPlan], shift: Array) -> Array:
    """As `_missing_height`, for legs that may be as long as in the input, and as STRAIGHT of thigh + shin."""
    full = STRAIGHT * np.array([foot.thigh + foot.shin for foot in body.rig.feet])
    return _missing_height(body, plans, shift, np.maximum(_leg_lengths(body), full))


def _rig_reach(body: Body) -> Array:
    """The distance (T, legs), metres, from hip to ankle that `reach_leg` reaches after retargeting."""
    full = STRETCH * np.array([foot.thigh + foot.shin for foot in body.rig.feet])
    return within_reach(_leg_lengths(body), full)


def _leg_lengths(body: Body) -> Array:
    """The distance (T, legs), metres, from hip to ankle in the input."""
    ends = [body.joints[:, leg.ankle] - body.joints[:, leg.hip] for leg in body.rig.legs]
    return np.linalg.norm(np.stack(ends, axis=1), axis=2)


def _missing_height(body: Body, plans: list[FootPlan], shift: Array, reach: Array) -> Array:
    """The distance (T, legs), metres, by which each hip would have to be lowered to reach its planted foot.

    reach: (T, legs) metres, the greatest distance from hip to ankle.
    """
    need = np.zeros((body.frames, len(plans)))
    for index, (plan, leg) in enumerate(zip(plans, body.rig.legs, strict=True)):
        offset = plan.ankle - body.joints[:, leg.hip] - shift
        aside = np.sum(offset[:, :2] ** 2, axis=1)
        drop = -offset[:, 2] - np.sqrt(np.maximum(reach[:, index] ** 2 - aside, 0))
        need[:, index] = np.where(plan.pinned & ~plan.constrained, np.maximum(drop, 0), 0)
    return need


def _apply(body: Body, plans: list[FootPlan], shift: Array, wanted: list[FootTrack], strength: float) -> Cleaned:
    planted = np.stack([plan.planted for plan in plans], axis=1)
    touched = np.zeros(planted.shape[:2], dtype=bool)
    rotations = body.rotations.copy()
    for index, (track, plan, foot) in enumerate(zip(body.tracks(shift), plans, wanted, strict=True)):
        touched[:, index] = _turn_leg(body, index, plan, _change(track, foot, strength), rotations)
    return Cleaned(rotations, (body.root + shift).astype(body.root.dtype), planted, touched)


def _change(track: FootTrack, wanted: FootTrack, strength: float) -> Array:
    """The change (T, 3, 3) from track to wanted, times strength.

    Rows: the ankle's translation, metres; the ankle's rotation; the toe joint's rotation after that one; both rotations
    as axis-angle vectors, world.
    """
    turn = matrix_to_axis_angle(wanted.turn @ inverse(track.turn))
    retargeted = axis_angle_to_matrix(strength * turn) @ track.toe_turn
    toe_turn = matrix_to_axis_angle(wanted.toe_turn @ inverse(retargeted))
    return strength * np.stack([wanted.ankle - track.ankle, turn, toe_turn], axis=1)


def _turn_leg(body: Body, index: int, plan: FootPlan, change: Array, rotations: Array) -> Array:
    """Solve one leg's IK and write its local rotations into rotations (T, J, 3, 3) in place.

    change: (T, 3, 3) from `_change`. Returns bool (T,), the frames that changed.
    """
    leg, parents = body.rig.legs[index], body.rig.skeleton.parents
    frames = (np.abs(change).max(axis=(1, 2)) > UNTOUCHED) & ~plan.constrained
    joints, turns = body.joints[frames], body.turns[frames]
    step, ankle, toe = change[frames, 0], *axis_angle_to_matrix(change[frames, 1:]).swapaxes(0, 1)
    thigh, shin = joints[:, leg.knee] - joints[:, leg.hip], joints[:, leg.ankle] - joints[:, leg.knee]
    hinge = turns[:, leg.hip] @ body.rig.feet[index].hinge
    longest = longest_legs(thigh, shin, plan.pinned[frames])
    reached = reach_leg(thigh, shin, hinge, thigh + shin + step, longest)
    shank = reached.hip @ reached.knee
    # Each joint's world rotation relative to the input, and its parent's.
    world = {leg.hip: (reached.hip, np.eye(3)), leg.knee: (shank, reached.hip)}
    world |= {leg.ankle: (ankle, shank), leg.toe: (toe @ ankle, ankle)}
    for joint, (own, above) in world.items():
        rotations[frames, joint] = inverse(above @ turns[:, parents[joint]]) @ own @ turns[:, joint]
    return frames
