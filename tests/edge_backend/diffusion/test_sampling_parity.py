"""Schedule and samplers compared with those of EDGE's authors' code, with its reference network.

The goldens were drawn from torch's global generator: the start noise, then one draw of x's shape for each step.
"""

import numpy as np
import pytest

from edge_backend.diffusion.guidance import constant, ddpm_rule, guided, long_form_ramp
from edge_backend.diffusion.long_form import share_overlap, stitch
from edge_backend.diffusion.noise import NormalStream
from edge_backend.diffusion.reference import sample_reference
from edge_backend.diffusion.samplers import ignore, sample_ddim, sample_ddpm
from edge_backend.diffusion.schedule import ddim_times
from edge_backend.model.engine import carry_on
from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.representation import unpack
from edge_backend.motion.rotations import axis_angle_to_matrix

WEIGHT = 2.0  # of the goldens' guidance
TOLERANCE = 1e-3  # on results of sampling; 2e-6 was seen

a_thousand_steps = pytest.mark.parametrize(
    "engine", ["torch", pytest.param("onnx", marks=pytest.mark.slow)], indirect=True
)


def _denoiser(engine, parity, windows, guidance):
    return guided(engine, engine.encode(parity.golden["model.cond"][:windows]), guidance)


def _authors_noise(seed, shape):
    """Draws in the authors' order; the first call is the start noise."""
    stream = NormalStream(int(seed))
    return lambda: stream(shape)


def _largest_error(result, golden):
    return float(np.abs(result - golden).max())


def test_parity_of_the_schedule(parity, schedule):
    np.testing.assert_array_equal(schedule.betas, parity.golden["schedule.betas"])
    np.testing.assert_array_equal(schedule.alphas_cumprod, parity.golden["schedule.alphas_cumprod"])


def test_parity_of_ddim(engine, parity, schedule):
    golden = parity.golden["ddim.out_n1"]
    denoise = _denoiser(engine, parity, len(golden), constant(WEIGHT))
    noise = _authors_noise(parity.golden["seeds"][0], golden.shape)
    result = sample_ddim(denoise, noise(), ddim_times(50, schedule), schedule, noise=noise)
    assert _largest_error(result, golden) < TOLERANCE


def test_parity_of_long_form_ddim(engine, parity, schedule):
    golden = parity.golden["ddim.out_long_n3"]
    denoise = _denoiser(engine, parity, len(golden), long_form_ramp(WEIGHT))
    noise = _authors_noise(parity.golden["seeds"][1], golden.shape)
    times = ddim_times(50, schedule)
    result = sample_ddim(denoise, noise(), times, schedule, noise=noise, after_step=share_overlap)
    assert _largest_error(result, golden) < TOLERANCE


def test_parity_of_the_plain_path_and_of_the_one_that_keeps_things(engine, parity, schedule):
    """They are the same sums: the faster path is as near to the plain one as both are to the authors'."""
    golden = parity.golden["ddim.out_long_n3"]
    cond = parity.golden["model.cond"][: len(golden)]

    def noise():
        return _authors_noise(parity.golden["seeds"][1], golden.shape)

    plain = sample_reference(
        engine, cond, schedule,
        guidance=long_form_ramp(WEIGHT), noise=noise(), on_step=ignore, poll=carry_on,
    )  # fmt: skip
    assert _largest_error(plain, golden) < TOLERANCE
    drawn = noise()
    denoise = _denoiser(engine, parity, len(golden), long_form_ramp(WEIGHT))
    fast = sample_ddim(denoise, drawn(), ddim_times(50, schedule), schedule, noise=drawn, after_step=share_overlap)
    assert _largest_error(fast, plain) < 1e-5


@a_thousand_steps
def test_parity_of_ddpm(engine, parity, schedule):
    golden = parity.golden["ddpm.out_n1"]
    denoise = _denoiser(engine, parity, len(golden), ddpm_rule(WEIGHT))
    noise = _authors_noise(parity.golden["seeds"][2], golden.shape)
    result = sample_ddpm(denoise, noise(), range(schedule.steps - 1, -1, -1), schedule, noise=noise)
    assert _largest_error(result, golden) < TOLERANCE


def _replace_known(mask, values, schedule, noise):
    """The authors' rule for editing: after each step the known part of x, where `mask` is 1, is replaced by the known
    values at that step's noise (EDGE, section 3.4). Nothing is replaced at the end, so that known values come out
    nearly, not exactly; the product has diffusion.constraints instead.
    """
    known = mask > 0
    return lambda x, t: np.where(known, schedule.q_sample(values, t, noise()), x)


@a_thousand_steps
def test_parity_of_inpainting(engine, parity, schedule):
    golden = parity.golden["inpaint.out_n2"]
    denoise = _denoiser(engine, parity, len(golden), ddpm_rule(WEIGHT))
    noise = _authors_noise(parity.golden["seeds"][3], golden.shape)
    rule = _replace_known(parity.golden["inpaint.mask"], parity.golden["inpaint.value"], schedule, noise)
    times = range(schedule.steps - 1, -1, -1)
    result = sample_ddpm(denoise, noise(), times, schedule, noise=noise, after_step=rule)
    assert _largest_error(result, golden) < TOLERANCE


def test_parity_of_stitching(parity):
    vectors = stitch(parity.weights.normaliser.unnormalise(parity.golden["stitch.in_windows"])).vectors()
    _, root, rotations = unpack(vectors)
    expected_root = parity.golden["stitch.smpl_trans"]
    poses = parity.golden["stitch.smpl_poses"]
    np.testing.assert_allclose(root, expected_root, atol=1e-5)  # float32 metres
    # The authors' slerp is not a rotation where the two quaternions nearly agree; it moves joints by up to 4 mm.
    joints = forward_kinematics(rotations, root)
    np.testing.assert_allclose(joints, parity.golden["stitch.full_pose"], atol=5e-3)
    expected = axis_angle_to_matrix(poses.reshape(len(poses), -1, 3))
    np.testing.assert_allclose(rotations, expected, atol=2e-2)
