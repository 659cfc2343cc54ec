"""Feet on the floor by their meshes: soles that are moved by several bones, or are wider than the cleanup's line.

A sole whose vertices partly follow the shin or the thigh, as in round and low bodies, is neither flat nor at its height
when its foot's bone is. So the mesh is posed with its bones' weights, and feet are tilted, lifted or lowered until its
lowest vertex is on the floor.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...numerics.array import Array
from ..rotations import axis_angle_to_matrix
from ..steps import part
from .curves import bridge, envelope, rise
from .legs import longest_legs, reach_leg
from .rig import FootRig, Leg
from .settings import FootSettings
from .targets import ACCELERATION, GIVE_UP, LIFT_REACH, SINK, TURN_ACCELERATION

SECTIONS = ("hips", "thigh", "shin", "foot", "toes")
"""What moves a foot's mesh, from above."""

_FOOT = SECTIONS.index("foot")
_STRETCH = 300  # frames that are computed in one step
_ROUNDS = 8  # at most: a lifted ankle turns shin and thigh, with the vertices that follow them
_DONE = 0.0002  # metres that are left
_LEAST = 0.00001  # metres; feet are not lifted by less
DEEPEST_DROP = 0.02  # metres by which the root is lowered at most where legs are too short
HIGHEST_RISE = 0.04  # metres by which it is raised at most where legs under it cannot fold
DROP_REACH = 6  # frames over which it is lowered and raised
_SUNK = 0.002  # metres by which soles may be below SINK
_FLAT = 0.012  # metres above the lowest vertex at rest, or this share of the sole's length: vertices of the sole
_FLAT_SHARE = 0.1
_UNSEEN_TILT = 0.005  # metres at the ends of a sole by which it may be tilted
_STIFF = 0.02  # share of the vertices' spread by which tilting is resisted, so that narrow soles do not roll over


@dataclass(frozen=True)
class FootMesh:
    """The mesh of a foot at rest, where its soles are flat on the floor.

    points: (n, 3). shares: (n, 5) of each point's movement that it has from SECTIONS, 1 together. Points of which the
    foot has little, around the ankle and under the heel, belong to it too. first: the number of the uppermost section
    that counts as the foot: the shin's, where bones of the foot move little or nothing, as of shoes that hang on shins.
    """

    points: Array
    shares: Array
    first: int = _FOOT

    @cached_property
    def on_shin(self) -> bool:
        """Whether the foot is an end of the shin, and does not turn on it."""
        return not (self.shares[:, _FOOT:].sum(axis=1) > 0.5).any()

    @cached_property
    def own_points(self) -> Array:
        """Those of the points (n, 3) that the foot moves more than all others."""
        found: Array = self.points[self.shares[:, self.first :].sum(axis=1) > 0.5]
        return found

    def at(self, points: Array) -> "FootMesh":
        """The mesh with its points elsewhere. points: (n, 3)."""
        return replace(self, points=points)


class PosedMesh:
    """The mesh of the foot of one leg, as the bones of the leg move it (linear blend skinning).

    joints: (J, 3) the rig's at rest, where the mesh's points are, the world's axes, z up, metres.
    """

    def __init__(self, mesh: FootMesh, leg: Leg, joints: Array) -> None:
        self.leg = leg
        self._sections = [0, leg.hip, leg.knee, leg.ankle, leg.toe]
        self._shares = mesh.shares.T
        self._offsets = mesh.points - joints[self._sections, None]
        self._heights = mesh.points[:, 2] - mesh.points[:, 2].min()
        self._length = float(np.ptp(mesh.points[:, :2], axis=0).max())
        self._lowest = np.concatenate([self._shares[..., None] * self._offsets, self._shares[..., None]], axis=2)

    def heights(self, turns: Array, joints: Array) -> Array:
        """Heights (T, n) of the points, metres. turns: (T, J, 3, 3) from rest and joints: (T, J, 3), world."""
        ups = np.concatenate([turns[:, self._sections, 2], joints[:, self._sections, 2:]], axis=2)
        lowest = self._lowest.transpose(0, 2, 1).reshape(-1, self._lowest.shape[1])
        found: Array = ups.reshape(len(ups), len(lowest)) @ lowest
        return found

    @cached_property
    def _sole(self) -> Array:
        """The numbers of the points of the sole."""
        return np.flatnonzero(self._heights < max(_FLAT, _FLAT_SHARE * self._length))

    @cached_property
    def bends(self) -> bool:
        """Whether another bone than those of the foot moves points of a sole that the foot moves."""
        own = self._shares[_FOOT:, self._sole].sum(axis=0)
        return bool(((own > 0.02) & (own < 0.98)).any())

    def tilt(self, turns: Array, joints: Array) -> Array:
        """Rotations (T, 3) of the foot, axis-angle, world, about horizontal axes that make its sole flat as at rest.

        By least squares over the heights of the sole's points, less what nobody sees. turns, joints: as in `heights`.
        """
        sole, own = self._sole, self._shares[_FOOT:, self._sole].sum(axis=0)
        off = self.heights(turns, joints)[:, sole] - self._heights[sole]
        arms = self._offsets[_FOOT, sole] @ turns[:, self.leg.ankle].swapaxes(1, 2)
        slopes = np.stack([own * arms[..., 1], -own * arms[..., 0], np.ones(off.shape)], axis=2)
        square = slopes.swapaxes(1, 2) @ slopes
        spread = len(sole) * (_STIFF * self._length) ** 2
        square += np.diag([spread, spread, 0.0])
        turn = -np.linalg.solve(square, slopes.swapaxes(1, 2) @ off[..., None])[:, :2, 0]
        seen = np.linalg.norm(turn, axis=1) * self._length / 2
        turn *= (np.maximum(seen - _UNSEEN_TILT, 0) / np.maximum(seen, 1e-12))[:, None]
        return np.pad(turn, ((0, 0), (0, 1)))


def put_down_in_steps(  # noqa: PLR0917
    turns: Array, joints: Array, planted: Array, rig: FootRig, meshes: Sequence[PosedMesh], settings: FootSettings
) -> Generator[float, None, tuple[Array, Array]]:
    """Rotations of a rig's joints with which the meshes of its feet are on the floor, not below it, and the distance
    (T,), metres, by which its root is lowered where a leg is too short for that, or raised, below 0, where a foot
    stays below the floor because its leg cannot fold.

    turns: (T, J, 3, 3) from rest and joints: (T, J, 3) metres, world, after the cleanup. planted: bool (T, legs, 2),
    heel and toes. meshes: of the legs. Ankles move along the vertical alone. Yields the fraction that is done.
    """
    turns, joints, stands = turns.copy(), joints.copy(), planted.any(axis=2)
    yield from part(_flatten_soles(turns, joints, planted.all(axis=2), rig, meshes, settings), 0, 0.2)
    lowest = yield from part(_all_onto_floor(turns, joints, stands, rig, meshes, settings), 0.2, 0.8)
    missing, sunk = (lowest - GIVE_UP) * stands, -SINK - lowest
    down, up = _smooth(missing, _DONE, DEEPEST_DROP), _smooth(sunk, _SUNK, HIGHEST_RISE)
    drop: Array = settings.strength * (down - up)
    if drop.any():
        joints[..., 2] -= drop[:, None]
        yield from part(_all_onto_floor(turns, joints, stands, rig, meshes, settings), 0.8, 1)
    return turns, drop


def _smooth(need: Array, least: float, most: float) -> Array:
    """The largest need (T,) of legs (T, legs), metres, from `least` to `most`, smooth."""
    largest = need.max(axis=1)
    return envelope(np.where(largest > least, np.minimum(largest, most), 0), DROP_REACH)


def _flatten_soles(  # noqa: PLR0917
    turns: Array, joints: Array, flat: Array, rig: FootRig, meshes: Sequence[PosedMesh], settings: FootSettings
) -> Generator[float, None, None]:
    """Tilt feet whose soles follow other bones, in place, where they stand whole. flat: bool (T, legs)."""
    parts = _stretches(len(turns))
    for number, mesh in enumerate(meshes):
        if not mesh.bends:
            continue
        change = np.empty((len(turns), 3))
        for stretch in parts:
            change[stretch] = mesh.tilt(turns[stretch], joints[stretch])
            yield number / len(meshes)
        change = bridge(settings.strength * change, flat[:, number], settings.blend_frames, TURN_ACCELERATION)
        for stretch in parts:
            _tilt(turns[stretch], joints[stretch], mesh.leg, rig, change[stretch])
            yield number / len(meshes)


def _all_onto_floor(  # noqa: PLR0917
    turns: Array, joints: Array, stands: Array, rig: FootRig, meshes: Sequence[PosedMesh], settings: FootSettings
) -> Generator[float, None, Array]:
    """As `_onto_floor`, for each foot. stands: bool (T, legs). Returns heights (T, legs) above the floor, metres."""
    lowest = np.empty(stands.shape)
    for number, mesh in enumerate(meshes):
        lifting = _onto_floor(turns, joints, stands[:, number], rig, number, mesh, settings)
        share = number / len(meshes), (number + 1) / len(meshes)
        lowest[:, number] = yield from part(lifting, *share)
    return lowest


def _onto_floor(  # noqa: PLR0917
    turns: Array, joints: Array, stands: Array, rig: FootRig, number: int, mesh: PosedMesh, settings: FootSettings
) -> Generator[float, None, Array]:
    """Lift and lower a foot, in place, in rounds; not again where its leg is folded already, or a planted foot has come
    lower by it twice. stands: bool (T,).

    Returns the heights (T,) of its lowest points above the floor, metres, before the last round.
    """
    parts = _stretches(len(turns))
    lift, lowest = np.zeros(len(turns)), np.zeros(len(turns))
    stuck, worse, moved = np.zeros(len(turns), bool), np.zeros(len(turns), int), np.ones(len(turns), bool)
    for done in range(_ROUNDS):
        before = lowest.copy()
        for stretch in parts:
            frames = stretch.start + np.flatnonzero(moved[stretch])
            lowest[frames] = mesh.heights(turns[frames], joints[frames]).min(axis=1) - settings.floor
            yield (done + stretch.start / len(turns)) / _ROUNDS
        gained, lifted = lowest - before, lift > _DONE
        worse += lifted & (gained < 0)
        stuck |= lifted & np.where(stands, worse > 1, gained < settings.strength * lift / 2)
        lift = _lift(np.where(stuck, 0, lowest), stands, settings)
        moved = np.abs(lift) > _LEAST
        lift *= moved
        if np.abs(lift).max() < _DONE:
            break
        yield (done + 1) / _ROUNDS
        for stretch in parts:
            step = settings.strength * lift[stretch]
            _raise(turns[stretch], joints[stretch], mesh.leg, rig, number, step, stands[stretch])
            yield (done + 1) / _ROUNDS
    return lowest


def _stretches(frames: int) -> list[slice]:
    return [slice(at, at + _STRETCH) for at in range(0, frames, _STRETCH)]


def _lift(lowest: Array, stands: Array, settings: FootSettings) -> Array:
    """How far (T,) a foot is lifted, metres: planted ones until they are within reach of the floor, others above it.

    lowest: (T,) metres above the floor. stands: bool (T,).
    """
    wanted = np.clip(lowest, -SINK, GIVE_UP) - lowest
    lift = bridge(wanted[:, None], stands, settings.blend_frames, ACCELERATION)[:, 0]
    need = -SINK - lowest - lift
    return lift + rise(np.where(need > _DONE, need, 0), stands, LIFT_REACH, SINK)


def _tilt(turns: Array, joints: Array, leg: Leg, rig: FootRig, change: Array) -> None:
    """Rotate a foot about its ankle, in place. change: (T, 3) axis-angle, world."""
    frames = np.flatnonzero(change.any(axis=1))
    turn = axis_angle_to_matrix(change[frames])
    for joint in (leg.ankle, leg.toe):
        turns[frames, joint] = turn @ turns[frames, joint]
    joints[:, leg.toe] = joints[:, leg.ankle] + turns[:, leg.ankle] @ rig.skeleton.offsets[leg.toe]


def _raise(  # noqa: PLR0917
    turns: Array, joints: Array, leg: Leg, rig: FootRig, number: int, lift: Array, stands: Array
) -> None:
    """Lift an ankle by lift (T,) metres, in place; the foot keeps its rotation, thigh and shin bend."""
    frames = np.flatnonzero(np.abs(lift) > 1e-9)
    hip, knee, ankle = (joints[frames, joint] for joint in (leg.hip, leg.knee, leg.ankle))
    thigh, shin = knee - hip, ankle - knee
    hinge = turns[frames, leg.hip] @ rig.feet[number].hinge
    target = thigh + shin + lift[frames, None] * [0, 0, 1]
    reached = reach_leg(thigh, shin, hinge, target, longest_legs(thigh, shin, stands[frames]))
    shank = reached.hip @ reached.knee
    turns[frames, leg.hip] = reached.hip @ turns[frames, leg.hip]
    turns[frames, leg.knee] = shank @ turns[frames, leg.knee]
    joints[frames, leg.knee] = hip + (reached.hip @ thigh[..., None])[..., 0]
    moved = joints[frames, leg.knee] + (shank @ shin[..., None])[..., 0]
    joints[frames, leg.toe] += moved - ankle
    joints[frames, leg.ankle] = moved
