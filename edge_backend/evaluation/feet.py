"""Metrics of the feet. Joints are (T, 24, 3) metres, world, z up, at 30 frames a second."""

import numpy as np
from scipy.ndimage import uniform_filter1d

from ..motion.contacts import CONTACT_JOINTS, CONTACT_SPEED
from ..motion.skeleton import Joint
from ..numerics.array import Array
from ..schema.frames import FPS

STANCE = np.array([0.083, 0.083, 0.022, 0.022])  # metres: heights of ankles and toe joints of a flat foot on the floor
STEP = 0.06  # metres above that; higher joints are not on the floor, even if they are still


def pfc(joints: Array) -> float:
    """Physical foot contact (PFC) as in the EDGE authors' code (Tseng et al. 2023, eq. 10, times 10 000).

    The mean of the root's acceleration, without its downward component and divided by its maximum, times both feet's
    horizontal displacement per frame, for each the smaller of ankle and toes. Lower is better; 0 for a root without
    acceleration.
    """
    return 1e4 * _foot_contact(joints, _step_lengths(joints[..., :2]))


def pfc_paper(joints: Array) -> float:
    """Physical foot contact as in eq. 10 of the paper: the feet's velocity in all axes, m/s, no factor."""
    return _foot_contact(joints, _step_lengths(joints) * FPS)


def _foot_contact(joints: Array, speeds: Array) -> float:
    """PFC from the contact joints' speeds (T - 1, 4). Acceleration i is paired with the step from i + 1 to i + 2."""
    acceleration = np.diff(joints[:, Joint.PELVIS].astype(np.float64), n=2, axis=0) * FPS**2
    acceleration[:, 2] = np.maximum(acceleration[:, 2], 0.0)
    push = np.linalg.norm(acceleration, axis=-1)
    if not push.any():
        return 0.0
    left, right = (speeds[1:, side::2].min(axis=-1) for side in (0, 1))
    return float(np.mean(push / push.max() * left * right))


def skate_ratio(joints: Array) -> float:
    """Foot skating ratio: share of frames (Karunratanakul et al. 2023, GMD; used by OmniControl and MotionLCM).

    A toe joint skates in a step if it is below 5 cm before and after it, and if its horizontal speed and the mean of
    that over five steps are above 0.5 m/s. Heights are relative to the toes' lowest position in the motion.
    """
    toes = joints[:, [Joint.LEFT_TOES, Joint.RIGHT_TOES]]
    low = toes[..., 2] - toes[..., 2].min() < 0.05
    speed = np.linalg.norm(np.diff(toes[..., :2], axis=0), axis=-1) * FPS
    lasting = uniform_filter1d(speed, 5, axis=0, mode="constant")
    skates = low[1:] & low[:-1] & (speed > 0.5) & (lasting > 0.5)
    return float(skates.any(axis=-1).mean())


def slide(joints: Array) -> float:
    """Median horizontal displacement, millimetres per frame, of feet in contact; NaN without contacts.

    A foot is in contact if its ankle or its toes move less than 0.01 m to the next frame and to the one after (EDGE's
    contact) at less than 6 cm above their stance. The smaller displacement of ankle and toes counts, because feet roll.
    """
    feet = joints[:, list(CONTACT_JOINTS)]
    planted = (_step_lengths(joints) < CONTACT_SPEED) & (feet[:-1, :, 2] - STANCE < STEP)
    down = planted[:-1] & planted[1:]
    moved = _step_lengths(joints[..., :2])[:-1]
    slower = np.minimum(moved[:, :2], moved[:, 2:])[down[:, :2] | down[:, 2:]]
    return float(np.median(slower) * 1000) if len(slower) else float("nan")


def floating(joints: Array, above: float = 0.02) -> float:
    """Share of frames in which ankles and toes of both feet are more than `above` metres over their stance.

    The floor is z = 0.
    """
    return float(((joints[:, list(CONTACT_JOINTS), 2] - STANCE).min(axis=-1) > above).mean())


def penetration(joints: Array) -> float:
    """Mean over frames of the depth, millimetres, of the deepest ankle or toe below its stance (floor at z = 0)."""
    return float(np.maximum(STANCE - joints[:, list(CONTACT_JOINTS), 2], 0.0).max(axis=-1).mean() * 1000)


def _step_lengths(points: Array) -> Array:
    """Displacements (T - 1, 4), metres per frame, of the contact joints. points: (T, 24, 2 or 3)."""
    return np.linalg.norm(np.diff(points[:, list(CONTACT_JOINTS)].astype(np.float64), axis=0), axis=-1)
