"""What the network is trained on: the paper's four losses, and the speed of the joints as an optional fifth."""

from dataclasses import asdict, dataclass
from typing import Self

import torch
from torch import Tensor

from ..model.kinematics import vector_joints
from ..motion.contacts import CONTACT_JOINTS
from ..motion.representation import CONTACTS, Normaliser
from ..schema.frames import FPS

STILL = 0.95  # a contact channel above this, as the network gives it, claims that its joint stands still


@dataclass(frozen=True)
class LossWeights:
    """Factors of the parts, in the order in which `motion_losses` returns them. The first four are the paper's."""

    simple: float = 0.636
    velocity: float = 2.964
    fk: float = 0.646
    contact: float = 10.942
    joint_velocity: float = 0.0

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The parts' names, in order."""
        return tuple(asdict(cls()))


@dataclass(frozen=True)
class PoseScale:
    """The normaliser on the network's device: normalised = vector * scale + min. scale, min: (151,)."""

    scale: Tensor
    min: Tensor

    @classmethod
    def of(cls, normaliser: Normaliser, device: torch.device | str) -> Self:
        """The tensors of a normaliser of numpy arrays."""
        return cls(torch.from_numpy(normaliser.scale).to(device), torch.from_numpy(normaliser.min).to(device))

    def normalise(self, vectors: Tensor) -> Tensor:
        """Vectors (..., 151) in metres to [-1, 1], clipped."""
        return (vectors * self.scale + self.min).clamp(-1, 1)

    def unnormalise(self, vectors: Tensor) -> Tensor:
        """The inverse, NOT clipped: a loss must pull back what has left [-1, 1]."""
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
    """The weighted parts (5,) in the order of `LossWeights`; their sum is the loss (Tseng et al. 2023, eq. 3 to 7).

    predicted, target: (W, T, 151) normalised, float32. scale: takes them to metres for the losses on joints; with
    None the joints are computed from the normalised values, as the authors' code does. offsets: the skeleton's (24, 3),
    on the device; None = copied there. place: share with which the fk part counts how far the whole window's path lies
    off in x and y; 1 is the paper's. Each part is a mean over the windows of a mean over frames and channels.
    """
    joints = _joints(predicted, scale, offsets)
    with torch.no_grad():
        target_joints = _joints(target, scale, offsets)
    error = predicted - target
    motion_error = _step(error[..., CONTACTS.stop :])
    joint_error = joints - target_joints
    # The mean error of the pelvis: nothing but the noisy dance tells where a window was put.
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
    """Joint positions (W, T, 24, 3) of normalised vectors."""
    return vector_joints(vectors if scale is None else scale.unnormalise(vectors), offsets)


def _sliding(joints: Tensor, contacts: Tensor) -> Tensor:
    """Mean square of the steps (m per frame) of those foot joints that the prediction itself says are still.

    The mean runs over all frames, joints and axes; moving feet and the last frame, which has no next one, count as 0.
    """
    feet = torch.stack([joints[..., joint, :] for joint in CONTACT_JOINTS], dim=-2)
    still = (contacts[..., :-1, :] > STILL).unsqueeze(-1)
    return (_step(feet, dim=-3) * still).square().sum() / feet.numel()


def _step(values: Tensor, dim: int = -2) -> Tensor:
    """Differences of neighbouring frames."""
    frames = values.shape[dim]
    return values.narrow(dim, 1, frames - 1) - values.narrow(dim, 0, frames - 1)
