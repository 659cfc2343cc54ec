"""The mannequin: a mesh made from the profiles of mannequin.toml around the dancer's rest joints. numpy only, no bpy.

A part is a loft: rings along a line between two points at joints, closed by domes. It is skinned to one bone, or
blended between several along its line. Parts with sides are written for the left and mirrored to the right.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..edge_backend.numerics.array import Array
from ..edge_backend.numerics.splines import monotone_spline
from ..edge_backend.numerics.vectors import unit
from .skeleton import BONE_NAMES, FINGER_NAMES, finger_bones, rest_bones, rest_joints

PROFILES = Path(__file__).with_name("mannequin.toml")
EDGE = 0.013
"""Approximate distance of neighbouring vertices, metres; silhouettes then have no visible corners at 1080p."""
BONES = (*BONE_NAMES, *FINGER_NAMES)
"""The columns of weights."""
_FEWEST_SEGMENTS = 12  # around a finger
_DOME_RINGS = (4, 8)  # of a finger, of large parts


@dataclass(frozen=True, slots=True)
class Surface:
    """A closed surface. vertices: (n, 3) metres, armature space. faces: vertex numbers, outside counter-clockwise.

    weights: (n, bones) of BONES, rows sum to 1. material: a name of `materials()`.
    """

    vertices: Array
    faces: list[tuple[int, ...]]
    weights: Array
    material: str


@dataclass(frozen=True, slots=True)
class Body:
    """All surfaces as one mesh. vertices, faces, weights: as of a surface. materials: (faces,), of each face the place
    in `materials()`."""

    vertices: Array
    faces: list[list[int]]
    weights: Array
    materials: Array


def materials() -> Mapping[str, Mapping[str, Any]]:
    """Name -> colour (linear RGB), roughness."""
    colours: Mapping[str, Mapping[str, Any]] = _profiles()["material"]
    return colours


def surfaces() -> list[Surface]:
    """All parts of the mannequin in the dancer's rest pose."""
    rest = rest_joints()
    joints = {bone.name: bone.head for bone in (*rest_bones(rest), *finger_bones(rest))}
    return [
        _surface(part, joints, side)
        for part in _profiles()["part"]
        for side in (("L", "R") if part["sides"] else ("",))
    ]


@cache
def body() -> Body:
    """The whole mannequin in the dancer's rest pose; computed once."""
    parts, names = surfaces(), list(materials())
    starts = np.cumsum([0] + [len(part.vertices) for part in parts]).tolist()
    return Body(
        np.concatenate([part.vertices for part in parts]),
        [
            [vertex + start for vertex in face]
            for part, start in zip(parts, starts, strict=False)
            for face in part.faces
        ],
        np.concatenate([part.weights for part in parts]),
        np.repeat([names.index(part.material) for part in parts], [len(part.faces) for part in parts]),
    )


@cache
def _profiles() -> dict[str, Any]:
    with PROFILES.open("rb") as file:
        return tomllib.load(file)


def _surface(part: Mapping[str, Any], joints: Mapping[str, Array], side: str) -> Surface:
    mirrored = side == "R"
    start, end = (_point(part[key], joints, side) for key in ("from", "to"))
    axis = unit(end - start)
    front = np.asarray(part.get("front", (0, -1, 0)), dtype=np.float64)
    front = unit(front - axis * (front @ axis))
    out = np.cross(front, axis) * (-1 if mirrored else 1)

    rings = np.array(list(_rings(np.asarray(part["rings"]), float(np.linalg.norm(end - start)), part.get("dome", 0.8))))
    along, width, depth, shift_out, shift_front, power = rings.T[..., None]
    angle = np.linspace(0, 2 * np.pi, _segments(rings), endpoint=False)
    across = shift_out + width * _superellipse(np.cos(angle), power)
    forward = shift_front + depth * _superellipse(np.sin(angle), power)
    points = start + along[..., None] * axis + across[..., None] * out + forward[..., None] * front
    vertices = _poles_once(points)
    share = _poles_once(np.broadcast_to(along / np.linalg.norm(end - start), points.shape[:2])[..., None])[:, 0]
    if "sole" in part:
        vertices[:, 2] = np.maximum(vertices[:, 2], part["sole"])
    faces = [face[::-1] if mirrored else face for face in _tube(*points.shape[:2])]
    return Surface(vertices, faces, _weights(part["bones"], share, side), part["material"])


def _point(place: list[Any], joints: Mapping[str, Array], side: str) -> Array:
    """["knee", x, y, z]: an offset in metres from a joint, x to the body's outside on both sides."""
    joint, *offset = place
    mirror = (-1 if side == "R" else 1, 1, 1)
    return joints[_sided(joint, side)] + np.multiply(offset or (0, 0, 0), mirror)


def _sided(bone: str, side: str) -> str:
    return f"{bone}.{side}" if side and f"{bone}.{side}" in BONES else bone


def _rings(stations: Array, length: float, dome: float) -> Iterator[Array]:
    """Rings (along, width, depth, shift out, shift front, power), metres, from the stations' smooth profile.

    stations: the same columns, `along` as a share of the length. The ends are closed by domes of `dome` times the
    end's smaller radius, added outside.
    """
    stations = stations.copy()
    stations[:, 0] *= length
    first, last = stations[0], stations[-1]
    rings = int(np.clip(np.pi * stations[:, 1:3].mean(axis=1).max() / EDGE, *_DOME_RINGS))
    bulge = np.cos(np.linspace(0, np.pi / 2, rings + 1))[1:]
    rise = np.sin(np.linspace(0, np.pi / 2, rings + 1))[1:]
    for size, height in zip(bulge[::-1], rise[::-1], strict=True):
        yield _shrunk(first, size, -height * dome * min(first[1:3]))
    count = max(2, round((last[0] - first[0]) / EDGE) + 1)
    along = np.linspace(first[0], last[0], count)
    yield from np.stack([along, *(_smooth(along, stations[:, 0], column) for column in stations.T[1:])], axis=-1)
    for size, height in zip(bulge, rise, strict=True):
        yield _shrunk(last, size, height * dome * min(last[1:3]))


def _shrunk(ring: Array, size: float, ahead: float) -> Array:
    along, width, depth, *rest = ring
    return np.array([along + ahead, width * size, depth * size, *rest])


def _smooth(x: Array, knots: Array, values: Array) -> Array:
    """The monotone cubic through values (n,) at knots (n,), n >= 1, evaluated at x; it does not overshoot them."""
    return monotone_spline(knots, values, x) if len(knots) > 1 else np.full(x.shape, values[0])


def _superellipse(cosine: Array, power: Array) -> Array:
    return np.sign(cosine) * np.abs(cosine) ** (2 / power)


def _poles_once(rings: Array) -> Array:
    """(rings, segments, n) as one row of vertices; of the end rings, which have no size, one vertex each."""
    return np.concatenate([rings[0, :1], rings[1:-1].reshape(-1, rings.shape[-1]), rings[-1, :1]])


def _tube(rings: int, segments: int) -> Iterator[tuple[int, ...]]:
    """Faces over the vertices of `_poles_once`: quads between the rings, triangles around the two poles."""
    last = (rings - 2) * segments + 1
    for k in range(segments):
        beside = (k + 1) % segments
        yield (0, 1 + beside, 1 + k)
        for ring in range(1, 1 + (rings - 3) * segments, segments):
            yield (ring + k, ring + beside, ring + beside + segments, ring + k + segments)
        yield (last - segments + k, last - segments + beside, last)


def _segments(rings: Array) -> int:
    """Vertices around each ring of a part, a multiple of 4 so that both sides have the same."""
    radius = rings[:, 1:3].mean(axis=1).max()
    return max(_FEWEST_SEGMENTS, 4 * round(2 * np.pi * radius / EDGE / 4))


def _weights(anchors: Mapping[str, float], share: Array, side: str) -> Array:
    """anchors: bone -> where along the part (0 to 1) it has all the weight; in between two bones blend smoothly."""
    weights = np.zeros((len(share), len(BONES)))
    columns = [BONES.index(_sided(bone, side)) for bone in anchors]
    places = np.array(list(anchors.values()), dtype=np.float64)
    if len(columns) == 1:
        weights[:, columns[0]] = 1
        return weights
    for own, column in enumerate(columns):
        peak = np.eye(len(columns))[own]
        linear = np.interp(share, places, peak)
        weights[:, column] = linear * linear * (3 - 2 * linear)
    return weights
