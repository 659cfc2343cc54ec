"""Rows of the keep list: constraints as sentences for people and as the backend's request. No bpy."""

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeVar

from ..edge_backend.diffusion.body_parts import BODY_PARTS, BodyPart
from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.files import save_motion
from ..edge_backend.motion.motion import Motion
from ..edge_backend.motion.skeleton import Joint
from ..edge_backend.motion.steps import part
from ..edge_backend.schema.edits import EditRequest, Foot, KeepBody, KeepContacts, KeepPath, Source
from ..keyframes.timing import Timing
from .body_parts import PART_LABELS

Kind = Literal["POSE", "RANGE", "PATH", "FEET"]
_R = TypeVar("_R", KeepBody, KeepPath)
_SLACK = 1e-3  # frames


@dataclass(frozen=True, slots=True)
class Row:
    """One constraint. Frames are the scene's; the first and the last are included.

    kind: the pose at the frame `start`, the poses of a range, the path of the root, or contacts of the feet.
    part: the part of the body; joints: these joints instead. without: joints that are left free in any case.
    label: the text for the joints. shown: the frame that the pose is read at, if not `start`.
    points: points of a path, (x, y) in the model's metres; the take's own path without any. curve: the path's name.
    feet: the feet on the floor. weight: 1 = exactly. fade: frames of the scene.
    """

    kind: Kind = "RANGE"
    start: float = -math.inf
    end: float = math.inf
    part: str = "whole"
    joints: frozenset[Joint] | None = None
    without: frozenset[Joint] = frozenset()
    label: str = ""
    shown: float | None = None
    points: tuple[tuple[float, float], ...] = ()
    curve: str = ""
    feet: tuple[Foot, ...] = ()
    weight: float = 1.0
    fade: int = 0

    @property
    def exact(self) -> bool:
        """Whether the constraint has to be met exactly."""
        return self.weight >= 1 and not self.fade

    @property
    def body(self) -> BodyPart:
        """The part of the body that is constrained."""
        whole = BODY_PARTS[self.part]
        if self.joints is not None:
            whole = BodyPart(self.joints, root=Joint.PELVIS in self.joints)
        return whole.without(self.without)


def sentence(row: Row) -> str:
    """The row as text for the list: `Upper body, 1-240`."""
    what = row.label or PART_LABELS.get(row.part, row.part)
    if row.kind == "POSE":
        words = f"{'Pose' if row.part == 'whole' and row.joints is None else what} at frame {row.start:g}"
    elif row.kind == "PATH":
        words = f"Root path from curve {row.curve}" if row.curve else "Root path"
        words += _range_words(row)
    elif row.kind == "FEET":
        words = (
            f"{' and '.join(foot.replace('_', ' ') for foot in row.feet).capitalize()} on the floor{_range_words(row)}"
        )
    elif row.part == "whole" and row.joints is None and math.isinf(row.start) != math.isinf(row.end):
        words = f"Everything before {row.end + 1:g}" if math.isinf(row.start) else f"Everything from {row.start:g} on"
    else:
        words = f"{what}{_range_words(row)}"
    if row.weight < 1:
        words += f", {row.weight:.0%}"
    return words + (f", fade {row.fade}" if row.fade else "")


def _range_words(row: Row) -> str:
    if math.isinf(row.start) and math.isinf(row.end):
        return ", all the time"
    if math.isinf(row.start):
        return f", before {row.end + 1:g}"
    return f", from {row.start:g} on" if math.isinf(row.end) else f", {row.start:g}-{row.end:g}"


@dataclass
class GatheredConstraints:
    """The constraints of a job: rows of the request, and the motions that they take values from.

    sources: name of the file -> (motion, the frame of the dance at which it starts). vary: as in EditRequest.
    """

    sources: dict[str, tuple[Motion, int]] = field(default_factory=dict)
    bodies: list[tuple[KeepBody, str]] = field(default_factory=list)
    paths: list[tuple[KeepPath, str]] = field(default_factory=list)
    contacts: list[KeepContacts] = field(default_factory=list)
    vary: float | None = None

    def add_body(self, row: Row, start: int, stop: int, fade: int, source: str) -> None:
        """Add poses of one of the sources; chosen joints that include the pelvis constrain its position too."""
        joints = () if row.joints is None else tuple(sorted(joint.name.lower() for joint in row.joints))
        without = tuple(sorted(joint.name.lower() for joint in row.without))
        body = KeepBody(start, stop, row.part, joints, without, weight=row.weight, fade=fade)
        self.bodies.append((body, source))
        if row.joints is not None and row.body.root:
            self.paths.append((KeepPath(start, stop, height=True, weight=row.weight, fade=fade), source))

    def request(self, folder: Path) -> EditRequest:
        """The backend's request, with the motions written to the folder. Raises OSError."""
        files = {}
        for name, (motion, first) in self.sources.items():
            save_motion(folder / f"{name}.npz", motion)
            files[name] = Source(str(folder / f"{name}.npz"), first)
        return EditRequest(
            source=files.get(TAKE),
            vary=self.vary,
            bodies=tuple(_sourced(row, files.get(name)) for row, name in self.bodies),
            paths=tuple(_sourced(row, files.get(name)) for row, name in self.paths),
            contacts=tuple(self.contacts),
        )


TAKE = "take"
"""Name of the source of ranges and paths."""


def _sourced(row: _R, source: Source | None) -> _R:
    return row if source is None else replace(row, source=source)


Read = Callable[[Sequence[float]], Generator[float, None, Motion]]
"""Reads the character's motion at these frames of the scene, in small steps that yield the fraction done."""


def gather_in_steps(
    rows: Sequence[Row], timing: Timing, read: Read, vary: float | None = None
) -> Generator[float, None, GatheredConstraints]:
    """The constraints of these rows, with the motions that they need, in small steps that yield the fraction done.

    Raises EdgeError keep_outside if a row has no frame in the dance, and what `read` raises.
    """
    gathered = GatheredConstraints(vary=vary)
    spans = [_span(row, timing) for row in rows]
    shared = [span for row, span in zip(rows, spans, strict=True) if _from_take(row)]
    ranges = [span for row, span in zip(rows, spans, strict=True) if row.kind == "RANGE"]
    wanted: dict[str, tuple[list[float], int]] = {}  # as GatheredConstraints.sources, with frames of the scene
    if vary is not None:
        shared = [(0, timing.frames)]
    if shared:
        first, stop = min(span[0] for span in shared), max(span[1] for span in shared)
        wanted[TAKE] = [timing.to_scene(frame) for frame in range(first, stop)], first
    for number, (row, (start, stop)) in enumerate(zip(rows, spans, strict=True)):
        fade = round(row.fade * Motion.fps / timing.rate)
        if row.kind == "POSE":
            name = f"pose{number}"
            at = row.start if row.shown is None else row.shown
            if row.shown is None and any(first <= start < behind for first, behind in ranges):
                at = timing.to_scene(start)  # read where the range is read, or the two would contradict each other
            wanted[name] = [at], start
            gathered.add_body(row, start, stop, 0, name)
        elif row.kind == "RANGE":
            gathered.add_body(row, start, stop, fade, TAKE)
        elif row.kind == "PATH":
            path = KeepPath(start, stop, row.points, weight=row.weight, fade=fade)
            gathered.paths.append((path, "" if row.points else TAKE))
        else:
            gathered.contacts.append(KeepContacts(start, stop, row.feet, weight=row.weight, fade=fade))
    done, all_frames = 0, sum(len(frames) for frames, _ in wanted.values())
    for name, (frames, first) in wanted.items():
        steps = _read(read, frames, timing)
        gathered.sources[name] = (yield from part(steps, done / all_frames, (done + len(frames)) / all_frames)), first
        done += len(frames)
    return gathered


def _read(read: Read, frames: list[float], timing: Timing) -> Generator[float, None, Motion]:
    """The motion at these frames. One frame more is read, since contacts depend on the movement after a frame."""
    motion = yield from read([*frames, frames[-1] + timing.rate / Motion.fps])
    return motion.part(slice(-1))


def exact_frames(rows: Iterable[Row], timing: Timing) -> Iterator[tuple[Row, list[float], list[float]]]:
    """For each row with exact poses: their frames in the new take, and the frames to read them from (scene)."""
    for row in rows:
        if not row.exact or row.kind not in ("POSE", "RANGE"):
            continue
        if row.kind == "POSE":
            yield row, [row.start], [row.start if row.shown is None else row.shown]
        else:
            frames = [timing.to_scene(frame) for frame in range(*_span(row, timing))]
            yield row, frames, frames


def _from_take(row: Row) -> bool:
    return row.kind == "RANGE" or (row.kind == "PATH" and not row.points)


def _span(row: Row, timing: Timing) -> tuple[int, int]:
    """The frames of the dance that a row constrains: the first, and the one after the last."""
    start, end = timing.to_dance(row.start), timing.to_dance(row.end)
    if row.kind == "POSE":
        first = round(start)
        stop = first + 1
    else:
        first = 0 if start < 0 else math.ceil(start - _SLACK)
        stop = timing.frames if end >= timing.frames - 1 else math.floor(end + _SLACK) + 1
    if not 0 <= first < stop <= timing.frames:
        last = timing.to_scene(timing.frames - 1)
        raise EdgeError(
            "keep_outside",
            f"“{sentence(row)}” lies outside of the new dance, which has the frames {timing.first:.0f} to {last:.0f}.",
            "Change or mute that row, or make the music longer.",
        )
    return first, stop
