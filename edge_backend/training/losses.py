"""The losses: the four of the EDGE paper, and an optional fifth on joint velocities."""

from dataclasses import asdict, dataclass
from typing import Self

import torch
from torch import Tensor

from ..model.kinematics import vector_joints
from ..motion.contacts import CONTACT_JOINTS
from ..motion.representation import CONTACTS, Normaliser
from ..schema.frames import FPS

STILL = 0.95  # predicted contacts above this count as contact in the contact loss, as in the authors' code


@dataclass(frozen=True)
class LossWeights:
    """Weights of the losses, in the order of `motion_losses`. The first four are the paper's."""

    simple: float = 0.636
    velocity: float = 2.964
    fk: float = 0.646
    contact: float = 10.942
    joint_velocity: float = 0.0

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of the losses, in order."""
        return tuple(asdict(cls()))


@dataclass(frozen=True)
class PoseScale:
    """The normaliser on the network's device: normalised = vector * scale + min. scale, min: (151,)."""

    scale: Tensor
    min: Tensor

    @classmethod
    def of(cls, normaliser: Normaliser, device: torch.device | str) -> Self:
        """The scale of a normaliser of numpy arrays, on the device."""
        return cls(torch.from_numpy(normaliser.scale).to(device), torch.from_numpy(normaliser.min).to(device))

    def normalise(self, vectors: Tensor) -> Tensor:
        """Normalise vectors (..., 151) in metres to [-1, 1], clipped."""
        return (vectors * self.scale + self.min).clamp(-1, 1)

    def unnormalise(self, vectors: Tensor) -> Tensor:
        """The inverse, NOT clipped, so that losses have gradients outside [-1, 1]."""
        return (vectors - self.min) / self.scale


def motion_losses(
    predicted: Tensor,
    target: Tensor,
    weights: LossWeights,
    scale: PoseScale | None,
    *,
    offsets: Tensor | None = None,
    place: float = 1.0,
) -> Tensor:
    """The weighted losses (5,) in the order of `LossWeights`; their sum is the loss (Tseng et al. 2023, eq. 3 to 7).

    predicted, target: (W, T, 151) normalised, float32. scale: converts them to metres for the losses on joints; with
    None the joints are computed from the normalised values, as in the authors' code. offsets: the skeleton's (24, 3),
    on the device; None copies them there. place: weight, 0 to 1, of the window's mean horizontal displacement in the fk
    loss; 1 is the paper's. Each loss is a mean over windows, frames and channels.
    """
    joints = _joints(predicted, scale, offsets)
    with torch.no_grad():
        target_joints = _joints(target, scale, offsets)
    error = predicted - target
    motion_error = _step(error[..., CONTACTS.stop :])
    joint_error = joints - target_joints
    # The pelvis' mean error: windows are placed at random, so under much noise their position cannot be predicted.
    displaced = joint_error[..., :1, :].mean(dim=-3, keepdim=True)
    displaced = torch.cat([displaced[..., :2], torch.zeros_like(displaced[..., 2:])], dim=-1)
    parts = [
        weights.simple * error.square().mean(),
        weights.velocity * motion_error.square().mean(),
        weights.fk * (joint_error - (1 - place) * displaced).square().mean(),
        weights.contact * _sliding(joints, predicted[..., CONTACTS]),
    ]
    if weights.joint_velocity:
        parts.append(weights.joint_velocity * (_step(joint_error, dim=-3) * FPS).square().mean())
    else:
        parts.append(parts[0].new_zeros(()))
    return torch.stack(parts)


def _joints(vectors: Tensor, scale: PoseScale | None, offsets: Tensor | None) -> Tensor:
    """Joint positions (W, T, 24, 3) of normalised vectors (W, T, 151)."""
    return vector_joints(vectors if scale is None else scale.unnormalise(vectors), offsets)


def _sliding(joints: Tensor, contacts: Tensor) -> Tensor:
    """Mean square of the displacements (metres per frame) of foot joints with a predicted contact above STILL.

    joints: (W, T, 24, 3). contacts: (W, T, 4) predicted. The mean is over all frames, joints and axes; joints without
    contact and the last frame, which has no next one, count as 0.
    """
    feet = torch.stack([joints[..., joint, :] for joint in CONTACT_JOINTS], dim=-2)
    still = (contacts[..., :-1, :] > STILL).unsqueeze(-1)
    return (_step(feet, dim=-3) * still).square().sum() / feet.numel()


def _step(values: Tensor, dim: int = -2) -> Tensor:
    """Differences of successive frames along dim."""
    frames = values.shape[dim]
    return values.narrow(dim, 1, frames - 1) - values.narrow(dim, 0, frames - 1)
