"""Foot cleanup from end to end: plants, root, targets, legs (after Kovar, Schreiner and Gleicher 2002)."""

from dataclasses import dataclass, replace

import numpy as np

from ..kinematics import forward_kinematics, global_rotations
from ..motion import Motion
from ..rotations import Array, axis_angle_to_matrix, matrix_to_axis_angle
from .curves import envelope
from .legs import reach_leg
from .plants import by_hand, find_plants, joint_speed, part_handovers, release_heels, release_pivots, release_slides
from .rig import SMPL_RIG, FootRig
from .root import drift_shift, find_floor, floor_shift
from .settings import FootSettings
from .targets import FootPlan, FootTrack, follow_plan, heading, plan_foot

CONTACT_SPEED = 0.3  # metres per second: EDGE's own 0.01 m per frame
# The pelvis comes down, by no more than 6 cm, where a planted foot would need a leg straighter than this or than it was.
STRAIGHT = 0.997
DEEPEST_DROP = 0.06
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

    rotations: (T, J, 3, 3) local. root: (T, 3) metres, world, z up. contacts: (T, 2 legs) in [0, 1]: ankles in the order
    of the rig's legs, then toes, as EDGE's channels; None takes every slow joint as a possible contact.
    held: bool (T, J), what the animator holds: those joints do not move in those frames.
    Returns arrays of the input's types. Raises ValueError if shapes disagree. After Kovar et al. 2002, with the root
    corrected by contact as in GVHMR (Shen et al. 2024).
    """
    settings = settings or FootSettings()
    body = _Body(rotations, root, contacts, held, rig)
    if not settings.enabled or settings.strength == 0 or not body.frames:
        return Cleaned(rotations.copy(), root.copy(), *body.nothing())
    planted, shift = _stand(body, settings)
    plans = _plan(body, planted, shift, settings)
    planted = part_handovers(release_heels(planted, _missing_reach(body, plans, shift) / rig.scale))
    planted = by_hand(planted, settings)
    plans = _plan(body, planted, shift, settings)
    shift = shift - _pelvis_drop(body, plans, shift)[:, None] * [0, 0, 1]
    return _apply(body, plans, shift, planted, settings)


def clean_motion(motion: Motion, settings: FootSettings | None = None, held: Array | None = None) -> Motion:
    """The dance with clean feet; `clean` says how. held: bool (T, 24)."""
    cleaned = clean(motion.rotations, motion.root, motion.contacts, settings, held=held)
    return replace(motion, rotations=cleaned.rotations, root=cleaned.root)


class _Body:
    """The input in the world, and what of it is held."""

    def __init__(self, rotations: Array, root: Array, contacts: Array | None, held: Array | None, rig: FootRig) -> None:
        self.rig, self.rotations, self.root = rig, rotations, root
        self.frames = len(rotations)
        legs = len(rig.legs)
        if np.shape(root) != (self.frames, 3):
            raise ValueError(f"root has the shape {np.shape(root)}, not {(self.frames, 3)}")
        self.joints = forward_kinematics(np.asarray(rotations, dtype=np.float64), root, rig.skeleton)
        self.turns = global_rotations(np.asarray(rotations, dtype=np.float64), rig.skeleton)
        ankles, toes = [leg.ankle for leg in rig.legs], [leg.toe for leg in rig.legs]
        self.points = np.stack([self.joints[:, ankles], self.joints[:, toes]], axis=2)
        flat = np.array([[foot.ankle_height, foot.toe_height] for foot in rig.feet])
        self.heights = self.points[..., 2] - flat
        if contacts is None:
            self.contacts = (joint_speed(self.points) / rig.scale < CONTACT_SPEED).astype(np.float64)
        elif np.shape(contacts) == (self.frames, 2 * legs):
            self.contacts = np.swapaxes(np.reshape(contacts, (self.frames, 2, legs)), 1, 2)
        else:
            raise ValueError(f"contacts have the shape {np.shape(contacts)}, not {(self.frames, 2 * legs)}")
        if held is None:
            held = np.zeros((self.frames, len(rig.skeleton)), dtype=bool)
        elif np.shape(held) != (self.frames, len(rig.skeleton)):
            raise ValueError(f"held has the shape {np.shape(held)}, not {(self.frames, len(rig.skeleton))}")
        # Every joint hangs on the root, so the root stays where anything is held.
        self.held_root = held.any(axis=1)
        self.held_legs = np.stack([held[:, self._chain(leg.hip, leg.toe)].any(axis=1) for leg in rig.legs], axis=1)

    def _chain(self, hip: int, toe: int) -> list[int]:
        chain = [toe]
        while chain[-1] != hip:
            chain.append(self.rig.skeleton.parents[chain[-1]])
        return chain

    def nothing(self) -> tuple[Array, Array]:
        """No plants, nothing touched."""
        return np.zeros(self.contacts.shape, dtype=bool), np.zeros(self.contacts.shape[:2], dtype=bool)

    def foot_turns(self, leg: int) -> tuple[Array, Array]:
        """Turns (T, 3, 3) of the ankle and toe joint from the stance."""
        foot, joints = self.rig.feet[leg], self.rig.legs[leg]
        return self.turns[:, joints.ankle] @ foot.ankle_turn.T, self.turns[:, joints.toe] @ foot.toe_turn.T

    def tracks(self, shift: Array) -> list[FootTrack]:
        """The feet after the root moved by shift (T, 3)."""
        return [FootTrack(self.points[:, leg, 0] + shift, *self.foot_turns(leg)) for leg in range(len(self.rig.legs))]


def _stand(body: _Body, settings: FootSettings) -> tuple[Array, Array]:
    """Plants (T, legs, 2) and the root's shift (T, 3) that they ask for."""
    scale = body.rig.scale
    floor = find_floor(body.points, body.heights, body.contacts, scale)
    heights = body.heights - floor[:, None, None]
    planted = by_hand(find_plants(body.points, heights, body.contacts, settings, scale), settings)
    drift = drift_shift(planted, body.points, body.held_root)
    steady = body.points + np.pad(drift, ((0, 0), (0, 1)))[:, None, None]
    planted = release_slides(planted, steady, scale)
    if settings.allow_pivots:
        angles = np.stack([heading(body.foot_turns(leg)[0])[1] for leg in range(planted.shape[1])], axis=1)
        planted = release_pivots(planted, angles)
    planted = by_hand(planted, settings)
    shift = np.empty((body.frames, 3))
    shift[:, :2] = drift_shift(planted, body.points, body.held_root)
    shift[:, 2] = floor_shift(planted, body.heights - settings.floor, floor - settings.floor, body.held_root)
    return planted, np.where(body.held_root[:, None], 0, shift)


def _plan(body: _Body, planted: Array, shift: Array, settings: FootSettings) -> list[FootPlan]:
    return [
        plan_foot(track, foot, planted[:, leg], body.held_legs[:, leg], settings)
        for leg, (track, foot) in enumerate(zip(body.tracks(shift), body.rig.feet, strict=True))
    ]


def _pelvis_drop(body: _Body, plans: list[FootPlan], shift: Array) -> Array:
    """How far (T,) the pelvis comes down so that planted feet are in reach."""
    need = np.minimum(_missing_reach(body, plans, shift).max(axis=1), DEEPEST_DROP * body.rig.scale)
    return np.where(body.held_root, 0, envelope(need, DROP_REACH))


def _missing_reach(body: _Body, plans: list[FootPlan], shift: Array) -> Array:
    """How far (T, legs) each hip would have to come down for its planted foot."""
    need = np.zeros((body.frames, len(plans)))
    for index, (plan, foot, leg) in enumerate(zip(plans, body.rig.feet, body.rig.legs, strict=True)):
        old = np.linalg.norm(body.joints[:, leg.ankle] - body.joints[:, leg.hip], axis=1)
        reach = np.maximum(old, STRAIGHT * (foot.thigh + foot.shin))
        way = plan.ankle - body.joints[:, leg.hip] - shift
        aside = np.sum(way[:, :2] ** 2, axis=1)
        drop = -way[:, 2] - np.sqrt(np.maximum(reach**2 - aside, 0))
        need[:, index] = np.where(plan.fixed & ~plan.held, np.maximum(drop, 0), 0)
    return need


def _apply(body: _Body, plans: list[FootPlan], shift: Array, planted: Array, settings: FootSettings) -> Cleaned:
    rig, strength = body.rig, settings.strength
    shift = strength * shift
    rotations = body.rotations.copy()
    touched = np.zeros(planted.shape[:2], dtype=bool)
    for index, (track, plan, foot) in enumerate(zip(body.tracks(shift), plans, rig.feet, strict=True)):
        wanted = follow_plan(track, foot, plan, settings, rig.scale)
        step = strength * (wanted.ankle - track.ankle)
        turn = strength * matrix_to_axis_angle(wanted.turn @ np.swapaxes(track.turn, -1, -2))
        carried = axis_angle_to_matrix(turn) @ track.toe_turn
        toe_turn = strength * matrix_to_axis_angle(wanted.toe_turn @ np.swapaxes(carried, -1, -2))
        moved = np.abs(np.concatenate([step, turn, toe_turn], axis=1)).max(axis=1) > UNTOUCHED
        touched[:, index] = moved & ~body.held_legs[:, index]
        _turn_leg(body, index, touched[:, index], shift, step, turn, toe_turn, rotations)
    return Cleaned(rotations, (body.root + shift).astype(body.root.dtype), planted, touched)


def _turn_leg(
    body: _Body, index: int, frames: Array, shift: Array, step: Array, turn: Array, toe_turn: Array, rotations: Array
) -> None:
    """Write the local rotations of one leg, in the frames (T,) bool, into rotations (T, J, 3, 3)."""
    leg, parents = body.rig.legs[index], body.rig.skeleton.parents
    joints, turns = body.joints[frames], body.turns[frames]
    thigh, shin = joints[:, leg.knee] - joints[:, leg.hip], joints[:, leg.ankle] - joints[:, leg.knee]
    hinge = turns[:, leg.hip] @ body.rig.feet[index].hinge
    reached = reach_leg(thigh, shin, hinge, thigh + shin + step[frames])
    ankle, toe = axis_angle_to_matrix(turn[frames]), axis_angle_to_matrix(toe_turn[frames])
    # What turns each joint, and its parent, in the world.
    world = {
        leg.hip: (reached.hip, np.eye(3)),
        leg.knee: (reached.hip @ reached.knee, reached.hip),
        leg.ankle: (ankle, reached.hip @ reached.knee),
        leg.toe: (toe @ ankle, ankle),
    }
    for joint, (own, above) in world.items():
        parent = above @ turns[:, parents[joint]]
        rotations[frames, joint] = np.swapaxes(parent, -1, -2) @ own @ turns[:, joint]
