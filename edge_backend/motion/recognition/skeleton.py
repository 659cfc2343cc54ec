"""A skeleton at rest as arrays: hierarchy, heads and tails of the bones."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ...numerics.array import Array


class Bone(NamedTuple):
    """A bone at rest. parent: None for roots. head, tail: armature space. constrained: whether constraints move it."""

    name: str
    parent: str | None
    head: tuple[float, float, float]
    tail: tuple[float, float, float]
    constrained: bool = False


@dataclass(frozen=True)
class BoneTree:
    """Bones by number, parents before their children.

    parents: (N,) the parent's number, -1 for roots. heads, tails: (N, 3), armature space. constrained: (N,) whether
    constraints move the bone.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    heads: Array
    tails: Array
    constrained: Array

    @classmethod
    def of(cls, bones: Iterable[Bone]) -> "BoneTree":
        """The tree of these bones, in any order. A parent that is not among them is treated as none."""
        by_name = {bone.name: bone for bone in bones}
        number: dict[str, int] = {}
        for name in by_name:
            path: list[str] = []
            above: str | None = name
            while above is not None and above in by_name and above not in number and above not in path:
                path.append(above)
                above = by_name[above].parent
            for below in reversed(path):
                number[below] = len(number)
        ordered = [by_name[name] for name in number]
        parents = []
        for place, bone in enumerate(ordered):
            parent = number.get(bone.parent, -1) if bone.parent is not None else -1
            parents.append(parent if parent < place else -1)
        heads = np.array([bone.head for bone in ordered], dtype=np.float64).reshape(-1, 3)
        tails = np.array([bone.tail for bone in ordered], dtype=np.float64).reshape(-1, 3)
        return cls(
            tuple(number), tuple(parents), heads, tails, np.array([bone.constrained for bone in ordered], dtype=bool)
        )

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def children(self) -> list[list[int]]:
        """The children of every bone."""
        below: list[list[int]] = [[] for _ in self.names]
        for bone, parent in enumerate(self.parents):
            if parent >= 0:
                below[parent].append(bone)
        return below

    @cached_property
    def lines(self) -> list[tuple[int, ...]]:
        """Every bone with all bones above it, the root first."""
        lines: list[tuple[int, ...]] = []
        for bone, parent in enumerate(self.parents):
            lines.append((*lines[parent], bone) if parent >= 0 else (bone,))
        return lines

    @cached_property
    def forks(self) -> Array:
        """Whether several chains of two bones or more go on from a bone (N,), as fingers from a hand."""
        chains = np.zeros(len(self), dtype=int)
        for bone, parent in enumerate(self.parents):
            if parent >= 0 and self.children[bone]:
                chains[parent] += 1
        return chains > 1

    @cached_property
    def path_length(self) -> Array:
        """The length of the chain from the root's head to every bone's (N,)."""
        steps = np.linalg.norm(self.heads - self.heads[list(self.parents)], axis=1)
        length = np.zeros(len(self))
        for bone, parent in enumerate(self.parents):
            if parent >= 0:
                length[bone] = length[parent] + steps[bone]
        return length

    @cached_property
    def descendants(self) -> Array:
        """The number of descendants of every bone (N,)."""
        count = np.zeros(len(self), dtype=int)
        for bone in range(len(self) - 1, -1, -1):
            if self.parents[bone] >= 0:
                count[self.parents[bone]] += count[bone] + 1
        return count

    @cached_property
    def tips(self) -> Array:
        """The end of every bone (N, 3): its child's head, the centre of several children's, or its tail."""
        tips = self.tails.copy()
        for bone in range(len(self) - 1, -1, -1):
            below = self.children[bone]
            if len(below) == 1:
                tips[bone] = tips[below[0]]
            elif below:
                tips[bone] = self.heads[below].mean(axis=0)
        return tips

    @cached_property
    def extent(self) -> float:
        """The size of the skeleton, without bones that are far from all others."""
        far = np.linalg.norm(self.heads - np.median(self.heads, axis=0), axis=1)
        return max(2 * float(np.quantile(far, 0.95)), 1e-9)

    def is_below(self, bone: int, above: int) -> bool:
        """Whether `bone` is `above` or a descendant of it."""
        return above in self.lines[bone]

    def common(self, *bones: int) -> int:
        """The lowest common ancestor of the bones, which may be one of them; -1 if they have different roots."""
        found = -1
        for level in zip(*(self.lines[bone] for bone in bones), strict=False):
            if len(set(level)) > 1:
                break
            found = level[0]
        return found

    def between(self, above: int, below: int) -> list[int]:
        """The bones between `above` and `below`, without these; above = -1: from the root."""
        line = self.lines[below]
        start = line.index(above) + 1 if above in line else 0
        return list(line[start:-1])

    def below(self, bone: int) -> list[int]:
        """All descendants of a bone, parents before their children."""
        found, waiting = [], list(reversed(self.children[bone]))
        while waiting:
            here = waiting.pop()
            found.append(here)
            waiting += reversed(self.children[here])
        return found
