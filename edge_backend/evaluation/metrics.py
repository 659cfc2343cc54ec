"""Title, unit, direction and explanation of each metric."""

from dataclasses import dataclass
from typing import Literal

Aim = Literal["low", "high", "reference"]
"""Which values are good: low ones, high ones, or those near the reference motions'."""


@dataclass(frozen=True, slots=True)
class Metric:
    """Texts about a metric for the report. explained: one line with the metric's source."""

    family: str
    title: str
    unit: str
    aim: Aim
    explained: str


METRICS = {
    "beat_alignment": Metric(
        "Beats",
        "Beat alignment",
        "",
        "high",
        "music beats with a stop or turn of the body near them, tolerance 50 ms (Bailando, EDGE)",
    ),
    "beat_alignment_chance": Metric(
        "Beats", "Its chance level", "", "low", "the same with the music shifted by 200 random times"
    ),
    "beat_above_chance": Metric(
        "Beats", "Dances above chance", "", "high", "share of dances that beat their chance level"
    ),
    "beat_percentile": Metric("Beats", "Shifts beaten", "", "high", "share of the random shifts that align less well"),
    "motion_beat_alignment": Metric(
        "Beats", "Motion beat alignment", "", "high", "stops and turns of the body with a music beat near them (FACT)"
    ),
    "motion_beat_alignment_chance": Metric("Beats", "Its chance level", "", "low", "as above, with the music shifted"),
    "pfc": Metric("Feet", "PFC", "", "low", "physical foot contact, as the EDGE authors' code has it, 5 s clips"),
    "pfc_paper": Metric("Feet", "PFC, as written", "m²/s²", "low", "eq. 10 of the paper: whole foot velocity in m/s"),
    "skate": Metric("Feet", "Skating frames", "", "reference", "a toe below 5 cm moves faster than 0.5 m/s (GMD)"),
    "slide": Metric("Feet", "Slide", "mm/frame", "low", "median motion of feet that are down"),
    "float": Metric("Feet", "Floating frames", "", "reference", "all of both feet more than 2 cm above their stance"),
    "penetration": Metric("Feet", "Penetration", "mm", "low", "mean depth of the deepest foot joint below its stance"),
    "jitter": Metric("Movement", "Jitter", "m/s³", "reference", "mean jerk of all joints (WHAM)"),
    "dynamics": Metric("Movement", "Dynamics", "m/s", "reference", "mean joint speed relative to the pelvis"),
    "travel": Metric("Movement", "Travel", "m/s", "reference", "mean speed of the pelvis along the floor"),
    "low": Metric("Movement", "Low frames", "", "reference", "the pelvis is less than 0.6 m above the floor"),
    "height": Metric("Movement", "Height", "m", "reference", "mean height of the pelvis above the floor"),
    "overbent": Metric(
        "Movement", "Overbent frames", "", "low", "share of frames of the joint most often beyond human range"
    ),
    "dist_k": Metric("Variety", "Dist k", "", "reference", "mean distance of clips in kinetic features"),
    "dist_g": Metric("Variety", "Dist g", "", "reference", "mean distance of clips in geometric features"),
    "fid_k": Metric("Variety", "FID k", "", "low", "Fréchet distance to the reference clips, kinetic features"),
    "fid_g": Metric("Variety", "FID g", "", "low", "Fréchet distance to the reference clips, geometric features"),
    "dist_k_published": Metric(
        "Variety", "Dist k, published", "", "reference", "with the bracket that published feature code lacks"
    ),
    "fid_k_published": Metric(
        "Variety", "FID k, published", "", "low", "with the bracket that published feature code lacks"
    ),
}

FORM_METRICS = {
    "repeat_auc": Metric(
        "Form", "Repeat AUC", "", "high", "bars in the same place of a returning section are nearer than other bars"
    ),
    "energy_r": Metric("Form", "Energy r", "", "high", "correlation of the bars' movement with the song's energy"),
}
"""Metrics of dances with a plan."""
