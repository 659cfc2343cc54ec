"""Small stand-ins for what a user brings: a network that is quick because it is tiny, and a song made of clicks."""

from pathlib import Path

import numpy as np
import soundfile
import torch

from edge_backend.model import controls
from edge_backend.model.decoder import DanceDecoder, parameters_of
from edge_backend.model.decoder_config import DecoderConfig
from edge_backend.model.weights_file import Weights, WeightsInfo, save_weights
from edge_backend.motion.contacts import edge_contacts
from edge_backend.motion.files import save_motion
from edge_backend.motion.motion import Motion
from edge_backend.motion.representation import CHANNELS, Normaliser
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import Y_UP_TO_Z_UP

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
    save_weights(path, Weights(parameters_of(DanceDecoder(config)), normaliser, info))
    return path


def write_song(path: Path, seconds: float = 6.0, bpm: float = 120.0) -> Path:
    """Clicks at a steady tempo over a quiet tone."""
    time = np.arange(round(seconds * RATE)) / RATE
    since_beat = time % (60 / bpm)
    clicks = np.exp(-since_beat * 60) * np.sin(2 * np.pi * 150 * since_beat)
    soundfile.write(path, 0.6 * clicks + 0.05 * np.sin(2 * np.pi * 440 * time), RATE)
    return path


def swaying(frames: int, place: tuple[float, float] = (0.0, 0.0), heading: float = 0.0, seed: int = 0) -> Motion:
    """A dancer who sways: every joint turns to and fro by up to 20 degrees, the pelvis by 5 cm.

    place: metres on the floor. heading: radians from facing -y.
    """
    random = np.random.default_rng(seed)
    phase, speed = random.uniform(0, 6, (2, 24, 3))
    time = np.arange(frames)[:, None, None] / Motion.fps
    rotations = axis_angle_to_matrix(0.2 * np.sin(phase + (0.5 + speed / 3) * time))
    rotations[:, 0] = axis_angle_to_matrix(np.array([0.0, 0.0, heading])) @ Y_UP_TO_Z_UP @ rotations[:, 0]
    root = [*place, 0.8] + 0.05 * np.sin(phase[0] + 2 * time[:, 0])
    motion = Motion(rotations.astype(np.float32), root.astype(np.float32), np.zeros((frames, 4), np.float32))
    motion.contacts = edge_contacts(motion.joints())
    return motion


def write_motion(path: Path, motion: Motion) -> str:
    """The motion's file."""
    save_motion(path, motion)
    return str(path)
