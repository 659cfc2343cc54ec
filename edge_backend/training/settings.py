"""Settings of a training run, and its schedules of learning rate and averaging."""

import json
import math
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, Self, get_args

from ..model.decoder_config import DecoderConfig
from .augment import Augmentation
from .losses import LossWeights

_CONSTANT = 0.7  # share of the training with a constant learning rate

# How a step is run: eagerly, with torch.compile, recorded as one CUDA graph, or both of the latter.
Mode = Literal["plain", "graphed", "compiled", "compiled+graphed"]
MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True)
class TrainSettings:
    """All settings of a run; saved beside its weights.

    latent, ff, layers, heads, dropout, frame_music: the network's (DecoderConfig). start_from: weights, an id or a
    path, that are trained further; the network is theirs then. batch: windows per step, over all
    processes. minutes: duration of the training; if not 0, `steps` is ignored. lr: constant, then a cosine to 0 over
    the last 30 %. ema: weight of the old value in the moving average of the weights. drop_condition: probability per
    window of an unconditional step. precision: fp32, or bf16 autocast for the network. mode: how a step is run.
    deterministic: use deterministic kernels. fk_place: `place` of `motion_losses`. ..._every: steps. samples_every:
    steps between sampled dances (`samples`), 0 for none. save_minutes, sample_minutes: between checkpoints and between
    samples if `minutes` is set, in place of checkpoint_every and samples_every.
    """

    latent: int = 256
    ff: int = 1024
    layers: int = 6
    heads: int = 8
    dropout: float = 0.1
    frame_music: bool = False
    start_from: str = ""
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
        """The network's configuration for a condition of `features` channels."""
        return DecoderConfig(
            latent=self.latent,
            ff=self.ff,
            layers=self.layers,
            heads=self.heads,
            features=features,
            dropout=self.dropout,
            frame_music=self.frame_music,
        )

    def as_network(self, config: DecoderConfig) -> Self:
        """These settings with the sizes of a network that is trained further."""
        return replace(
            self,
            latent=config.latent,
            ff=config.ff,
            layers=config.layers,
            heads=config.heads,
            frame_music=config.frame_music,
        )

    def lr_at(self, done: float) -> float:
        """Learning rate after the fraction `done`, 0 to 1, of the training."""
        if done < _CONSTANT:
            return self.lr
        return self.lr * (1 + math.cos(math.pi * (done - _CONSTANT) / (1 - _CONSTANT))) / 2

    def ema_at(self, step: int) -> float:
        """Weight of the old value in the moving average after step `step`.

        Up to 90,000 steps (with ema 0.9999) it increases such that the half-life of the average is 8 % of the steps
        done, whatever the length of the training.
        """
        return min(self.ema, (1 + step) / (10 + step))

    def to_json(self) -> str:
        """Serialise to JSON."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of `to_json`."""
        values = json.loads(text)
        losses, augmentation = LossWeights(**values.pop("losses")), Augmentation(**values.pop("augmentation"))
        return cls(**values, losses=losses, augmentation=augmentation)
