"""Classifier-free guidance (Ho and Salimans 2022): how strongly the music leads, at each timestep."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..model.engine import Engine, Poll, carry_on
from ..numerics.array import Array
from .samplers import Denoiser

Guidance = Callable[[int], float]
"""timestep -> weight w of out = uncond + w (cond - uncond); 1 is the network as trained, 0 ignores the music."""


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


def guided(engine: Engine, music: Any, guidance: Guidance, *, poll: Poll = carry_on) -> Denoiser:
    """The denoiser of windows (W, 150, 151) conditioned on `music`, of W windows; it returns x0 in [-1, 1].

    Where the weight needs only one of the two branches, only that one is evaluated. poll: called before each network
    evaluation; raises Cancelled to end the sampling there.
    """

    def denoise(x: Array, t: int) -> Array:
        weight = guidance(t)
        branches = engine.predict(x, t, music, conditional=weight != 0, unconditional=weight != 1, poll=poll)
        if len(branches) == 1:
            return np.clip(branches[0], -1, 1)
        conditional, unconditional = branches
        return np.clip(unconditional + weight * (conditional - unconditional), -1, 1)

    return denoise
