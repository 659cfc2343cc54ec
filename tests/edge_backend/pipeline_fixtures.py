"""Small stand-ins for what a user brings: a network that is quick because it is tiny, and a song made of clicks."""

from pathlib import Path

import numpy as np
import soundfile
import torch

from edge_backend.model import controls
from edge_backend.model.decoder import DanceDecoder, DecoderConfig
from edge_backend.model.weights_file import Weights, WeightsInfo, save_weights
from edge_backend.motion.representation import CHANNELS, Normaliser

RATE = 22050
WIDTHS = {"rhythm": 12, "baseline": 35, "jukebox": 4800}


def write_weights(folder: Path, name: str = "tiny", features: str = "rhythm", latent: int = 32) -> Path:
    """A random network of the real architecture under `folder`/`name`.safetensors."""
    torch.manual_seed(0)
    own = controls.CHANNELS if features == "rhythm" else ()
    config = DecoderConfig(latent=latent, ff=2 * latent, layers=2, heads=2, features=WIDTHS[features] + len(own))
    info = WeightsInfo(name, "Tiny", "CC0-1.0", features, config, own)
    normaliser = Normaliser(np.ones(CHANNELS, np.float32), np.zeros(CHANNELS, np.float32))
    path = folder / f"{name}.safetensors"
    save_weights(path, Weights(DanceDecoder(config).eval(), normaliser, info))
    return path


def write_song(path: Path, seconds: float = 6.0, bpm: float = 120.0) -> Path:
    """Clicks at a steady tempo over a quiet tone."""
    time = np.arange(round(seconds * RATE)) / RATE
    since_beat = time % (60 / bpm)
    clicks = np.exp(-since_beat * 60) * np.sin(2 * np.pi * 150 * since_beat)
    soundfile.write(path, 0.6 * clicks + 0.05 * np.sin(2 * np.pi * 440 * time), RATE)
    return path
