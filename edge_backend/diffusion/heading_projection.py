"""The pelvis's predicted rotation projected back to a rotation, so that the heading stays definite under noise
(torch)."""

import torch
from torch import Tensor

from ..motion.representation import ROTATIONS, Normaliser
from .samplers import Denoiser

_PELVIS = slice(ROTATIONS.start, ROTATIONS.start + 6)
_SHORTEST = 1e-6


def with_heading_projection(denoise: Denoiser, normaliser: Normaliser, device: torch.device) -> Denoiser:
    """The denoiser with the pelvis's predicted 6D rows scaled to length 1, as those of rotations.

    A dancer may face any way. Under strong noise the network predicts the mean of all headings that are still possible,
    whose 6D rows are shorter than 1. Left short, parts of a window settle for different headings, and the dancer spins
    between them within a frame or two. Other joints have one mode, and stay as predicted.
    """
    scale = torch.from_numpy(normaliser.scale[_PELVIS]).to(device)
    low = torch.from_numpy(normaliser.min[_PELVIS]).to(device)

    def predict(x: Tensor, t: int) -> Tensor:
        x0 = denoise(x, t)
        rows = ((x0[..., _PELVIS] - low) / scale).unflatten(-1, (2, 3))
        unit = rows / rows.norm(dim=-1, keepdim=True).clamp(min=_SHORTEST)
        return torch.cat([x0[..., : _PELVIS.start], unit.flatten(-2) * scale + low, x0[..., _PELVIS.stop :]], dim=-1)

    return predict
