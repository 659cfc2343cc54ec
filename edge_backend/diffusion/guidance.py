"""Classifier-free guidance (Ho and Salimans 2022): how strongly the music leads, at each timestep."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from ..model.cached_decoder import CachedDecoder, Memory
from ..model.decoder import DanceDecoder, Music
from .parallel_windows import chunks, parallel_threads, rounds, run_parallel
from .samplers import Denoiser

Guidance = Callable[[int], float]
"""timestep -> weight w of out = uncond + w (cond - uncond); 1 is the network as trained, 0 ignores the music."""

Poll = Callable[[], None]
"""Called before each network evaluation; raises Cancelled to end the sampling there."""

BATCH = 4  # windows; with both branches of the guidance their activations just fit into a cache of some MB
ROOM_BYTES = 128 << 20  # for what the decoder reads of the music; what finds no room is worked out at every step


def carry_on() -> None:
    """The poll that never cancels."""


def constant(weight: float) -> Guidance:
    """The same weight at every timestep."""
    return lambda _t: weight


def long_form_ramp(weight: float) -> Guidance:
    """EDGE's rule for long dances: from 0 at the start up to `weight` halfway.

    It is min(w, linspace(0, 2 w, 50)[i]) at step i of EDGE's 50, which stand at t = 999 - 20 i.
    """
    return lambda t: min(weight, 2 * weight * (999 - t) / 980)


def ddpm_rule(weight: float) -> Guidance:
    """EDGE's rule for ancestral sampling: no guidance in the last 100 timesteps."""
    return lambda t: min(weight, 1.0) if t < 100 else weight


def in_interval(guidance: Guidance, low: int, high: int) -> Guidance:
    """Guidance only for low <= t <= high, the plain conditional network elsewhere (Kynkäänniemi et al. 2024)."""
    return lambda t: guidance(t) if low <= t <= high else 1.0


def guided(
    decoder: CachedDecoder, music: Music, guidance: Guidance, *, batch: int = BATCH, poll: Poll = carry_on
) -> Denoiser:
    """The denoiser of windows (W, 150, 151) conditioned on `music`, of W windows; it returns x0 in [-1, 1].

    The conditional and the unconditional branch go through the network in one batch; where the weight needs only one of
    them, only that one. batch: the most windows in one evaluation, or one for each CPU thread. It changes the result by
    rounding only, and so does the number of threads.
    """
    memories = _Memories(decoder, music)

    def predict(x: Tensor, t: int, conditional: Memory | None, weight: float) -> Tensor:
        branches = decoder(x, t, conditional, unconditional=weight != 1)
        if len(branches) == 1:
            return branches[0]
        conditional, unconditional = branches
        return unconditional + weight * (conditional - unconditional)

    def denoise(x: Tensor, t: int) -> Tensor:
        weight = guidance(t)
        x0: list[Tensor] = []
        for parts in rounds(len(x), batch, parallel_threads(x.device)):
            poll()
            conditional = [None if weight == 0 else memories.of(part) for part in parts]
            x0 += run_parallel(
                [partial(predict, x[part], t, memory, weight) for part, memory in zip(parts, conditional, strict=True)]
            )
        return torch.cat(x0).clamp(-1, 1)

    return denoise


class _Memories:
    """Keys and values of the music by range of windows, cached from step to step up to ROOM_BYTES."""

    def __init__(self, decoder: CachedDecoder, music: Music) -> None:
        self._decoder = decoder
        self._music = music
        self._cached: dict[int, Memory] = {}
        self._room = ROOM_BYTES

    def of(self, part: slice) -> Memory:
        """Keys and values for the windows `part`."""
        if part.start in self._cached:
            return self._cached[part.start]
        memory = self._decoder.memory(Music(self._music.tokens[part], self._music.hidden[part]))
        if memory.bytes <= self._room:
            self._room -= memory.bytes
            self._cached[part.start] = memory
        return memory


def encode(model: DanceDecoder, cond: Tensor, *, batch: int = BATCH, poll: Poll = carry_on) -> Music:
    """The music cond (W, 150, features) encoded once for all steps, on the model's device."""
    device = model.null_cond_hidden.device
    parts = []
    for part in chunks(len(cond), batch):
        poll()
        parts.append(model.encode_music(cond[part].to(device)))
    return Music(*(torch.cat(column) for column in zip(*parts, strict=True)))
