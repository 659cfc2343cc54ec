"""What a training run is told, and the two numbers that change with its steps."""

import json
import math
from dataclasses import asdict, dataclass, field
from typing import Literal, Self

from ..model.decoder import DecoderConfig
from .augment import Augmentation
from .losses import LossWeights


@dataclass(frozen=True)
class TrainSettings:
    """Everything that decides a run; saved beside its weights.

    latent, ff, layers, heads, dropout: the network's (DecoderConfig). batch: windows per step, over all processes.
    steps: how many in all. lr: constant, then a cosine to zero over the last 30 %. ema: weight of the old average in
    the running average of the weights. drop_condition: chance per window that the network sees no condition.
    precision: fp32, or bf16 for the network's multiplications. compile: let torch fuse the step. deterministic: pick
    kernels whose result does not depend on timing. ..._every: steps.
    """

    latent: int = 256
    ff: int = 1024
    layers: int = 6
    heads: int = 8
    dropout: float = 0.1
    batch: int = 128
    steps: int = 100_000
    lr: float = 4e-4
    ema: float = 0.9999
    drop_condition: float = 0.25
    seed: int = 0
    precision: Literal["fp32", "bf16"] = "fp32"
    compile: bool = False
    deterministic: bool = True
    log_every: int = 50
    checkpoint_every: int = 2000
    holdout_every: int = 1000
    holdout_windows: int = 256
    losses: LossWeights = field(default_factory=LossWeights)
    augmentation: Augmentation = field(default_factory=Augmentation)

    def network(self, features: int) -> DecoderConfig:
        """The network's shape for a condition of so many channels."""
        return DecoderConfig(
            latent=self.latent,
            ff=self.ff,
            layers=self.layers,
            heads=self.heads,
            features=features,
            dropout=self.dropout,
        )

    def lr_at(self, step: int) -> float:
        """Learning rate of step `step`, counted from 0."""
        constant = 0.7 * self.steps
        if step < constant:
            return self.lr
        return self.lr * (1 + math.cos(math.pi * (step - constant) / (self.steps - constant))) / 2

    def ema_at(self, step: int) -> float:
        """Weight of the old average after step `step`: small at first, so that the average forgets the random start."""
        return min(self.ema, (1 + step) / (10 + step))

    def to_json(self) -> str:
        """As text that from_json reads."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Settings that to_json wrote."""
        values = json.loads(text)
        losses, augmentation = LossWeights(**values.pop("losses")), Augmentation(**values.pop("augmentation"))
        return cls(**values, losses=losses, augmentation=augmentation)
