"""What a training run is told, and the two numbers that change with its steps."""

import json
import math
from dataclasses import asdict, dataclass, field
from typing import Literal, Self, get_args

from ..model.decoder import DecoderConfig
from .augment import Augmentation
from .losses import LossWeights

_CONSTANT = 0.7  # the share of the training in which the learning rate does not fall

# How a step is run: as Python tells it, fused by torch.compile, recorded as one CUDA graph, or both of these.
Mode = Literal["plain", "graphed", "compiled", "compiled+graphed"]
MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True)
class TrainSettings:
    """Everything that decides a run; saved beside its weights.

    latent, ff, layers, heads, dropout, frame_music: the network's (DecoderConfig). batch: windows per step, over all
    processes. minutes: how long the training lasts; 0 = `steps` steps, otherwise these do not count. lr: constant,
    then a cosine to zero over the last 30 %. ema: weight of the old average in the running average of the weights.
    drop_condition: chance per window that the network sees no condition. precision: fp32, or bf16 for the network's
    multiplications. mode: how a step is run. deterministic: pick kernels whose result does not depend on timing.
    fk_place: share with which the fk part counts where a window lies (`motion_losses`). ..._every: steps.
    samples_every: steps between dances drawn on the way (`samples`), 0 = none. save_minutes, sample_minutes: between
    checkpoints and between samples where the clock rules, in place of checkpoint_every and samples_every.
    """

    latent: int = 256
    ff: int = 1024
    layers: int = 6
    heads: int = 8
    dropout: float = 0.1
    frame_music: bool = False
    batch: int = 128
    steps: int = 100_000
    minutes: float = 0.0
    lr: float = 4e-4
    ema: float = 0.9999
    drop_condition: float = 0.25
    seed: int = 0
    precision: Literal["fp32", "bf16"] = "fp32"
    mode: Mode = "plain"
    deterministic: bool = True
    log_every: int = 50
    checkpoint_every: int = 2000
    samples_every: int = 5000
    save_minutes: float = 3.0
    sample_minutes: float = 5.0
    holdout_every: int = 1000
    holdout_windows: int = 256
    fk_place: float = 1.0
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
            frame_music=self.frame_music,
        )

    def lr_at(self, done: float) -> float:
        """Learning rate where the share `done` of the training, 0 to 1, lies behind."""
        if done < _CONSTANT:
            return self.lr
        return self.lr * (1 + math.cos(math.pi * (done - _CONSTANT) / (1 - _CONSTANT))) / 2

    def ema_at(self, step: int) -> float:
        """Weight of the old average after step `step`.

        Up to 90,000 steps (with ema 0.9999) it grows with them, so that the half-life of the average is 8 % of the
        steps done: a short training's average reaches as far back, in proportion, as a long one's.
        """
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
