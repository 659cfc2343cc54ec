"""Beat alignment: how close kinematic beats (local minima of joint speed) are to the music's beats.

All tolerances are in seconds, so that the scores do not depend on the frame rate.
"""

from dataclasses import dataclass

import numpy as np

from ..motion.beat_alignment import motion_beats
from ..numerics.array import Array
from ..schema.frames import FPS

TOLERANCE_S = 3 / 60  # standard deviation of a hit; Bailando's and FACT's 3 frames at 60 fps
DRAWS = 200


@dataclass(frozen=True, slots=True)
class Alignment:
    """Beat alignment scores of a motion, each a mean in [0, 1].

    music: over the music's beats, to the nearest motion beat (Siyao et al. 2022, Bailando; EDGE's "beat alignment").
    motion: over the motion's beats, to the nearest music beat (Li et al. 2021, FACT).
    music_chance, motion_chance: means of the same scores with the music shifted by random times.
    percentile: share of those shifts whose `music` score is below the true one.
    """

    music: float
    motion: float
    music_chance: float
    motion_chance: float
    percentile: float


def hits(beats: Array, others: Array) -> float:
    """Mean over beats of exp(-(distance to the nearest of others)^2 / (2 * 0.05^2)); 0 if either is empty.

    beats, others: (n,), (m,) seconds, ascending.
    """
    if not len(beats) or not len(others):
        return 0.0
    after = np.searchsorted(others, beats).clip(1, len(others) - 1) if len(others) > 1 else np.zeros(len(beats), int)
    distance = np.minimum(np.abs(beats - others[after]), np.abs(beats - others[after - 1]))
    return float(np.exp(-0.5 * (distance / TOLERANCE_S) ** 2).mean())


def beat_alignment(joints: Array, music: Array, seed: int = 0) -> Alignment:
    """The alignment of a motion with the beats of its music.

    joints: (T, 24, 3) metres, world, 30 fps. music: (n,) seconds from the first frame, ascending; beats outside the
    motion are ignored. For the chance level the music's beats are shifted cyclically by DRAWS random times, which
    preserves their tempo and number; the shifts depend on the seed alone.
    """
    duration = len(joints) / FPS
    moves = motion_beats(joints)
    music = music[(music >= 0) & (music < duration)].astype(np.float64)
    shifts = np.random.default_rng(seed).uniform(0.0, duration, DRAWS)
    shifted = [np.sort((music + shift) % duration) for shift in shifts]
    by_chance = np.array([(hits(beats, moves), hits(moves, beats)) for beats in shifted])
    score = hits(music, moves)
    music_chance, motion_chance = by_chance.mean(axis=0)
    percentile = (by_chance[:, 0] < score).mean()
    return Alignment(score, hits(moves, music), float(music_chance), float(motion_chance), float(percentile))
