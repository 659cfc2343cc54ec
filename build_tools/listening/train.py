"""Trains the beat network on rendered songs, and writes its weights.

    python -m build_tools.listening.train FOLDER edge_backend/audio/beat_network.npz --steps 2000

FOLDER: as written by `render_songs`. Songs are drawn in proportion to their loss when they were last drawn, and played
at a tempo drawn at random. The network is a smaller version of that of Boeck and Davies, "Deconstruct, Analyse,
Reconstruct" (2020): convolutions over the spectrum, then non-causal dilated convolutions over time. Weights are written
in half precision, now and then during training as well. --resume trains such weights further; --keep puts a share of
them into the result, which is surer in music unlike the songs (Wortsman and others, "Robust fine-tuning of zero-shot
models", 2022).
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from edge_backend.audio.log_spectrum import FRAME_RATE

FRAMES = 3072  # of a training example; weights that reach farther than its length would not be trained
BATCH = 4
METRES = (2, 3, 4, 5, 6, 7)
DILATIONS = tuple(2**i for i in range(11))
WIDTH = 32
STRETCH = 0.18  # largest change of a song's tempo, logarithmic
LEAST_LOSS = 0.02  # added to the losses by which songs are drawn
HELD_OUT = 24  # songs, the first ones of the folder
JUDGED = 200  # steps between two judgements of the held-out songs
SPREAD_S = 0.03  # seconds on either side of a beat over which its target value falls to 0


class OverTime(nn.Conv1d):
    """Convolution of images (n, channels, 1, frames) over frames: channels last, it takes a CPU half the time."""

    def forward(self, x: Tensor) -> Tensor:
        """The convolved images."""
        weight, reach = self.weight[:, :, None], int(self.padding[0])
        return functional.conv2d(x, weight, self.bias, padding=(0, reach), dilation=(1, self.dilation[0]))


class BeatNetwork(nn.Module):
    """Spectrum (n, frames, bands) to logits (n, 3, frames): none, beat, downbeat; and (n, metres, frames)."""

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.conv0 = nn.Conv2d(1, 16, (3, 5), stride=(1, 3), padding=(1, 0))
        self.conv1 = nn.Conv2d(16, 24, (1, 8), stride=(1, 3))
        self.conv2 = nn.Conv2d(24, 24, 3, padding=(1, 0))
        left = ((bands - 2) // 3 - 5) // 3 - 2
        self.dense = nn.Conv1d(24 * left, WIDTH, 1)
        self.dilated = nn.ModuleList(OverTime(WIDTH, WIDTH, 5, padding=2 * d, dilation=d) for d in DILATIONS)
        self.mixed = nn.ModuleList(OverTime(WIDTH, WIDTH, 1) for _ in DILATIONS)
        self.beats = nn.Conv1d(WIDTH, 3, 1)
        self.metre = nn.Conv1d(WIDTH, len(METRES), 1)

    def forward(self, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of beats and metre, as described at the class."""
        x = spectrum[:, None]
        x = functional.elu(self.conv0(x))
        x = functional.elu(self.conv1(x))
        x = functional.elu(self.conv2(x))
        x = functional.elu(self.dense(x.permute(0, 1, 3, 2).flatten(1, 2)))
        x = x[:, :, None].contiguous(memory_format=torch.channels_last)
        total = torch.zeros_like(x)
        for dilated, mixed in zip(self.dilated, self.mixed, strict=True):
            y = mixed(functional.elu(dilated(x)))
            x, total = x + y, total + y
        total = functional.elu(total)[:, :, 0]
        return self.beats(total), self.metre(total)


def targets(beats: NDArray[np.float64], frames: int) -> NDArray[np.float32]:
    """Target probabilities (3, frames) of no beat, a beat, a downbeat. beats: (n, 2) seconds and number in the bar."""
    seconds = np.arange(frames) / FRAME_RATE
    out = np.zeros((3, frames), np.float32)
    for row, chosen in ((1, beats[:, 1] != 1), (2, beats[:, 1] == 1)):
        for second in beats[chosen, 0]:
            near = slice(max(int((second - SPREAD_S) * FRAME_RATE), 0), int((second + SPREAD_S) * FRAME_RATE) + 2)
            part = np.maximum(1 - np.abs(seconds[near] - second) / SPREAD_S, 0)
            out[row, near] = np.maximum(out[row, near], part)
    out[0] = 1 - out[1] - out[2]
    return out


def _augmented(rng: np.random.Generator, spectrum: NDArray[np.float32]) -> NDArray[np.float32]:
    """The spectrum with random changes of equalisation, mix and loudness."""
    magnitude = 10**spectrum - 1
    if rng.random() < 0.7:
        tilt = np.interp(np.arange(spectrum.shape[1]), np.linspace(0, spectrum.shape[1], 6), rng.normal(0, 0.3, 6))
        magnitude = magnitude * 10**tilt
    if rng.random() < 0.4:
        magnitude = magnitude + rng.exponential(10 ** rng.uniform(-1, 0.6), magnitude.shape)
    magnitude = magnitude * 10 ** rng.normal(0, 0.15)
    shift = int(rng.integers(-3, 4)) if rng.random() < 0.5 else 0
    out = np.log10(1 + magnitude).astype(np.float32)
    if shift:
        out = np.roll(out, shift, axis=1)
    if rng.random() < 0.3:
        out *= rng.uniform(0.8, 1.2)
    return out


def example(rng: np.random.Generator, song: dict[str, NDArray]) -> tuple[NDArray, NDArray, int]:
    """A part of the song at another tempo: its spectrum (FRAMES, bands), targets (3, FRAMES) and metre."""
    spectrum, stretch = song["s"], float(np.exp(rng.uniform(-STRETCH, STRETCH)))
    length = FRAMES * stretch
    start = rng.uniform(-length / 8, max(len(spectrum) - length * 7 / 8, 1))
    places = start + np.arange(FRAMES) * stretch
    inside = (places >= 0) & (places <= len(spectrum) - 1)
    x = np.zeros((FRAMES, spectrum.shape[1]), np.float32)
    y = np.zeros((3, FRAMES), np.float32)
    y[0] = 1
    low = np.clip(places[inside].astype(int), 0, len(spectrum) - 2)
    share = (places[inside] - low)[:, None].astype(np.float32)
    x[inside] = _augmented(rng, spectrum[low] * (1 - share) + spectrum[low + 1] * share)
    beats = np.column_stack([(song["beats"][:, 0] * FRAME_RATE - start) / stretch / FRAME_RATE, song["beats"][:, 1]])
    near = (beats[:, 0] > -SPREAD_S) & (beats[:, 0] < FRAMES / FRAME_RATE + SPREAD_S)
    y[:, inside] = targets(beats[near], FRAMES)[:, inside]
    return x, y, METRES.index(int(song["metre"]))


def read_songs(folder: Path) -> list[dict[str, NDArray]]:
    """Spectra, metres and beats of all songs in the folder."""
    songs = []
    for path in sorted(folder.glob("*.npz"), key=lambda path: int(path.stem) if path.stem.isdigit() else 0):
        if not path.stem.isdigit():
            continue
        with np.load(path) as data:
            song = {name: data[name] for name in ("s", "metre", "beats")}
        songs.append(song)
    return songs


def losses(outputs: tuple[Tensor, Tensor], y: Tensor, metre: Tensor) -> tuple[Tensor, Tensor]:
    """Cross entropies of each song: of the beats, mean over frames, (n,), and of the metre, mean over all."""
    beats, metres = outputs
    beat_loss = -(y * functional.log_softmax(beats, dim=1)).sum(1).mean(1)
    # Where there are beats: silence before and after a song has no metre.
    metre_loss = functional.cross_entropy(metres, metre[:, None].expand(-1, metres.shape[2]))
    return beat_loss, metre_loss


def train(folder: Path, out: Path, steps: int, *, resume: Path | None, keep: float, rate: float, seed: int) -> None:
    """Train for `steps`, with a learning rate that falls to 1/50, and write the weights.

    resume: weights to begin with. keep: their share in the weights written at the end.
    """
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    torch.set_flush_denormal(True)
    songs = read_songs(folder)
    held, songs = songs[:HELD_OUT], songs[HELD_OUT:]
    network = BeatNetwork(songs[0]["s"].shape[1])
    before = _read_weights(resume) if resume else {}
    if before:
        network.load_state_dict(before)
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-3)
    last_loss = np.full(len(songs), 0.05)
    seen = 0.0
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 50) * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * step / steps)))
        drawn = rng.choice(len(songs), BATCH, replace=False, p=_chances(last_loss))
        x, y, metre = zip(*(example(rng, songs[i]) for i in drawn), strict=True)
        target = torch.from_numpy(np.stack(y))
        beat_loss, metre_loss = losses(network(torch.from_numpy(np.stack(x))), target, torch.tensor(metre))
        optimiser.zero_grad()
        (beat_loss.mean() + 0.12 * metre_loss).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        last_loss[drawn] = (beat_loss.detach() + torch.xlogy(target, target).sum(1).mean(1)).numpy()
        seen = 0.98 * seen + 0.02 * float(beat_loss.mean())
        if (step + 1) % JUDGED == 0:
            print(f"{step + 1} steps, {seen:.4f}, held out {_judged(network, held)}", flush=True)
            _write_weights(out, network)
    if before:
        network.load_state_dict({name: torch.lerp(w, before[name], keep) for name, w in network.state_dict().items()})
    _write_weights(out, network)


def _write_weights(path: Path, network: BeatNetwork) -> None:
    weights = {name: value.numpy().astype(np.float16) for name, value in network.state_dict().items()}
    np.savez_compressed(path, **weights)


def _read_weights(path: Path) -> dict[str, Tensor]:
    with np.load(path) as data:
        return {name: torch.from_numpy(data[name].astype(np.float32)) for name in data.files}


def _chances(loss: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities (n,) with which songs are drawn. loss: (n,) of each, without the entropy of its targets."""
    weights = np.maximum(loss, 0) + LEAST_LOSS
    return np.asarray(weights / weights.sum())


def _judged(network: BeatNetwork, songs: list[dict[str, NDArray]]) -> str:
    total = []
    with torch.no_grad():
        for song in songs:
            outputs = network(torch.from_numpy(song["s"].astype(np.float32))[None])
            metre = torch.tensor([METRES.index(int(song["metre"]))])
            target = targets(song["beats"], len(song["s"]))
            beat_loss, metre_loss = losses(outputs, torch.from_numpy(target)[None], metre)
            right = float(outputs[1].mean(2).argmax(1)[0] == metre[0])
            total.append((float(beat_loss), float(metre_loss), right))
    return " ".join(f"{value:.4f}" for value in np.mean(total, axis=0))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--resume", type=Path, help="weights to begin with, as written by this")
    parser.add_argument("--keep", type=float, default=0.0, help="share of these in the result, 0 to 1")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    train(
        options.folder,
        options.out,
        options.steps,
        resume=options.resume,
        keep=options.keep,
        rate=options.rate,
        seed=options.seed,
    )
