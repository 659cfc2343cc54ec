"""Computes all metrics of one dance, by name; `metrics.METRICS` describes them."""

from collections.abc import Callable
from itertools import groupby

import numpy as np

from ..motion.motion import Motion
from ..numerics.array import Array
from . import feet, smoothness
from .beats import beat_alignment
from .clips import clips
from .form import form_of
from .limits import overbent_share


def measure(motion: Motion, beats: Array | None = None) -> dict[str, float]:
    """The metrics of one dance, by name. beats: of the music, seconds from the first frame; None = motion.beats."""
    joints = motion.joints()
    return {
        **body_metrics(joints, motion.rotations),
        **beat_metrics(joints, motion.beats if beats is None else beats),
        **form_metrics(motion),
    }


def body_metrics(joints: Array, rotations: Array) -> dict[str, float]:
    """The metrics that need no music. joints: (T, 24, 3) metres, z up, 30 fps. rotations: (T, 24, 3, 3) local."""
    return {
        "pfc": _mean_of_clips(feet.pfc, joints),
        "pfc_paper": _mean_of_clips(feet.pfc_paper, joints),
        "skate": feet.skate_ratio(joints),
        "slide": feet.slide(joints),
        "float": feet.floating(joints),
        "penetration": feet.penetration(joints),
        "jitter": smoothness.jitter(joints),
        "dynamics": smoothness.dynamics(joints),
        "travel": smoothness.travel(joints),
        "low": smoothness.low_share(joints),
        "height": smoothness.height(joints),
        "overbent": overbent_share(rotations),
    }


def beat_metrics(joints: Array, music: Array) -> dict[str, float]:
    """The metrics that need the music's beats (n,), seconds from the first frame; empty if there are none."""
    if not len(music):
        return {}
    alignment = beat_alignment(joints, np.asarray(music))
    return {
        "beat_alignment": alignment.music,
        "beat_alignment_chance": alignment.music_chance,
        "beat_above_chance": float(alignment.music > alignment.music_chance),
        "beat_percentile": alignment.percentile,
        "motion_beat_alignment": alignment.motion,
        "motion_beat_alignment_chance": alignment.motion_chance,
    }


def form_metrics(motion: Motion) -> dict[str, float]:
    """The metrics of the form, for dances with a plan in their metadata; empty for others."""
    plan, downbeats = motion.meta.get("choreography"), motion.meta.get("downbeats")
    if not plan or not downbeats or len(downbeats) < 2:
        return {}
    slots = [step["slot"] for step in plan["steps"]]
    sections = [
        (parts[0]["counts"][0], parts[-1]["counts"][-1], parts[0]["label"])
        for _, group in groupby(slots, key=lambda slot: slot["section"])
        if (parts := list(group))
    ]
    bars = np.stack([downbeats[:-1], downbeats[1:]], axis=1)
    middles = [(slot["counts"][0] + slot["counts"][-1]) / 2 for slot in slots]
    energy = np.interp(bars.mean(axis=1), middles, [slot["energy"] for slot in slots])
    form = form_of(motion, bars, sections, energy)
    found = {"repeat_auc": form.repeat_auc, "energy_r": form.energy_r}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def _mean_of_clips(metric: Callable[[Array], float], joints: Array) -> float:
    return float(np.mean([metric(clip) for clip in clips(joints)]))
