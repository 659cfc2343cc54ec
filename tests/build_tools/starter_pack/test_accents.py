import numpy as np

from build_tools.starter_pack.accents import GRID, accent_curve, stops_of
from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import Joint
from edge_backend.schema.frames import FPS

FRAMES = 240


def swinging_arms(period_s: float) -> np.ndarray:
    """Joints of a standing body whose arms swing to and fro; they stop twice a period, first at a quarter of it."""
    poses = np.zeros((FRAMES, 24, 3))
    swing = np.sin(2 * np.pi * np.arange(FRAMES) / FPS / period_s)
    poses[:, Joint.LEFT_SHOULDER, 1] = swing
    poses[:, Joint.RIGHT_SHOULDER, 1] = swing
    return forward_kinematics(axis_angle_to_matrix(poses), np.zeros((FRAMES, 3)))


def test_accents_fall_where_the_arms_turn():
    curve = accent_curve(swinging_arms(1.6), np.ones((FRAMES, 4)))
    turns = np.arange(0.4, 7.5, 0.8)
    found = [t + (np.argmax(curve[int((t - 0.2) * GRID) : int((t + 0.2) * GRID)]) / GRID - 0.2) for t in turns]
    np.testing.assert_allclose(found, turns, atol=0.034)  # one frame


def test_a_stop_is_placed_between_frames():
    times = np.arange(60) / FPS
    stops, strengths = stops_of(np.abs(np.sin(2 * np.pi * (times - 0.51) * 0.8)) + 0.01)
    nearest = stops[np.argmin(np.abs(stops - 0.51))]
    assert abs(nearest - 0.51) < 0.012  # a third of a frame
    assert strengths.max() > 0.5


def test_landing_feet_are_accents():
    still = np.repeat(swinging_arms(1.6)[:1], FRAMES, axis=0)
    contacts = np.ones((FRAMES, 4))
    contacts[80:100, [0, 2]] = 0  # the left foot lands at frame 100
    curve = accent_curve(still, contacts)
    assert abs(np.argmax(curve) / GRID - 100 / FPS) < 0.01
