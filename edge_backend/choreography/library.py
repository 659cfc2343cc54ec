"""Phrase libraries: a folder with clips of motion and an index of their phrases, written whole or not at all."""

import contextlib
import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import EdgeError
from ..fileio.safe_npz import read_npz
from ..motion.files import write_npz
from ..motion.motion import Motion
from ..motion.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from ..motion.skeleton import SMPL
from ..numerics.array import Array
from .phrases import POSE, Phrase, cut, following, frames_around, going_on, headings, pose_at
from .pieces import moved
from .plan import Plan, Step

FORMAT = 2
STARTER = "starter"
"""Name of the library that comes with EDGE Dance."""
INDEX, CLIPS = "phrases.npz", "clips"
_BUNDLED = Path(__file__).parents[2] / "weights" / "phrases"
FASTEST = 1.2  # frames of a clip for each frame of a dance, as fast as it is danced
_JOINTS = 22  # the hands' last joints never turn
_TURN = np.pi / 32767  # radians of a step of int16
_Index = tuple[tuple[Phrase, ...], tuple[Array, ...], tuple[Array, ...]]  # phrases, and the poses of their ends


@dataclass(frozen=True)
class Library:
    """Phrases of one folder or several.

    folders: the folder of each phrase. starts, ends: (n, POSE) poses of each, see phrases.pose_at.
    """

    phrases: tuple[Phrase, ...]
    folders: tuple[Path, ...]
    starts: Array
    ends: Array

    def number(self, name: str) -> int:
        """The number of the phrase with this id. Raises EdgeError phrase_unknown."""
        for number, phrase in enumerate(self.phrases):
            if phrase.id == name:
                return number
        raise unknown_phrase(name)

    def without(self, names: Collection[str]) -> "Library":
        """The library without the phrases with these ids."""
        kept = [number for number, phrase in enumerate(self.phrases) if phrase.id not in names]
        phrases = tuple(self.phrases[number] for number in kept)
        folders = tuple(self.folders[number] for number in kept)
        return Library(phrases, folders, self.starts[kept], self.ends[kept])

    def longer(self) -> "Library":
        """The library with phrases of twelve counts, for songs whose bars do not divide eight.

        Phrases keep their ids; those whose clip ends before stay as they are.
        """
        after = following(self.phrases)
        last = [number if number >= 0 else own for own, number in enumerate(after)]
        phrases = [
            phrase if number < 0 else going_on(phrase, self.phrases[number])
            for phrase, number in zip(self.phrases, after, strict=True)
        ]
        return replace(self, phrases=tuple(phrases), ends=self.ends[last])

    def clip(self, number: int) -> Motion:
        """The whole clip of a phrase. Raises EdgeError phrases_unreadable."""
        return load_clip(self.folders[number], self.phrases[number].clip)

    def motion(self, number: int) -> Motion:
        """A phrase in its own place: it begins at x = y = 0 and faces -y there; its beats are its counts.

        Raises EdgeError phrases_unreadable.
        """
        phrase, clip = self.phrases[number], self.clip(number)
        first, last = round(phrase.counts[0]), round(phrase.counts[-1])
        part = clip.part(slice(first, last + 1))
        facing = float(headings(part)[0])
        turned = moved(part, np.zeros(2), -facing)
        counts = (np.array(phrase.counts, np.float32) - first) / Motion.fps
        return replace(moved(turned, -turned.root[0, :2]), beats=np.maximum(counts, 0).astype(np.float32))


def open_libraries(folders: Sequence[str | Path]) -> Library:
    """The phrases of several libraries (folders or STARTER), each phrase once.

    Raises EdgeError phrases_missing, phrases_unreadable, phrases_newer.
    """
    phrases: dict[str, tuple[Phrase, Path, Array, Array]] = {}
    for name in folders:
        if not str(name):
            raise EdgeError(
                "phrases_missing", "No folder with phrases is chosen.",
                "Choose one: Add to Phrases in Blender, or phrases add, fills it.",
            )  # fmt: skip
        folder = _BUNDLED if str(name) == STARTER else Path(name)
        found, starts, ends = _read_index(folder)
        for number, phrase in enumerate(found):
            phrases.setdefault(phrase.id, (phrase, folder, starts[number], ends[number]))
    rows = list(phrases.values())
    return Library(
        tuple(row[0] for row in rows),
        tuple(row[1] for row in rows),
        np.array([row[2] for row in rows], np.float64).reshape(-1, POSE),
        np.array([row[3] for row in rows], np.float64).reshape(-1, POSE),
    )


def phrase_material(plan: Plan, library: Library | None, first: int) -> tuple[list[Motion], dict[str, Array]]:
    """The clips of a plan's phrases, and the frames (counts + 1,) of each phrase's counts in them.

    Frames count as if the clips followed one another from frame `first` on. A phrase that goes on in its clip has
    twelve counts, as in Library.longer.
    Raises EdgeError phrase_unknown, phrases_unreadable.
    """
    known = library.phrases if library else ()
    numbers, after = {phrase.id: number for number, phrase in enumerate(known)}, following(known)
    clips: list[Motion] = []
    begins: dict[str, int] = {}
    phrases: dict[str, Array] = {}
    for name in dict.fromkeys(step.phrase for step in plan if step.phrase):
        if not library or name not in numbers:
            raise unknown_phrase(name)
        number = numbers[name]
        phrase, goes_on = known[number], after[number]
        if phrase.clip not in begins:
            begins[phrase.clip] = first
            clips.append(library.clip(number))
            first += clips[-1].frames
        counts = phrase.counts if goes_on < 0 else going_on(phrase, known[goes_on]).counts
        phrases[name] = begins[phrase.clip] + np.array(counts)
    return clips, phrases


def frames_beside(plan: Plan, library: Library | None, frames: int) -> tuple[int, int]:
    """How many frames of a dance before the first slot of its plan, and after the last, can show the clip beside."""
    if not plan or not library or plan[0].slot.start >= frames - 1:  # the dance may end before its plan
        return 0, 0
    known = {phrase.id: number for number, phrase in enumerate(library.phrases)}
    before, after = frames_around(library.phrases)

    def shown(step: Step, wanted: int, there: Array) -> int:
        return min(wanted, int(there[known[step.phrase]] / FASTEST)) if step.phrase in known else 0

    return (
        shown(plan[0], plan[0].slot.start, before),
        shown(plan[-1], max(frames - plan[-1].slot.stop, 0), after),
    )


def add_clips(folder: Path, clips: Iterable[tuple[str, Motion, dict[str, Any]]]) -> tuple[int, list[EdgeError]]:
    """Cut motions into phrases and add those that are new to the library in the folder; make the folder if needed.

    clips: name of the file, motion, and the style, licence and tempo of phrases.cut. Returns how many phrases were
    added, and an error for each motion that gave none. Raises EdgeError as open_libraries; OSError.
    """
    phrases, starts, ends = _read_index(folder) if (folder / INDEX).exists() else ((), (), ())
    known = {phrase.id for phrase in phrases}
    rows = list(zip(phrases, starts, ends, strict=True))
    refused: list[EdgeError] = []
    (folder / CLIPS).mkdir(parents=True, exist_ok=True)
    for source, motion, keywords in clips:
        name = _clip_name(motion)
        try:
            found = [phrase for phrase in cut(motion, name, source, **keywords) if phrase.id not in known]
        except EdgeError as error:
            refused.append(error)
            continue
        _save_clip(folder, name, motion)
        joints, facing = motion.joints().astype(np.float64), headings(motion)
        for phrase in found:
            at = phrase.counts[0], phrase.counts[-1]
            start, end = (pose_at(joints, facing, frame) for frame in at)
            rows.append((phrase, start, end))
        known |= {phrase.id for phrase in found}
    _write_index(folder, rows)
    return len(rows) - len(phrases), refused


def remove_phrases(folder: Path, ids: Iterable[str]) -> int:
    """Remove phrases, and clips without any left; returns how many phrases. ids: of phrases or of whole clips.

    Raises EdgeError phrase_unknown, and those of open_libraries; OSError.
    """
    phrases, starts, ends = _read_index(folder)
    gone = set(ids)
    unknown = gone - {phrase.id for phrase in phrases} - {phrase.clip for phrase in phrases}
    if unknown:
        raise unknown_phrase(min(unknown))
    rows = [row for row in zip(phrases, starts, ends, strict=True) if not {row[0].id, row[0].clip} & gone]
    _write_index(folder, rows)
    for clip in {phrase.clip for phrase in phrases} - {row[0].clip for row in rows}:
        with contextlib.suppress(OSError):  # the index no longer names it
            _clip_path(folder, clip).unlink()
    return len(phrases) - len(rows)


def unknown_phrase(name: str) -> EdgeError:
    """The error for a phrase that is in none of the libraries."""
    return EdgeError(
        "phrase_unknown", f"There is no phrase {name} in the library.", "Choose another, or open its library too."
    )


def load_clip(folder: Path, name: str) -> Motion:
    """A clip of a library. Raises EdgeError phrases_unreadable."""
    path = _clip_path(folder, name)
    try:
        arrays = read_npz(path, ("rotations", "root", "contacts"))
        turns = np.zeros((len(arrays["rotations"]), len(SMPL), 3))
        turns[:, :_JOINTS] = arrays["rotations"] * _TURN
        rotations = axis_angle_to_matrix(turns).astype(np.float32)
        return Motion(rotations, arrays["root"].astype(np.float32), arrays["contacts"].astype(np.float32) / 255)
    except Exception as error:  # zip, header and content each have errors of their own
        raise _unreadable(path, error) from error


def _save_clip(folder: Path, name: str, motion: Motion) -> None:
    turns = matrix_to_axis_angle(np.asarray(motion.rotations, np.float64))[:, :_JOINTS]
    arrays = {
        "rotations": np.round(turns / _TURN).astype(np.int16),
        "root": np.asarray(motion.root, np.float32),
        "contacts": np.round(np.asarray(motion.contacts, np.float64).clip(0, 1) * 255).astype(np.uint8),
    }
    write_npz(_clip_path(folder, name), arrays)


def _clip_path(folder: Path, name: str) -> Path:
    return folder / CLIPS / f"{name}.npz"


def _clip_name(motion: Motion) -> str:
    return hashlib.sha256(np.round(motion.vectors(), 4).tobytes()).hexdigest()[:12]


def _read_index(folder: Path) -> _Index:
    path = folder / INDEX
    if not path.is_file():
        raise EdgeError(
            "phrases_missing",
            f"There is no phrase library in {folder}.",
            "Make one: Add to Phrases in Blender, or phrases add.",
        )
    try:
        state = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    return _index(path, (state.st_mtime_ns, state.st_size, state.st_ino))


@lru_cache(maxsize=4)
def _index(path: Path, _state: tuple[int, ...]) -> _Index:
    """The content of an index, read once for each state of its file."""
    try:
        file = read_npz(path, ("meta", "starts", "ends"))
        meta = json.loads(str(file["meta"]))
        newer = meta["format"] > FORMAT
        phrases = [] if newer else [_phrase(row) for row in meta["phrases"]]
        starts, ends = list(file["starts"]), list(file["ends"])
        if not newer and not len(phrases) == len(starts) == len(ends):
            raise ValueError("its arrays have other lengths than its list")
    except Exception as error:
        raise _unreadable(path, error) from error
    if newer:
        raise EdgeError(
            "phrases_newer",
            f"The phrase library {path.parent} was written by a newer EDGE Dance.",
            "Update EDGE Dance.",
        )
    return tuple(phrases), tuple(starts), tuple(ends)


def _phrase(row: dict[str, Any]) -> Phrase:
    content: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    content.setdefault("speeds", (content["energy"],) * (len(content["counts"]) - 1))  # format 1 has none
    return Phrase(**content)


def _write_index(folder: Path, rows: Sequence[tuple[Phrase, Array, Array]]) -> None:
    meta = {"format": FORMAT, "phrases": [asdict(phrase) for phrase, _, _ in rows]}
    poses = {
        name: np.array([row[column] for row in rows], np.float16).reshape(-1, POSE)
        for name, column in (("starts", 1), ("ends", 2))
    }
    write_npz(folder / INDEX, {"meta": np.array(json.dumps(meta, ensure_ascii=False)), **poses})


def _unreadable(path: Path, error: Exception) -> EdgeError:
    return EdgeError(
        "phrases_unreadable",
        f"{path} cannot be read as part of a phrase library.",
        "Make the library anew: phrases add.",
        f"{type(error).__name__}: {error}",
    )
