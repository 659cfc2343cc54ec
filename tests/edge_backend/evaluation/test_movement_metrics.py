"""Jitter, dynamics and travel of motions whose derivatives are known."""

import numpy as np
import pytest
from hand_made import FPS, still
from hypothesis import given
from hypothesis import strategies as st

from edge_backend.evaluation.smoothness import dynamics, height, jitter, low_share, travel
from edge_backend.motion.skeleton import Joint


def test_jitter_is_the_mean_jerk() -> None:
    seconds = np.arange(60) / FPS
    joints = still(60)
    joints[:, Joint.LEFT_WRIST, 2] = 50 * seconds**3 / 6  # jerk 50 m/s^3 of one joint in 24
    assert jitter(joints) == pytest.approx(50 / 24)


@given(st.floats(-3, 3), st.floats(-10, 10))
def test_constant_acceleration_has_no_jitter(speed: float, acceleration: float) -> None:
    seconds = np.arange(40) / FPS
    joints = still(40) + (speed * seconds + acceleration * seconds**2)[:, None, None]
    assert jitter(joints) == pytest.approx(0, abs=1e-6)


def test_dynamics_is_speed_relative_to_the_pelvis() -> None:
    joints = still(31)
    joints[:, Joint.RIGHT_HAND, 1] = np.arange(31) / FPS * 2.4  # 2.4 m/s of one joint in 24
    joints[..., 0] += np.arange(31)[:, None] * 0.05  # the whole body walks
    assert dynamics(joints) == pytest.approx(0.1)


def test_travel_is_the_pelviss_speed_along_the_floor() -> None:
    joints = still(31)
    joints[:, Joint.PELVIS, 0] = np.arange(31) / FPS * 0.3
    joints[:, Joint.PELVIS, 1] = np.arange(31) / FPS * 0.4
    joints[:, Joint.PELVIS, 2] = np.arange(31)  # jumping is no travel
    assert travel(joints) == pytest.approx(0.5)


def test_low_is_the_share_of_frames_with_the_pelvis_near_the_floor() -> None:
    joints = still(40)
    joints[:, Joint.PELVIS, 2] = 0.9
    joints[:10, Joint.PELVIS, 2] = 0.3
    assert low_share(joints) == pytest.approx(0.25)
    assert height(joints) == pytest.approx(0.75)
