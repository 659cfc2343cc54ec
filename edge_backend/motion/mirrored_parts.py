"""Exchanges left and right in some parts of a motion."""

import itertools
from collections.abc import Generator, Sequence
from dataclasses import replace

import numpy as np

from .inertialisation import without_jump
from .motion import Motion, joined

REACH = 12  # frames on each side of a border over which one side becomes the other
LEEWAY = 15  # frames before or after which sides are changed instead, if there the body is more like its mirror image


def mirrored_parts_in_steps(motion: Motion, borders: Sequence[int]) -> Generator[float, None, Motion]:
    """The motion of T frames with left and right exchanged from the first border to the second, and so on.

    borders: frames, ascending, at least two frames apart and from both ends. Each part goes on over the floor from
    where the one before it ends, and is reflected in the plane x = 0: who faces -y does so afterwards. Near the borders
    poses are blended, in which feet may slide.
    """
    parts: list[Motion] = []
    borders = [_most_alike(motion, border) for border in borders]
    for number, (first, stop) in enumerate(itertools.pairwise([0, *borders, motion.frames])):
        here = motion.part(slice(first, stop))
        here = here.mirrored() if number % 2 else here
        parts.append(_following(parts[-1], here) if parts else here)
    whole = replace(joined(parts), beats=motion.beats, meta=motion.meta)
    for number, border in enumerate(borders):
        yield number / len(borders)
        _blend(whole, border)
    return whole


def _most_alike(motion: Motion, border: int) -> int:
    """The frame within LEEWAY of the border at which, and before which, a pose differs least from its mirror image."""
    first, stop = max(border - LEEWAY, 2), min(border + LEEWAY, motion.frames - 2)
    near = motion.part(slice(first - 1, stop + 1))
    apart = (near.mirrored().joints() - near.joints()).astype(np.float64)
    apart -= apart[:, [0]] * [1, 1, 0]
    far = np.linalg.norm(apart, axis=-1).mean(axis=1)
    return first + int((far[:-1] + far[1:]).argmin())


def _following(before: Motion, motion: Motion) -> Motion:
    """The motion, shifted over the floor to go on where the one before it ends, at the mean of both speeds."""
    steps = [np.diff(part.root[ends], axis=0)[0] for part, ends in ((before, [-2, -1]), (motion, [0, 1]))]
    shift = before.root[-1] + (steps[0] + steps[1]) / 2 - motion.root[0]
    return replace(motion, root=motion.root + shift * np.array([1, 1, 0], np.float32))


def _blend(motion: Motion, border: int) -> None:
    """Blend the poses near a border of the motion, in place."""
    near = slice(max(border - REACH, 0), border + REACH)
    blend = without_jump(motion.part(near), border - near.start)
    motion.rotations[near], motion.root[near] = blend.rotations, blend.root
