"""The rhythm features: beat and bar phase, onsets, loudness and tempo, twelve channels for a whole song."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..schema.frames import FPS
from ..schema.requests import BeatsRequest
from .beat_detection import analysed_sound
from .beats import BEATS_PER_BAR, NEUTRAL_TEMPO, BeatGrid
from .loading import Audio
from .onsets import Curve, Onsets

CHANNELS = (
    *("beat_sin", "beat_cos", "bar_sin", "bar_cos", "beat_pulse", "downbeat_pulse"),
    *("onset_low", "onset_mid", "onset_high", "loudness", "tempo", "music"),
)
PULSE_S = 0.05  # standard deviation of a pulse around its beat
LEAST_RISE_DB = 0.5  # a band whose onsets are all below it is noise, which is not scaled to full strength
BLOCK = 1024  # frames whose loudness is summed at a time
LOUDNESS_DB = 40.0  # at this level below the loudest frame the loudness channel is 0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The analysis of an audio, which depends neither on the number of frames nor on the user's correction of beats.

    loudness: (n,) of each frame of the audio, 0 to 1. duration: seconds.
    """

    onsets: Onsets
    grid: BeatGrid
    loudness: NDArray[np.float64]
    duration: float


def analyse(audio: Audio) -> Rhythm:
    """Analyse an audio of at least one second."""
    sound = analysed_sound(audio)
    return Rhythm(sound.onsets, sound.detected.grid, _loudness(audio), audio.duration)


def rhythm_features(
    audio: Audio, frames: int, correction: BeatsRequest | None = None
) -> tuple[NDArray[np.float32], BeatGrid]:
    """Analyse the audio and return its `rhythm_channels`."""
    return rhythm_channels(analyse(audio), frames, correction)


def rhythm_channels(
    rhythm: Rhythm, frames: int, correction: BeatsRequest | None = None
) -> tuple[NDArray[np.float32], BeatGrid]:
    """The rhythm features at 30 fps, frame 0 at the audio's start.

    Returns values (frames, 12) in the order of CHANNELS, and the beat grid from which they are computed. Frames after
    the audio's end continue the grid and are silent. correction: the user's, of the beats.
    """
    onsets = rhythm.onsets
    grid = rhythm.grid.corrected(correction or BeatsRequest(), rhythm.duration)
    values = np.column_stack(
        [
            grid_channels(grid, frames),
            *(_onset_channel(onsets, curve, frames) for curve in (onsets.low, onsets.mid, onsets.high)),
            _fitted(rhythm.loudness, frames),
            np.full(frames, np.log2(grid.tempo / NEUTRAL_TEMPO)),
            np.ones(frames),
        ]
    )
    return values.astype(np.float32), grid


def grid_channels(grid: BeatGrid, frames: int) -> NDArray[np.float64]:
    """The first six channels (frames, 6): phase of the beat and of the bar, and pulses on beats and downbeats."""
    seconds = np.arange(frames) / FPS
    beat = grid.position(seconds)
    bar = network_bars(grid, seconds)
    turn = 2 * np.pi * np.stack([beat, bar])
    single = frames == 1
    beat_length = np.full(1, 60 / grid.tempo) if single else 1 / np.gradient(beat, seconds)
    bar_length = beat_length * BEATS_PER_BAR if single else 1 / np.gradient(bar, seconds)
    off_beat = (beat - np.round(beat)) * beat_length
    off_downbeat = (bar - np.round(bar)) * bar_length
    pulses = np.exp(-0.5 * (np.stack([off_beat, off_downbeat]) / PULSE_S) ** 2)
    sines, cosines = np.sin(turn), np.cos(turn)
    return np.stack([sines[0], cosines[0], sines[1], cosines[1], *pulses], axis=1)


def network_bars(grid: BeatGrid, seconds: NDArray) -> NDArray[np.float64]:
    """Fractional bars (n,) at times (n,) as the dance network counts them, which was trained on bars of four beats.

    Two bars of two beats count as one; bars of other metres keep their length.
    """
    bars = grid.bar_position(seconds)
    return bars * grid.metre / BEATS_PER_BAR if grid.metre == BEATS_PER_BAR // 2 else bars


def _onset_channel(onsets: Onsets, curve: Curve, frames: int) -> NDArray[np.float64]:
    """The strongest onset of each frame (frames,), relative to the 98th percentile, clipped to [0, 1]."""
    frame_of = np.round(onsets.seconds(np.arange(len(curve))) * FPS).astype(int)
    strongest = np.zeros(frame_of[-1] + 1)
    np.maximum.at(strongest, frame_of, curve)
    full = max(float(np.percentile(strongest, 98)), LEAST_RISE_DB)
    return _fitted(np.clip(strongest / full, 0.0, 1.0), frames)


def _loudness(audio: Audio) -> NDArray[np.float64]:
    """RMS of the 1/15 s around each frame, in dB: 1 at the loudest frame of the audio, 0 at 40 dB or more below it."""
    edges = np.round(np.arange(np.ceil(audio.duration * FPS)) * audio.rate / FPS).astype(int)
    edges = edges[edges < len(audio.samples)]
    energy = np.concatenate(
        [_energy(audio, edges[i : i + BLOCK + 1], len(edges) - i > BLOCK) for i in range(0, len(edges), BLOCK)]
    )
    samples = np.diff(edges, append=len(audio.samples))
    power = (energy + np.roll(energy, 1)) / (samples + np.roll(samples, 1))
    power[0] = energy[0] / samples[0]
    decibels = 10 * np.log10(np.maximum(power, 1e-20) / max(float(power.max()), 1e-20))
    return np.clip(1 + decibels / LOUDNESS_DB, 0.0, 1.0)


def _energy(audio: Audio, edges: NDArray[np.intp], goes_on: bool) -> NDArray[np.float64]:
    """Sums of squared samples between successive edges (n,), sample numbers.

    goes_on: whether the last edge ends the last sum; otherwise the song's end does. Computed in blocks, because the
    squares of a whole song in float64 would take more memory than the network.
    """
    end = edges[-1] if goes_on else len(audio.samples)
    starts = edges[:-1] if goes_on else edges
    return np.add.reduceat(np.square(audio.samples[edges[0] : end]), starts - edges[0], dtype=np.float64)


def _fitted(values: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """Values (n,) cut to `frames`, or padded with zeros."""
    return np.pad(values[:frames], (0, max(frames - len(values), 0)))
