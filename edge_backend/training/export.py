"""Exports a training run as a weights file for generation."""

from dataclasses import asdict
from pathlib import Path

from ..model.controls import CHANNELS as CONTROLS
from ..model.decoder import parameters_of
from ..model.weights_file import Weights, WeightsInfo, save_weights
from .speeds import captured_speeds
from .trainer import Trainer


def export_weights(path: Path, trainer: Trainer, name: str, licence: str) -> None:
    """Write the averaged weights as float16, with settings, step and data as metadata. Raises as `save_weights`."""
    training = {
        # Of a file its name alone: where it lay is of no use to others.
        "settings": asdict(trainer.settings) | {"start_from": Path(trainer.settings.start_from).stem},
        "step": trainer.step,
        "energy_range_m_s": list(trainer.dances.energy_range),
        "speeds": captured_speeds(trainer.dances),
        "data": trainer.dances.about,
    }
    info = WeightsInfo(
        id=path.stem,
        name=name,
        licence=licence,
        feature_type=trainer.dances.feature_type,
        config=trainer.ema.config,
        controls=CONTROLS,
        training=training,
    )
    save_weights(path, Weights(parameters_of(trainer.ema), trainer.dances.normaliser, info), half=True)
