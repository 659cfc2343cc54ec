"""The losses of a noisy batch: the network's forward pass under autocast, the losses in float32."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..motion.skeleton import SMPL
from .losses import LossWeights, PoseScale, motion_losses


class Noised(NamedTuple):
    """The network's inputs and target.

    noisy, target: (W, 150, 151) normalised. condition: (W, 150, features). t: (W,) timesteps. drop: (W,) bool, windows
    without condition.
    """

    noisy: Tensor
    condition: Tensor
    t: Tensor
    drop: Tensor
    target: Tensor


class Objective(nn.Module):
    """Network and losses as one module, which can be compiled or wrapped in DistributedDataParallel as a whole."""

    offsets: Tensor

    def __init__(
        self, network: nn.Module, weights: LossWeights, scale: PoseScale, bf16: bool, place: float = 1.0
    ) -> None:
        super().__init__()
        self.network = network
        self.weights = weights
        self.scale = scale
        self.bf16 = bf16
        self.place = place
        self.register_buffer("offsets", torch.from_numpy(SMPL.offsets).to(scale.scale), persistent=False)

    def forward(self, batch: Noised) -> Tensor:
        """The weighted losses (5,) float32, in the order of LossWeights."""
        with torch.autocast(batch.noisy.device.type, torch.bfloat16, enabled=self.bf16):
            predicted = self.network(batch.noisy, batch.condition, batch.t, batch.drop)
        return motion_losses(
            predicted.float(), batch.target, self.weights, self.scale, offsets=self.offsets, place=self.place
        )
