"""Reads motion files of every known format. The format is determined from suffix and content."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import EdgeError, any_exception_as
from ..fileio.object_file import read_object_file
from ..fileio.safe_npz import read_npz
from ..motion.files import load_motion
from . import FORMATS
from .bvh import on_the_model, read_bvh
from .clip import BODY, Choices, Clip, Imported, to_motion
from .joint_positions import clips_of_positions
from .smpl import SMPL_NAMES, as_matrices, body_rotations, clip_of, first, numbers, read_smpl_npz
from .trackers import read_tracker, tracker_of

_AIST_RATE, _EDGE_RATE = 60.0, 30.0
_OWN = ("poses", "root", "contacts", "meta")


@dataclass(frozen=True)
class Unusable:
    """A file that cannot be used, with the reason."""

    path: Path
    error: EdgeError


def read_motions(path: Path, choices: Choices | None = None) -> list[Imported]:
    """The motions in a file, one for each person in it.

    Raises EdgeError motion_missing, motion_unreadable, motion_unknown, motion_nan, motion_skeleton; OSError.
    """
    if not path.is_file():
        raise EdgeError("motion_missing", f"There is no motion file at {path}.", "Check the path.")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise _unknown(path, f"{path.suffix or 'A file without a suffix'} is no format of motions")
    with any_exception_as(_unknown(path, "what it holds is no motion")):
        found = reader(path)
    if not found:
        raise _unknown(path, "nobody is in it")
    return [one if isinstance(one, Imported) else to_motion(one, choices) for one in found]


def read_all(
    paths: Iterable[Path], choices: Choices | None = None, *, skip: bool = False
) -> tuple[list[tuple[Path, Imported]], list[Unusable]]:
    """The motions of many files, and the files that cannot be used.

    skip: leave out files that cannot be used. Raises EdgeError motions_unusable, after trying all files and with the
    reason for each, if a file cannot be used and skip is False, or if none can.
    """
    read: list[tuple[Path, Imported]] = []
    unusable: list[Unusable] = []
    for path in paths:
        try:
            read += [(path, one) for one in read_motions(path, choices)]
        except EdgeError as error:
            unusable.append(Unusable(path, error))
        except OSError as error:
            unusable.append(Unusable(path, EdgeError("file_failed", f"{path} cannot be read: {error.strerror}.")))
    if unusable and (not skip or not read):
        count = f"{len(unusable)} of the files" if len(unusable) > 1 else "A file"
        raise EdgeError(
            "motions_unusable",
            f"{count} cannot be used:\n" + "\n".join(f"- {one.error.message}" for one in unusable),
            "Choose other files." if skip else "Mend them or take them away, or go on without them (--skip).",
        )
    return read, unusable


def motion_paths(places: Sequence[Path]) -> list[Path]:
    """The files among `places`, and the motion files in the folders among them, sorted by name.

    Raises EdgeError motion_missing for a place that does not exist, or a folder without motions.
    """
    paths: list[Path] = []
    for place in places:
        if not place.exists():
            raise EdgeError("motion_missing", f"There is no motion file at {place}.", "Check the path.")
        inside = sorted(one for one in place.rglob("*") if one.suffix.lower() in READERS and one.name != "camera.npy")
        if place.is_dir() and not inside:
            raise EdgeError("motion_missing", f"There are no motions under {place}.", f"These can be read: {FORMATS}.")
        paths += inside if place.is_dir() else [place]
    return paths


def _read_npz(path: Path) -> Sequence[Imported | Clip]:
    own = read_npz(path, _OWN)
    if set(own) == set(_OWN):
        return [Imported(path.name, load_motion(path), ours=True)]
    return read_smpl_npz(path)


def _read_bvh(path: Path) -> list[Clip]:
    bvh = read_bvh(path)
    rotations, root = on_the_model(bvh, path)
    return [Clip(path.name, rotations[:, :BODY], root, bvh.rate, "+z")]


def _read_objects(path: Path) -> Sequence[Clip]:
    content = read_object_file(path)
    if tracker_of(content):
        return read_tracker(content, path)
    if not isinstance(content, Mapping) or "motion" in content:
        return clips_of_positions(content, path)
    if "smpl_poses" in content:
        return [_smpl_pickle(content, path)]
    if {"pos", "q"} <= set(content):
        scale = numbers(content.get("scale", 1.0), "the scale")
        root = numbers(content["pos"], "the places") / scale
        return [Clip(path.name, as_matrices(content["q"])[:, :BODY], root, _AIST_RATE, "+y")]
    if set(SMPL_NAMES) & set(content):
        return [clip_of(content, path.name)]
    keys = ", ".join(str(key)[:40] for key in list(content)[:8])
    raise _unknown(path, f"it holds {keys or 'nothing'}")


def _smpl_pickle(content: Mapping[Any, Any], path: Path) -> Clip:
    """The clip of a pickle of AIST++, whose positions are divided by its scaling, or of EDGE, with the pelvis's."""
    rotations = body_rotations(content)
    places = numbers(first(content, ("smpl_trans",)), "the places").reshape(len(rotations), 3)
    if "smpl_scaling" in content:
        return Clip(path.name, rotations, places / numbers(content["smpl_scaling"], "the scaling"), _AIST_RATE, "+y")
    return Clip(path.name, rotations, places, _EDGE_RATE, "+z")


def _unknown(path: Path, why: str) -> EdgeError:
    message = f"{path} is no motion that can be read: {why}."
    return EdgeError("motion_unknown", message, f"These can be read: {FORMATS}.")


READERS: dict[str, Callable[[Path], Sequence[Imported | Clip]]] = {
    ".npz": _read_npz,
    ".bvh": _read_bvh,
    ".pkl": _read_objects,
    ".pickle": _read_objects,
    ".pt": _read_objects,
    ".pth": _read_objects,
    ".npy": _read_objects,
}
"""Suffix -> function that reads such files."""
