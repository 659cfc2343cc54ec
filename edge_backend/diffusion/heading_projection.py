"""Which way the dancer faces, while noise leaves it open (torch)."""

import torch
from torch import Tensor

from ..motion.representation import ROTATIONS, Normaliser
from .samplers import Denoiser

_PELVIS = slice(ROTATIONS.start, ROTATIONS.start + 6)
_SHORTEST = 1e-6


def with_heading_projection(denoise: Denoiser, normaliser: Normaliser, device: torch.device) -> Denoiser:
    """The denoiser whose predictions of the pelvis have rows of length 1, as rotations have.

    A dancer may face any way. Under much noise the network answers with the mean of all ways that are still possible,
    which is shorter than a rotation. Left short, it lets each part of a window settle for a way of its own, and the
    dancer whirls round between them within a frame or two. Other joints have one way to be, and stay as predicted.
    """
    scale = torch.from_numpy(normaliser.scale[_PELVIS]).to(device)
    low = torch.from_numpy(normaliser.min[_PELVIS]).to(device)

    def predict(x: Tensor, t: int) -> Tensor:
        x0 = denoise(x, t)
        rows = ((x0[..., _PELVIS] - low) / scale).unflatten(-1, (2, 3))
        unit = rows / rows.norm(dim=-1, keepdim=True).clamp(min=_SHORTEST)
        return torch.cat([x0[..., : _PELVIS.start], unit.flatten(-2) * scale + low, x0[..., _PELVIS.stop :]], dim=-1)

    return predict
