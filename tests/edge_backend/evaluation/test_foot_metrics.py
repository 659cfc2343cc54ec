"""Foot metrics of feet that move by known amounts."""

from pathlib import Path

import numpy as np
import pytest
from hand_made import FPS, standing, still

from edge_backend.evaluation.feet import STANCE, floating, penetration, pfc, pfc_paper, skate_ratio, slide
from edge_backend.motion.contacts import CONTACT_JOINTS
from edge_backend.motion.skeleton import Joint
from edge_backend.numerics.array import Array

LEFT, RIGHT = [Joint.LEFT_ANKLE, Joint.LEFT_TOES], [Joint.RIGHT_ANKLE, Joint.RIGHT_TOES]


def pushed(frames: int = 100) -> Array:
    """The root is accelerated by 1.8 m/s^2 all the time; the feet stand still."""
    joints = still(frames)
    joints[:, Joint.PELVIS, 0] = 0.5 * 1.8 * (np.arange(frames) / FPS) ** 2
    return joints


def shift(joints: Array, which: list[Joint], metres_per_frame: float, axis: int = 0) -> None:
    joints[:, which, axis] += metres_per_frame * np.arange(len(joints))[:, None]


def on_the_floor(frames: int) -> Array:
    """Both feet flat: ankles and toes at their stance."""
    joints = still(frames)
    joints[:, list(CONTACT_JOINTS), 2] = STANCE
    return joints


def test_pfc_is_the_product_of_push_and_both_feet() -> None:
    joints = pushed()
    shift(joints, LEFT, 0.02)
    shift(joints, [Joint.RIGHT_ANKLE], 0.03)
    shift(joints, [Joint.RIGHT_TOES], 0.01)  # the slower of ankle and toes counts
    assert pfc(joints) == pytest.approx(1e4 * 1 * 0.02 * 0.01)
    assert pfc_paper(joints) == pytest.approx(1 * 0.6 * 0.3)  # m/s


def test_pfc_is_zero_while_one_foot_stands() -> None:
    joints = pushed()
    shift(joints, LEFT, 0.02)
    assert pfc(joints) == 0
    assert pfc_paper(joints) == 0


def test_only_the_papers_reading_counts_feet_that_move_up_and_down() -> None:
    joints = pushed()
    shift(joints, [*LEFT, *RIGHT], 0.02, axis=2)
    assert pfc(joints) == 0
    assert pfc_paper(joints) == pytest.approx(0.6 * 0.6)


def test_pfc_of_a_root_that_is_never_accelerated_or_only_falls_is_zero() -> None:
    for acceleration in (0.0, -9.81):
        joints = still(60)
        joints[:, Joint.PELVIS, 2] = 0.5 * acceleration * (np.arange(60) / FPS) ** 2
        shift(joints, [*LEFT, *RIGHT], 0.02)
        assert pfc(joints) == pytest.approx(0, abs=1e-9)


def test_pfc_counts_acceleration_against_its_greatest() -> None:
    joints = still(102)
    speed = np.concatenate([[0.0], np.cumsum(np.repeat([2.0, 1.0], 50))]) / FPS  # 50 frames of 2, then of 1 m/s^2
    joints[:, Joint.PELVIS, 1] = np.concatenate([[0.0], np.cumsum(speed)]) / FPS
    shift(joints, [*LEFT, *RIGHT], 0.01)
    assert pfc(joints) == pytest.approx(1e4 * (1.0 + 0.5) / 2 * 0.01 * 0.01)


def test_pfc_pairs_acceleration_with_the_step_that_ends_it() -> None:
    joints = still(4)
    joints[1:, Joint.PELVIS, 0] = [0, 0, 1]  # accelerations 0 and then 900: at the last three frames
    joints[3:, [*LEFT, *RIGHT], 0] = 0.02  # the feet move in the last step alone
    assert pfc(joints) == pytest.approx(1e4 * np.mean([0, 1 * 0.02 * 0.02]))


def test_pfc_parity(parity_folder: Path) -> None:
    golden = np.load(parity_folder / "golden.npz")
    assert pfc(golden["stitch.full_pose"]) == pytest.approx(float(golden["pfc.stitched"]), rel=1e-5)


def test_a_toe_that_slides_skates_and_one_that_steps_high_does_not() -> None:
    joints = on_the_floor(101)
    shift(joints, [Joint.LEFT_TOES], 0.02)  # 0.6 m/s
    assert skate_ratio(joints) == pytest.approx(0.96)  # of 100 steps the two at each end are not part of five fast ones
    joints[:, Joint.LEFT_TOES, 2] += 0.06  # above the other foot's toes
    assert skate_ratio(joints) == 0


def test_slow_toes_do_not_skate() -> None:
    joints = on_the_floor(101)
    shift(joints, [Joint.LEFT_TOES], 0.016)  # 0.48 m/s
    assert skate_ratio(joints) == 0


def test_slide_is_the_median_of_planted_feet_in_millimetres() -> None:
    joints = on_the_floor(60)
    shift(joints, LEFT, 0.003)
    shift(joints, RIGHT, 0.003)
    assert slide(joints) == pytest.approx(3.0)


def test_a_foot_that_rolls_over_its_toes_does_not_slide() -> None:
    joints = on_the_floor(60)
    shift(joints, [Joint.LEFT_ANKLE, Joint.RIGHT_ANKLE], 0.003)
    assert slide(joints) == pytest.approx(0.0)


def test_steps_are_not_slides_and_without_any_plant_there_is_no_slide() -> None:
    joints = on_the_floor(60)
    shift(joints, [*LEFT, *RIGHT], 0.02)  # faster than a planted foot
    assert np.isnan(slide(joints))
    joints = on_the_floor(60)
    joints[..., 2] += 0.1  # in the air
    assert np.isnan(slide(joints))


def test_floating_is_the_share_of_frames_off_the_floor() -> None:
    joints = on_the_floor(100)
    joints[40:65, :, 2] += 0.03
    assert floating(joints) == pytest.approx(0.25)
    joints[40:65, Joint.LEFT_TOES, 2] -= 0.03  # one toe is enough to stand on
    assert floating(joints) == 0


def test_penetration_is_the_mean_depth_of_the_deepest_joint() -> None:
    joints = on_the_floor(100)
    joints[:50, LEFT, 2] -= 0.002
    joints[:50, Joint.RIGHT_TOES, 2] -= 0.005
    assert penetration(joints) == pytest.approx(2.5)


def test_standing_still_is_faultless() -> None:
    joints = standing(60)
    assert pfc(joints) == 0
    assert skate_ratio(joints) == 0
    assert slide(joints) == 0
    assert floating(joints) == 0
