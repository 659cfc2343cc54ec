import numpy as np
import pytest
import torch

from edge_backend.diffusion.schedule import cosine_schedule
from edge_backend.motion.representation import Normaliser
from edge_backend.training.losses import LossWeights, PoseScale, motion_losses

FPS = 30


def loss_inputs(golden):
    """Noisy windows as the authors' code draws them: after the seed, the noise is the first draw."""
    target = torch.from_numpy(golden["data.normalized_151"][:3])
    t = torch.from_numpy(golden["loss.t"])
    torch.manual_seed(int(golden["loss.seed"]))
    noise = torch.randn_like(target)
    abar = torch.from_numpy(cosine_schedule().alphas_cumprod)[t][:, None, None]
    return target, abar.sqrt() * target + (1 - abar).sqrt() * noise, t


@pytest.mark.parametrize("bias", [0.0, 2.0])
def test_parity_on_normalised_values_the_losses_are_the_authors(golden, parity, bias):
    target, noisy, t = loss_inputs(golden)
    suffix = "_contactbias" if bias else ""
    with torch.no_grad():
        predicted = parity.network(noisy, torch.from_numpy(golden["model.cond"]), t)
    predicted[..., :4] += bias
    parts = motion_losses(predicted, target, LossWeights(), scale=None)
    wanted = golden[f"loss.parts{suffix}" if suffix else "loss.parts_simple_vel_fk_foot"]
    np.testing.assert_allclose(parts[:4].numpy(), wanted, rtol=1e-4)
    assert parts.sum().item() == pytest.approx(float(golden[f"loss.total{suffix}"]), rel=1e-4)


@pytest.fixture
def scale():
    """A normaliser with another range on every channel."""
    rng = np.random.default_rng(0)
    return PoseScale.of(Normaliser.fit(rng.uniform(-2, 2, (2, 151)).astype(np.float32)), "cpu")


def standing(scale, windows=2, frames=150):
    """Normalised vectors of a still pose with all contacts 0."""
    vectors = torch.zeros(windows, frames, 151)
    vectors[..., 7:] = torch.eye(3)[:2].reshape(-1).repeat(24)
    normalised = vectors * scale.scale + scale.min
    normalised[..., :4] = -1
    return normalised


def test_a_perfect_prediction_of_a_still_pose_costs_nothing(scale):
    vectors = standing(scale)
    assert motion_losses(vectors, vectors, LossWeights(joint_velocity=1.0), scale).sum() == pytest.approx(0, abs=1e-9)


def test_a_body_ten_centimetres_off_costs_its_joints_square_in_metres(scale):
    target = standing(scale)
    predicted = target.clone()
    predicted[..., 4] += 0.1 * scale.scale[4]  # root x
    fk = motion_losses(predicted, target, LossWeights(fk=1.0), scale)[2]
    assert fk.item() == pytest.approx(0.1**2 / 3, rel=1e-4)  # every joint is off on one axis of three


def test_where_a_window_lies_counts_in_its_joints_as_much_as_asked_for(scale):
    """Halved: a body that is 0.1 m off all the time counts as 0.05 m off; its way of moving counts in full."""
    target = standing(scale)
    displaced, raised, swaying = target.clone(), target.clone(), target.clone()
    displaced[..., 4] += 0.1 * scale.scale[4]
    raised[..., 6] += 0.1 * scale.scale[6]
    swaying[..., 4] += 0.1 * scale.scale[4] * torch.tensor([1.0, -1.0]).repeat(75)

    def fk(predicted, place):
        return motion_losses(predicted, target, LossWeights(fk=1.0), scale, place=place)[2].item()

    assert fk(displaced, 0.5) == pytest.approx(0.05**2 / 3, rel=1e-4)
    assert fk(displaced, 0.0) == pytest.approx(0, abs=1e-9)
    for other in (raised, swaying):
        assert fk(other, 0.0) == pytest.approx(fk(other, 1.0), rel=1e-4)


def test_a_foot_that_slides_while_it_says_it_stands_is_punished_in_metres_per_frame(scale):
    target = standing(scale)
    predicted = target.clone()
    predicted[..., 5] += 0.02 * scale.scale[5] * torch.arange(150)  # root y, 2 cm a frame
    predicted[..., 0] = 1.0  # the left ankle claims to stand
    contact = motion_losses(predicted, target, LossWeights(contact=1.0), scale)[3]
    assert contact.item() == pytest.approx(0.02**2 * 149 / 150 / 4 / 3, rel=1e-3)
    predicted[..., 0] = 0.9  # not sure enough
    assert motion_losses(predicted, target, LossWeights(), scale)[3] == 0


def test_joint_velocity_is_off_unless_asked_for_and_in_metres_per_second(scale):
    target = standing(scale)
    predicted = target.clone()
    predicted[..., 6] += 0.01 * scale.scale[6] * torch.arange(150)  # 1 cm a frame upwards = 0.3 m/s
    assert motion_losses(predicted, target, LossWeights(), scale)[4] == 0
    speed = motion_losses(predicted, target, LossWeights(joint_velocity=1.0), scale)[4]
    assert speed.item() == pytest.approx((0.01 * FPS) ** 2 / 3, rel=1e-3)


def test_the_loss_pulls_back_what_has_left_the_range(scale):
    target = standing(scale)
    predicted = (target + 5).requires_grad_()
    motion_losses(predicted, target, LossWeights(), scale)[2].backward()
    assert predicted.grad[..., 4:7].abs().min() > 0
