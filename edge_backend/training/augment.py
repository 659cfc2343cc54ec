"""Draws training windows on the device, with random mirroring, heading and position, and their condition.

The condition has the music's channels followed by the controls in the order of model.controls: style one-hot, energy,
whether the energy is given.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ..errors import EdgeError
from ..model.controls import ANY_STYLE, CHANNELS, STYLES
from ..motion.representation import ROOT
from ..schema.frames import FPS, WINDOW
from .losses import PoseScale
from .pack import DanceSet
from .symmetry import mirror_channels, mirror_windows, turn_about_up

CONTROLS = len(CHANNELS)

# Channels of edge_backend.audio.rhythm.CHANNELS (not imported, to need no audio packages): those that get noise, and
# "music known".
_NOISY = slice(6, 10)
_MUSIC = 11
_ANY = STYLES.index(ANY_STYLE)


@dataclass(frozen=True)
class Augmentation:
    """Parameters of the augmentation. p_...: probability per window.

    style_power: a style's probability is proportional to its minutes to this power. heading: radians, standard
    deviation of the rotation about z for half of the windows; for the other half it is uniform. place: metres, standard
    deviation of the centre of the root's path, per axis. reach: metres, the path is within +-reach where it fits.
    p_any_style, p_no_energy, p_no_music: style, energy or music is not given. noise: standard deviation of the noise on
    onsets and loudness.
    """

    style_power: float = 0.5
    p_mirror: float = 0.5
    heading: float = 0.35
    place: float = 0.5
    reach: float = 2.8
    p_any_style: float = 0.3
    p_no_energy: float = 0.5
    p_no_music: float = 0.1
    noise: float = 0.03


class Batch(NamedTuple):
    """A batch of W windows. target: (W, 150, 151) normalised. condition: (W, 150, F + 9)."""

    target: Tensor
    condition: Tensor


class WindowSampler:
    """Draws batches from the training or hold-out part of a DanceSet; all randomness is torch's global generator.

    Drawing uses tensor operations on the device only, without synchronisation or data-dependent control flow, so that
    it can be compiled and recorded as a CUDA graph. Raises EdgeError `pack_too_short` where no dance of that part is as
    long as a window.
    """

    def __init__(self, dances: DanceSet, augmentation: Augmentation, holdout: bool = False) -> None:
        usable = dances.usable(WINDOW, holdout)
        if not usable.any():
            half = "hold-out" if holdout else "training"
            raise EdgeError("pack_too_short", f"No {half} dance of the pack is {WINDOW / FPS:g} s long.", "Add dances.")
        self.dances = dances
        self.augmentation = augmentation
        self.scale = PoseScale.of(dances.normaliser, dances.vectors.device)
        order, sign = mirror_channels()
        self._order = torch.from_numpy(order).to(dances.vectors.device)
        self._sign = torch.from_numpy(sign).to(dances.vectors.device)
        self._frames = torch.arange(WINDOW, device=dances.vectors.device)
        self._start = dances.start[usable]
        self._starts = dances.length[usable] - WINDOW + 1
        self._style = dances.style[usable]
        weights = _variant_weights(self._starts.cpu(), self._style.cpu(), augmentation.style_power)
        self._cumulative = weights.cumsum(0).to(dances.vectors.device)
        self._one_hot = torch.eye(len(STYLES), device=dances.vectors.device)

    def draw(self, windows: int) -> Batch:
        """A batch of `windows` windows."""
        chances = torch.rand(4, windows, device=self._frames.device)
        variant = torch.searchsorted(self._cumulative, chances[0].double(), right=True).clamp(max=len(self._start) - 1)
        first = self._start[variant] + (chances[1] * self._starts[variant]).long()
        frames = first[:, None] + self._frames
        vectors = self._placed(self.dances.vectors[frames])
        music, controls = self._music(self.dances.features[frames]), self._controls(variant, frames, chances[2:])
        return Batch(self.scale.normalise(vectors), torch.cat([music, controls], dim=-1))

    def _placed(self, vectors: Tensor) -> Tensor:
        """Vectors (W, 150, 151) in metres after random mirroring, rotation about z and translation of the path."""
        augmentation, windows, device = self.augmentation, len(vectors), vectors.device
        chances = torch.rand(3, windows, device=device)
        normal = torch.randn(3, windows, device=device)

        vectors = mirror_windows(vectors, chances[0] < augmentation.p_mirror, self._order, self._sign)
        anywhere = (chances[1] - 0.5) * 2 * torch.pi
        vectors = turn_about_up(vectors, torch.where(chances[2] < 0.5, normal[0] * augmentation.heading, anywhere))

        path = vectors[..., ROOT.start : ROOT.start + 2]
        low, high = path.amin(dim=1, keepdim=True), path.amax(dim=1, keepdim=True)
        room = (augmentation.reach - (high - low) / 2).clamp(min=0)
        place = (normal[1:].T[:, None] * augmentation.place).clamp(-room, room)
        path += place - (low + high) / 2
        return vectors

    def _music(self, features: Tensor) -> Tensor:
        """Music channels (W, 150, F) with noise where there is music, and all 0 in windows without music.

        Features of other kinds than rhythm are unchanged: they have no channel for "no music known".
        """
        if self.dances.feature_type != "rhythm":
            return features.float()
        shape, device = features.shape, features.device
        known = torch.rand(shape[0], device=device) >= self.augmentation.p_no_music
        features = features * known[:, None, None]
        loud = features[..., _NOISY]
        noise = torch.randn(loud.shape, device=device) * self.augmentation.noise
        loud.copy_((loud + noise * features[..., _MUSIC, None]).clamp(0, 1))
        return features

    def _controls(self, variant: Tensor, frames: Tensor, chances: Tensor) -> Tensor:
        """Control channels (W, 150, 9); in some windows style or energy is not given. chances: (2, W) in [0, 1)."""
        augmentation = self.augmentation
        style = self._style[variant].masked_fill(chances[0] < augmentation.p_any_style, _ANY)
        # A look-up instead of functional.one_hot, which synchronises to find the largest number.
        one_hot = self._one_hot[style][:, None].expand(-1, WINDOW, -1)
        given = (chances[1] >= augmentation.p_no_energy).float()[:, None].expand(-1, WINDOW)
        energy = self.dances.energy[frames] * given
        return torch.cat([one_hot, energy[..., None], given[..., None]], dim=-1)


def _variant_weights(starts: Tensor, style: Tensor, power: float) -> Tensor:
    """Probabilities (V,) float64 of the variants: of a style, its minutes to a power; within a style, by windows.

    starts: (V,) numbers of possible first frames. style: (V,) numbers in STYLES.
    """
    one_hot = functional.one_hot(style, len(STYLES)).double()
    style_windows = starts.double() @ one_hot
    weights = starts * style_windows[style] ** (power - 1)
    return weights / weights.sum()
