"""Solves the least squares of `proportions` for the root's translation and those of the stances.

Frames are eliminated in groups, in which a stance has its translation once. numpy only.
"""

from dataclasses import dataclass

import numpy as np

from ...numerics.array import Array
from ...numerics.banded import add_bending, solve_block_chain

_GROUP = 10
"""Frames that are eliminated together: with fewer, numpy's call overhead dominates, with more, arithmetic."""
_ONE_PLACE = 1e9
"""Weight of the equality of a stance's translations in two groups."""


@dataclass(frozen=True)
class StanceProblem:
    """Minimise over the root's translation x (T, 3) and a translation p (2,), horizontal, of every stance

        sum (x_t - p - off_t)' precision_t (x_t - p - off_t) + prior sum |p|^2
        + sum firm_t |x_t - middle_t|^2 + stiffness sum |x_(t+1) - 2 x_t + x_(t-1)|^2

    with the first sums over all frames and legs; where a leg does not stand, p is 0. precision: (T, legs, 3, 3). off:
    (T, legs, 3). stances: (T, legs), the number of the stance, ascending in time for each leg, -1 in free frames.
    prior, stiffness: numbers. middle: (T, 3). firm: (T,), above 0.
    """

    precision: Array
    off: Array
    stances: Array
    prior: float
    middle: Array
    firm: Array
    stiffness: float

    def solve(self) -> tuple[Array, Array]:
        """x (T, 3) and p (T, legs, 2), equal within a stance, 0 in free frames."""
        frames, legs = self.stances.shape
        count = -(-frames // _GROUP)
        numbers = _grouped(self.stances + 1, count) - 1
        slots = numbers - np.where(numbers < 0, numbers.max(initial=0) + 1, numbers).min(axis=1, keepdims=True)
        system = _System(legs, count, int(np.where(numbers < 0, 0, slots).max(initial=0)) + 1)
        self._add_root(system, count)
        for leg in range(legs):
            self._add_stances(system, leg, numbers[..., leg], slots[..., leg], count)
        solved = system.solve()
        places = np.zeros((count, _GROUP, legs, 2))
        for leg in range(legs):
            group, row = np.nonzero(numbers[..., leg] >= 0)
            places[group, row, leg] = solved[group[:, None], system.place(leg, slots[group, row, leg])]
        x = solved[:, system.root].reshape(-1, 3)[:frames]
        return x, _means(places.reshape(-1, legs, 2)[:frames], self.stances)

    def _add_root(self, system: "_System", count: int) -> None:
        frames = len(self.firm)
        whole = self.precision.sum(axis=1) + self.firm[:, None, None] * np.eye(3)
        pull = (self.precision @ self.off[..., None])[..., 0].sum(axis=1) + self.firm[:, None] * self.middle
        bands = diagonal, first, second = np.zeros((3, frames))
        add_bending(diagonal, first, second, self.stiffness)
        diagonal, first, second = (_grouped(band, count)[..., None] for band in bands)
        for row, block in enumerate(np.moveaxis(_grouped(whole, count), 1, 0)):
            here = system.root_at(row)
            system.own[:, here[:, None], here] += block + diagonal[:, row, :, None] * np.eye(3)
            for ahead, band in ((1, first), (2, second)):
                if row + ahead < _GROUP:
                    there = system.root_at(row + ahead)
                    system.own[:, here, there] += band[:, row]
                    system.own[:, there, here] += band[:, row]
                else:
                    system.later[:, here, system.root_at(row + ahead - _GROUP)] += band[:, row]
        system.right[:, system.root] += _grouped(pull, count).reshape(count, -1)

    def _add_stances(self, system: "_System", leg: int, numbers: Array, slots: Array, count: int) -> None:
        """numbers, slots: (groups, _GROUP), the stances' numbers, and their order in the group."""
        precision = _grouped(self.precision[:, leg], count)
        pull = (precision @ _grouped(self.off[:, leg], count)[..., None])[..., :2, 0]
        for row in range(_GROUP):
            group = np.flatnonzero(numbers[:, row] >= 0)
            here, there = system.root_at(row), system.place(leg, slots[group, row])
            side = precision[group, row][:, :, :2]
            system.own[group[:, None, None], here[:, None], there[:, None]] -= side
            system.own[group[:, None, None], there[..., None], here] -= side.swapaxes(1, 2)
            system.own[group[:, None, None], there[..., None], there[:, None]] += side[:, :2] + self.prior * np.eye(2)
            system.right[group[:, None], there] -= pull[group, row]
        lasts = np.flatnonzero((numbers[:-1, -1] == numbers[1:, 0]) & (numbers[1:, 0] >= 0))
        before, after = system.place(leg, slots[lasts, -1]), system.place(leg, slots[lasts + 1, 0])
        system.own[lasts[:, None], before, before] += _ONE_PLACE
        system.own[lasts[:, None] + 1, after, after] += _ONE_PLACE
        system.later[lasts[:, None], before, after] -= _ONE_PLACE


class _System:
    """Normal equations by groups of frames.

    A group's unknowns: the translations of each leg's first stance in it, those of the root, and those of further
    stances. own, later, right: as in `solve_block_chain`.
    """

    def __init__(self, legs: int, groups: int, stances: int) -> None:
        """stances: the most that a leg has in a group."""
        self._legs = legs
        size = 3 * _GROUP + 2 * legs * stances
        self.own = np.zeros((groups, size, size))
        self.later = np.zeros((groups, size, 2 * legs + 2 * 3))
        self.right = np.zeros((groups, size))

    @property
    def root(self) -> slice:
        """The root's unknowns."""
        return slice(2 * self._legs, 2 * self._legs + 3 * _GROUP)

    def root_at(self, row: int) -> Array:
        """The indices (3,) of the root's translation in a frame of each group."""
        return self.root.start + 3 * row + np.arange(3)

    def place(self, leg: int, slot: Array) -> Array:
        """The indices (..., 2) of the translation of a leg's stance; slot: (...), its order in the group."""
        further = self.root.stop + 2 * (self._legs * (slot - 1) + leg)
        indices: Array = np.where(slot == 0, 2 * leg, further)[..., None] + np.arange(2)
        return indices

    def solve(self) -> Array:
        """The unknowns (groups, m); those that nothing determines are 0."""
        diagonal = np.einsum("kii->ki", self.own)  # a view
        diagonal[diagonal == 0] = 1
        return solve_block_chain(self.own, self.later, self.right)


def _grouped(values: Array, count: int) -> Array:
    """Values (T, ...) as (count, _GROUP, ...), with zeros after the last."""
    padded = np.zeros((count * _GROUP, *values.shape[1:]), values.dtype)
    padded[: len(values)] = values
    return padded.reshape(count, _GROUP, *values.shape[1:])


def _means(places: Array, stances: Array) -> Array:
    """Means of places (T, legs, 2) over each stance, which differ by rounding only; 0 in free frames."""
    means = np.zeros_like(places)
    for leg, numbers in enumerate(stances.T):
        stands = numbers >= 0
        if stands.any():
            counts = np.bincount(numbers[stands])
            sums = np.stack([np.bincount(numbers[stands], weights=column) for column in places[stands, leg].T], axis=1)
            means[stands, leg] = (sums / counts[:, None])[numbers[stands]]
    return means
