"""Metrics of the feet. Joints are (T, 24, 3) metres, world, z up, at 30 frames a second."""

import numpy as np
from scipy.ndimage import uniform_filter1d

from ..motion.contacts import CONTACT_JOINTS, CONTACT_SPEED
from ..motion.skeleton import Joint
from ..numerics.array import Array
from ..schema.frames import FPS

STANCE = np.array([0.083, 0.083, 0.022, 0.022])  # m, heights of ankles and toes on a flat foot on the floor
STEP = 0.06  # m above the stance; higher is not on the floor, however still


def pfc(joints: Array) -> float:
    """Physical foot contact as the EDGE authors' code has it (Tseng et al. 2023, eq. 10, times 10 000).

    Root acceleration without its downward part, over its largest value in the sequence, times both feet's horizontal
    displacement per frame: of ankle and toes the smaller. Lower is better; 0 for a root that is never accelerated.
    """
    return 1e4 * _foot_contact(joints, _step_lengths(joints[..., :2]))


def pfc_paper(joints: Array) -> float:
    """Physical foot contact as the paper writes eq. 10: the feet's whole velocity in m/s, no factor."""
    return _foot_contact(joints, _step_lengths(joints) * FPS)


def _foot_contact(joints: Array, speeds: Array) -> float:
    """speeds: (T - 1, 4) of the contact joints. Acceleration i goes with the step from frame i + 1 to i + 2."""
    acceleration = np.diff(joints[:, Joint.PELVIS].astype(np.float64), n=2, axis=0) * FPS**2
    acceleration[:, 2] = np.maximum(acceleration[:, 2], 0.0)
    push = np.linalg.norm(acceleration, axis=-1)
    if not push.any():
        return 0.0
    left, right = (speeds[1:, side::2].min(axis=-1) for side in (0, 1))
    return float(np.mean(push / push.max() * left * right))


def skate_ratio(joints: Array) -> float:
    """Share of frames in which a foot skates (Karunratanakul et al. 2023, GMD; used by OmniControl and MotionLCM).

    A toe joint skates where it is below 5 cm before and after the step, faster than 0.5 m/s along the floor, and so is
    its mean over five steps. Heights are measured from the lowest point that the toes reach.
    """
    toes = joints[:, [Joint.LEFT_TOES, Joint.RIGHT_TOES]]
    low = toes[..., 2] - toes[..., 2].min() < 0.05
    speed = np.linalg.norm(np.diff(toes[..., :2], axis=0), axis=-1) * FPS
    lasting = uniform_filter1d(speed, 5, axis=0, mode="constant")
    skates = low[1:] & low[:-1] & (speed > 0.5) & (lasting > 0.5)
    return float(skates.any(axis=-1).mean())


def slide(joints: Array) -> float:
    """Median millimetres per frame that a foot which is down moves along the floor; NaN if none ever is.

    Down: its ankle or its toes move less than 0.01 m to the next frame and to the one after (EDGE's contact) within
    6 cm of their stance. Of ankle and toes the slower counts: feet roll.
    """
    feet = joints[:, list(CONTACT_JOINTS)]
    planted = (_step_lengths(joints) < CONTACT_SPEED) & (feet[:-1, :, 2] - STANCE < STEP)
    down = planted[:-1] & planted[1:]
    moved = _step_lengths(joints[..., :2])[:-1]
    slower = np.minimum(moved[:, :2], moved[:, 2:])[down[:, :2] | down[:, 2:]]
    return float(np.median(slower) * 1000) if len(slower) else float("nan")


def floating(joints: Array, above: float = 0.02) -> float:
    """Share of frames in which both ankles and both toes are more than 2 cm above their stance (floor at z = 0)."""
    return float(((joints[:, list(CONTACT_JOINTS), 2] - STANCE).min(axis=-1) > above).mean())


def penetration(joints: Array) -> float:
    """Mean over frames of the millimetres by which the deepest ankle or toe is below its stance (floor at z = 0)."""
    return float(np.maximum(STANCE - joints[:, list(CONTACT_JOINTS), 2], 0.0).max(axis=-1).mean() * 1000)


def _step_lengths(points: Array) -> Array:
    """(T - 1, 4): how far each contact joint goes from one frame to the next."""
    return np.linalg.norm(np.diff(points[:, list(CONTACT_JOINTS)].astype(np.float64), axis=0), axis=-1)
