"""Reads results of models that track people in videos: GVHMR, WHAM, TRAM, 4D-Humans (PHALP) and PromptHMR.

Each is identified by its keys. World coordinates are used if there are any, else the camera's (x right, y down, z away
from it). The video's frame rate is in none of these files; GVHMR's results have 30 frames a second.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import EdgeError
from ..fileio.object_file import read_object_file
from ..motion.files import SMPL_PELVIS
from ..numerics.array import Array
from .clip import BODY, Clip
from .smpl import as_matrices, body_rotations, clip_of, numbers

Content = Mapping[Any, Any]

_GVHMR_RATE = 30.0
_IN_CAMERA = "Its places are seen from the camera, which is taken to stand still."
_GUESSED_DEPTH = "How far away the camera is was guessed by the tracker: steps towards it and away are not to scale."


def tracker_of(content: Any) -> str | None:
    """The tracker whose result a file's content is, a key of `TRACKERS`, or None."""
    if not isinstance(content, Mapping):
        return None
    return next((name for name, (matches, _) in TRACKERS.items() if matches(content)), None)


def read_tracker(content: Content, path: Path) -> list[Clip]:
    """A clip for each person. Raises ValueError, KeyError, TypeError if arrays are missing or have other shapes."""
    name = tracker_of(content)
    if name is None:
        raise ValueError("no tracker's result")
    return list(TRACKERS[name][1](content, path))


def _gvhmr(content: Content, path: Path) -> Iterator[Clip]:
    params = content["smpl_params_global"]
    places = numbers(params["transl"], "the places")
    if places.ndim == 2:
        yield clip_of(params, path.name, "+y", _GVHMR_RATE)
        return
    for person in range(len(places)):
        one = {key: np.asarray(value)[person] for key, value in params.items()}
        yield clip_of(one, _named(path, person + 1), "+y", _GVHMR_RATE)


def _is_wham(content: Content) -> bool:
    return bool(content) and all(isinstance(one, Mapping) and "pose_world" in one for one in content.values())


def _wham(content: Content, path: Path) -> Iterator[Clip]:
    for person, one in content.items():
        yield clip_of({"pose": one["pose_world"], "trans": one["trans_world"]}, _named(path, person), "+y")


def _tram(content: Content, path: Path) -> Iterator[Clip]:
    """The clips of TRAM: in world axes if camera.npy is beside the folder of the people, else in the camera's."""
    rotations = as_matrices(content["pred_rotmat"])[:, :BODY].copy()
    root = numbers(content["pred_trans"], "the places").reshape(-1, 3) + SMPL_PELVIS
    camera = _tram_camera(path)
    if camera is None:
        yield Clip(path.name, rotations, root, 30.0, "-y", assumed=True, notes=(_IN_CAMERA,))
        return
    frames = numbers(content["frame"], "the frames").astype(int)
    turn, place = (numbers(camera[key], "the camera")[frames] for key in ("world_cam_R", "world_cam_T"))
    rotations[:, 0] = turn @ rotations[:, 0]
    yield Clip(path.name, rotations, np.einsum("tij,tj->ti", turn, root) + place, 30.0, "+y", assumed=True)


def _tram_camera(path: Path) -> Content | None:
    for folder in (path.parent, path.parent.parent):
        try:
            camera = read_object_file(folder / "camera.npy")
        except EdgeError:
            continue
        if isinstance(camera, Mapping) and {"world_cam_R", "world_cam_T"} <= set(camera):
            return camera
    return None


def _is_phalp(content: Content) -> bool:
    return bool(content) and all(
        isinstance(one, Mapping) and {"smpl", "camera", "tid"} <= set(one) for one in content.values()
    )


def _phalp(content: Content, path: Path) -> Iterator[Clip]:
    """The clips of 4D-Humans, one for each track. The content has a dict for each frame with lists of people.

    Frames without the person are interpolated from those around them.
    """
    seen: dict[int, dict[int, tuple[Array, Array]]] = {}
    for frame, one in enumerate(content[key] for key in sorted(content)):
        for person, smpl, camera in zip(one["tid"], one["smpl"], one["camera"], strict=False):
            parts = {"global_orient": np.asarray(smpl["global_orient"]), "body_pose": np.asarray(smpl["body_pose"])}
            rotations = body_rotations({key: part.reshape(1, -1, 3, 3) for key, part in parts.items()})[0]
            seen.setdefault(int(person), {})[frame] = (rotations, numbers(camera, "the camera").reshape(3))
    for person, frames in sorted(seen.items()):
        found = np.array(sorted(frames))
        every = np.arange(found[0], found[-1] + 1)
        nearest = found[np.abs(found[None] - every[:, None]).argmin(axis=1)]
        rotations = np.stack([frames[frame][0] for frame in nearest])
        places = np.stack([frames[frame][1] for frame in found])
        root = np.stack([np.interp(every, found, places[:, axis]) for axis in range(3)], axis=1) + SMPL_PELVIS
        if len(every) > 1:
            yield Clip(_named(path, person), rotations, root, 30.0, "-y", True, (_IN_CAMERA, _GUESSED_DEPTH))


def _prompthmr(content: Content, path: Path) -> Iterator[Clip]:
    for person, one in content["people"].items():
        if "smplx_world" in one:
            yield clip_of(one["smplx_world"], _named(path, person), "+y")
        else:
            clip = clip_of(one["smplx_cam"], _named(path, person), "-y")
            yield Clip(clip.name, clip.rotations, clip.root, clip.rate, "-y", clip.assumed, (_IN_CAMERA,))


def _named(path: Path, person: Any) -> str:
    return f"{path.name}, person {person}"


TRACKERS: dict[str, tuple[Callable[[Content], bool], Callable[[Content, Path], Iterator[Clip]]]] = {
    "GVHMR": (lambda content: isinstance(content.get("smpl_params_global"), Mapping), _gvhmr),
    "PromptHMR": (lambda content: isinstance(content.get("people"), Mapping), _prompthmr),
    "TRAM": (lambda content: {"pred_rotmat", "pred_trans"} <= set(content), _tram),
    "4D-Humans": (_is_phalp, _phalp),
    "WHAM": (_is_wham, _wham),
}
"""Tracker -> functions that test whether a file's content is its result, and that read it."""
