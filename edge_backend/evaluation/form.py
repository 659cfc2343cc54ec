"""Metrics of a dance's form: whether bars repeat where the song's do, and whether its speed follows the song's energy.

Bars are compared by the joint positions on their sixteenths, relative to the pelvis' position and heading, mirrored or
not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..motion.motion import Motion
from ..motion.skeleton import Joint
from ..numerics.array import Array

POSES = 16  # of a bar that are compared
_ROUNDING_S = 1e-3

Span = tuple[float, float, str]


@dataclass(frozen=True, slots=True)
class Form:
    """Metrics of the form.

    repeat_auc: probability that two bars at the same place of sections with one label are nearer to each other than two
    bars of sections with different labels; 0.5 is chance, NaN if no section repeats. energy_r: correlation of the bars'
    mean joint speed with the song's energy, NaN for fewer than three bars.
    """

    repeat_auc: float
    energy_r: float


def form_of(motion: Motion, bars: Array, sections: Sequence[Span], energy: Array | None = None) -> Form:
    """The form of a dance.

    bars: (n, 2) seconds of start and end. sections: (start s, end s, label). energy: (n,) of the song's bars, any unit.
    Bars that the dance does not cover are left out.
    """
    covered = (bars[:, 0] >= 0) & (bars[:, 1] <= motion.frames / Motion.fps + 0.05)
    bars = bars[covered]
    speed = _speeds(motion, bars)
    r = float("nan")
    if energy is not None and len(bars) > 2 and speed.std() > 0 and energy[covered].std() > 0:
        r = float(np.corrcoef(speed, energy[covered])[0, 1])
    return Form(_repeat_auc(bar_distances(motion, bars), *_places(bars, sections)), r)


def bar_distances(motion: Motion, bars: Array) -> Array:
    """Distances (n, n), metres, of bars: mean joint distance of two bars, or of one and the other's mirror image.

    bars: (n, 2) seconds of start and end.
    """
    image = motion.mirrored()
    seen = _seen(motion.joints(), motion.rotations, bars)
    turned = _seen(image.joints(), image.rotations, bars)
    return np.minimum(_apart(seen, seen), _apart(seen, turned))


def _seen(joints: Array, rotations: Array, bars: Array) -> Array:
    """Joint positions (bars, POSES, 24, 3), metres, relative to the floor below the pelvis and to its heading.

    joints: (T, 24, 3) metres, world. rotations: (T, 24, 3, 3) local. bars: (n, 2) seconds.
    """
    centred = joints.astype(np.float64)
    centred[..., :2] -= joints[:, [Joint.PELVIS], :2]
    forward = rotations[:, Joint.PELVIS, :2, 2].astype(np.float64)
    forward /= np.maximum(np.linalg.norm(forward, axis=1, keepdims=True), 1e-9)
    side = np.stack([-forward[:, 1], forward[:, 0]], axis=1)
    x, y = centred[..., :2] @ side[..., None], centred[..., :2] @ forward[..., None]
    centred[..., :2] = np.concatenate([x, y], axis=-1)
    at = bars[:, :1] + (np.arange(POSES) + 0.5) / POSES * (bars[:, 1:] - bars[:, :1])
    frames = np.clip(np.round(at * Motion.fps).astype(int), 0, len(joints) - 1)
    return centred[frames]


def _apart(ones: Array, others: Array) -> Array:
    return np.stack([np.linalg.norm(others - one, axis=-1).mean(axis=(1, 2)) for one in ones])


def _speeds(motion: Motion, bars: Array) -> Array:
    """Mean speed of the joints relative to the pelvis in each bar, m/s."""
    joints = motion.joints()
    body = (joints - joints[:, [Joint.PELVIS]]).astype(np.float64)
    speed = np.linalg.norm(np.diff(body, axis=0), axis=-1).mean(axis=1) * Motion.fps
    edges = np.clip(np.round(bars * Motion.fps).astype(int), 0, len(speed))
    return np.array([speed[first : max(stop, first + 1)].mean() for first, stop in edges])


def _places(bars: Array, sections: Sequence[Span]) -> tuple[list[tuple[str, int] | None], Array]:
    """For each bar its label and its number in its section, None outside all sections; and the section's number or -1.

    bars: (n, 2) seconds.
    """
    places: list[tuple[str, int] | None] = []
    owner = []
    count: dict[int, int] = {}
    for start, end in bars:
        middle = (start + end) / 2
        inside = [number for number, section in enumerate(sections) if section[0] <= middle < section[1]]
        owner.append(inside[0] if inside else -1)
        if inside:
            count[inside[0]] = count.get(inside[0], -1) + 1
        places.append((sections[inside[0]][2], count[inside[0]]) if inside else None)
    return places, np.array(owner, dtype=int)


def _repeat_auc(apart: Array, places: list[tuple[str, int] | None], owner: Array) -> float:
    """Area under the ROC curve (Mann and Whitney 1947) of distances (n, n): repeated pairs of bars against others."""
    same, other = [], []
    for one, here in enumerate(places):
        for two in range(one):
            there = places[two]
            if here is None or there is None or owner[one] == owner[two]:
                continue
            if here == there:
                same.append(apart[one, two])
            elif here[0] != there[0]:
                other.append(apart[one, two])
    if not same or not other:
        return float("nan")
    near, far = np.array(same)[:, None], np.array(other)
    return float(((near < far) + 0.5 * (near == far)).mean())
