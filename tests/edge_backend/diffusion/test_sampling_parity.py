"""The schedule and the samplers against what EDGE's authors' code gives on its own reference network.

The goldens were drawn from torch's global generator: the start noise, then one draw of x's shape for each step.
"""

import numpy as np
import torch

from edge_backend.diffusion.guidance import carry_on, constant, ddpm_rule, encode, guided, long_form_ramp
from edge_backend.diffusion.long_form import share_overlap, stitch
from edge_backend.diffusion.reference import sample_reference
from edge_backend.diffusion.samplers import ignore, sample_ddim, sample_ddpm
from edge_backend.diffusion.schedule import ddim_times
from edge_backend.model.cached_decoder import CachedDecoder
from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.representation import unpack
from edge_backend.motion.rotations import axis_angle_to_matrix

WEIGHT = 2.0  # of the goldens' guidance
TOLERANCE = 1e-3  # on results of sampling; 2e-6 was seen


def _denoiser(parity, windows, guidance):
    model = parity.weights.model
    with torch.inference_mode():
        return guided(CachedDecoder(model), encode(model, parity.tensor("model.cond")[:windows]), guidance)


class _AuthorsNoise:
    """Draws in the authors' order; the first call is the start noise."""

    def __init__(self, seed, shape):
        self._shape = shape
        self._generator = torch.Generator().manual_seed(seed)

    def __call__(self):
        return torch.randn(self._shape, generator=self._generator)


def _largest_error(result, golden):
    return float((result - golden).abs().max())


def test_parity_of_the_schedule(parity, schedule):
    assert torch.equal(schedule.betas, parity.tensor("schedule.betas"))
    assert torch.equal(schedule.alphas_cumprod, parity.tensor("schedule.alphas_cumprod"))


@torch.inference_mode()
def test_parity_of_ddim(parity, schedule):
    golden = parity.tensor("ddim.out_n1")
    denoise = _denoiser(parity, len(golden), constant(WEIGHT))
    noise = _AuthorsNoise(int(parity.golden["seeds"][0]), golden.shape)
    result = sample_ddim(denoise, noise(), ddim_times(50, schedule), schedule, noise=noise)
    assert _largest_error(result, golden) < TOLERANCE


@torch.inference_mode()
def test_parity_of_long_form_ddim(parity, schedule):
    golden = parity.tensor("ddim.out_long_n3")
    denoise = _denoiser(parity, len(golden), long_form_ramp(WEIGHT))
    noise = _AuthorsNoise(int(parity.golden["seeds"][1]), golden.shape)
    times = ddim_times(50, schedule)
    result = sample_ddim(denoise, noise(), times, schedule, noise=noise, after_step=share_overlap)
    assert _largest_error(result, golden) < TOLERANCE


def test_parity_of_the_plain_path_and_of_the_one_that_keeps_things(parity, schedule):
    """They are the same sums: the faster path is as near to the plain one as both are to the authors'."""
    golden = parity.tensor("ddim.out_long_n3")
    cond = parity.tensor("model.cond")[: len(golden)]

    def noise():
        return _AuthorsNoise(int(parity.golden["seeds"][1]), golden.shape)

    plain = sample_reference(
        parity.weights.model, cond, schedule,
        guidance=long_form_ramp(WEIGHT), noise=noise(), on_step=ignore, poll=carry_on,
    )  # fmt: skip
    assert _largest_error(plain, golden) < TOLERANCE
    drawn = noise()
    denoise = _denoiser(parity, len(golden), long_form_ramp(WEIGHT))
    fast = sample_ddim(denoise, drawn(), ddim_times(50, schedule), schedule, noise=drawn, after_step=share_overlap)
    assert _largest_error(fast, plain) < 1e-5


@torch.inference_mode()
def test_parity_of_ddpm(parity, schedule):
    golden = parity.tensor("ddpm.out_n1")
    denoise = _denoiser(parity, len(golden), ddpm_rule(WEIGHT))
    noise = _AuthorsNoise(int(parity.golden["seeds"][2]), golden.shape)
    result = sample_ddpm(denoise, noise(), range(schedule.steps - 1, -1, -1), schedule, noise=noise)
    assert _largest_error(result, golden) < TOLERANCE


def _replace_known(mask, values, schedule, noise):
    """The authors' rule for editing: after each step the known part of x, where `mask` is 1, is replaced by the known
    values at that step's noise (EDGE, section 3.4). Nothing is replaced at the end, so that known values come out
    nearly, not exactly; the product has diffusion.constraints instead.
    """
    known = mask.bool()
    return lambda x, t: torch.where(known, schedule.q_sample(values, t, noise()), x)


@torch.inference_mode()
def test_parity_of_inpainting(parity, schedule):
    golden = parity.tensor("inpaint.out_n2")
    denoise = _denoiser(parity, len(golden), ddpm_rule(WEIGHT))
    noise = _AuthorsNoise(int(parity.golden["seeds"][3]), golden.shape)
    rule = _replace_known(parity.tensor("inpaint.mask"), parity.tensor("inpaint.value"), schedule, noise)
    times = range(schedule.steps - 1, -1, -1)
    result = sample_ddpm(denoise, noise(), times, schedule, noise=noise, after_step=rule)
    assert _largest_error(result, golden) < TOLERANCE


def test_parity_of_stitching(parity):
    vectors = stitch(parity.weights.normaliser.unnormalise(parity.golden["stitch.in_windows"]))
    _, root, rotations = unpack(vectors)
    expected_root = parity.golden["stitch.smpl_trans"]
    poses = parity.golden["stitch.smpl_poses"]
    np.testing.assert_allclose(root, expected_root, atol=1e-5)  # float32 metres
    # The authors' slerp is not a rotation where the two quaternions nearly agree; it moves joints by up to 4 mm.
    joints = forward_kinematics(rotations, root)
    np.testing.assert_allclose(joints, parity.golden["stitch.full_pose"], atol=5e-3)
    expected = axis_angle_to_matrix(poses.reshape(len(poses), -1, 3))
    np.testing.assert_allclose(rotations, expected, atol=2e-2)
