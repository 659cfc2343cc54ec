"""A stand-in for SMPL's model files: the same arrays in the same shapes, around SMPL's joints, made of ellipsoids.

`python stand_in.py FILE.npz` writes one.
"""

import pickle
import struct
import sys
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csc_matrix
from scipy.spatial import ConvexHull

from edge_backend.motion.skeleton import SMPL

VERTICES, FACES, COMPONENTS = 6890, 13776, 10
TALLER, LONGER_LEGS = 0, 1
"""Shape components that do something simple; the others are smooth noise."""
_ON_JOINT = 4  # vertices around each joint, whose middle it is


def joints() -> np.ndarray:
    """SMPL's rest joints (24, 3), y up, the pelvis where the male body has it."""
    places = np.array(SMPL.offsets, dtype=np.float64)
    places[0] = (-0.0022, -0.2408, 0.0286)
    for joint, parent in enumerate(SMPL.parents[1:], start=1):
        places[joint] += places[parent]
    return places


def smpl_arrays(seed: int = 0) -> dict[str, np.ndarray]:
    """What an SMPL model file holds. Component TALLER makes everything 5 % larger, LONGER_LEGS the shins 10 %."""
    random = np.random.default_rng(seed)
    places = joints()
    vertices, faces, owner = _ellipsoids(places)
    regressor = np.zeros((24, VERTICES))
    for joint in range(24):
        regressor[joint, np.flatnonzero(owner == joint)[:_ON_JOINT]] = 1 / _ON_JOINT
    weights = np.zeros((VERTICES, 24))
    parents = np.maximum(SMPL.parents, 0)
    weights[np.arange(VERTICES), owner] += 0.75
    weights[np.arange(VERTICES), parents[owner]] += 0.25
    shapes = 0.004 * np.sin(vertices @ random.normal(0, 4, (3, 3 * COMPONENTS))).reshape(VERTICES, COMPONENTS, 3)
    shapes = shapes.transpose(0, 2, 1).copy()
    shapes[:, :, TALLER] = 0.05 * vertices
    ankles = np.isin(owner, [7, 8, 10, 11])
    shapes[:, :, LONGER_LEGS] = 0
    shapes[ankles, 1, LONGER_LEGS] = -0.04
    return {
        "v_template": vertices, "f": faces.astype(np.uint32), "weights": weights, "J_regressor": regressor,
        "shapedirs": shapes, "posedirs": random.normal(0, 1e-4, (VERTICES, 3, 207)),
        "kintree_table": np.array([[4294967295, *SMPL.parents[1:]], range(24)], dtype=np.uint32),
    }  # fmt: skip


def write_npz(path: Path, **changed: Any) -> Path:
    """An .npz, with some arrays changed or, where they are None, left out."""
    np.savez(path, **{name: value for name, value in (smpl_arrays() | changed).items() if value is not None})
    return path


def python2_pickle(content: Any) -> bytes:
    """As Python 2 wrote it: strings and the bytes of arrays are one type, and modules have their old names."""
    stream = BytesIO()
    _Python2Pickler(stream, protocol=2).dump(content)
    return stream.getvalue()


def write_pickle(path: Path, monkeypatch: Any) -> Path:
    """As SMPL's authors gave it out: a sparse regressor, and shapes in arrays of a package named chumpy."""
    chumpy = {name: ModuleType(name) for name in ("chumpy", "chumpy.ch", "chumpy.reordering")}
    for module, kind in (("chumpy.ch", "Ch"), ("chumpy.reordering", "Select")):
        setattr(chumpy[module], kind, type(kind, (), {"__module__": module}))
    for name, module in chumpy.items():
        monkeypatch.setitem(sys.modules, name, module)
    arrays = smpl_arrays()
    wide = np.concatenate([arrays["shapedirs"], np.zeros((VERTICES, 3, 2))], axis=2)
    inner, select = chumpy["chumpy.ch"].Ch(), chumpy["chumpy.reordering"].Select()
    inner.__dict__.update(x=wide, _dirty_vars={"x"}, _itr=None)
    chosen = np.arange(wide.size).reshape(wide.shape)[:, :, :COMPONENTS]
    select.__dict__.update(a=inner, idxs=chosen.ravel(), preferred_shape=chosen.shape, _dirty_vars=set())
    template = chumpy["chumpy.ch"].Ch()
    template.__dict__.update(x=arrays["v_template"])
    content = arrays | {
        "J_regressor": csc_matrix(arrays["J_regressor"]), "shapedirs": select, "v_template": template,
        "bs_style": "lbs", "bs_type": "lrotmin",
    }  # fmt: skip
    path.write_bytes(python2_pickle(content))
    return path


class _Python2Pickler(pickle._Pickler):  # type: ignore[name-defined]
    dispatch: ClassVar = dict(pickle._Pickler.dispatch)  # type: ignore[attr-defined]

    def save_string(self, obj: str | bytes) -> None:
        data = obj.encode("latin1") if isinstance(obj, str) else obj
        self.write(b"T" + struct.pack("<i", len(data)) + data)
        self.memoize(obj)

    dispatch[str] = dispatch[bytes] = save_string


def _ellipsoids(places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices, faces, and the joint that each vertex belongs to: one ellipsoid along each bone."""
    count = VERTICES // 24
    turn = np.arange(count - _ON_JOINT) * np.pi * (3 - np.sqrt(5))
    height = np.linspace(-1, 1, count - _ON_JOINT)
    sphere = np.stack([np.sqrt(1 - height**2) * np.cos(turn), height, np.sqrt(1 - height**2) * np.sin(turn)], axis=1)
    hull = ConvexHull(sphere)
    outward = np.einsum("ni,ni->n", hull.equations[:, :3], np.cross(*_edges(sphere, hull.simplices))) > 0
    triangles = np.where(outward[:, None], hull.simplices, hull.simplices[:, ::-1])
    vertices, faces, owner = [], [], []
    for joint, place in enumerate(places):
        children = [child for child, parent in enumerate(SMPL.parents) if parent == joint]
        end = places[children].mean(axis=0) if children else place + (place - places[SMPL.parents[joint]]) / 2
        half = (end - place) / 2
        around = 0.01 * np.array([[1, 0, 0], [-1, 0, 0], [0, 0, 1], [0, 0, -1]])
        faces.append(triangles + len(owner) + _ON_JOINT)
        vertices += [place + around, place + half + sphere * (np.abs(half) + 0.04)]
        owner += [joint] * count
    spare = VERTICES - len(owner)
    vertices.append(np.tile(places[15], (spare, 1)))
    owner += [15] * spare
    faces.append(np.tile(faces[0][:1], (FACES - sum(len(part) for part in faces), 1)))
    return np.concatenate(vertices), np.concatenate(faces), np.array(owner)


def _edges(points: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    corners = points[triangles]
    return corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]


if __name__ == "__main__":
    write_npz(Path(sys.argv[1]))
