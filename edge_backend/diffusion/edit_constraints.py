"""An EditRequest as constraints for the sampling and the foot cleanup."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from ..errors import EdgeError
from ..motion.boundary_smoothing import usual_acceleration
from ..motion.feet import ContactRange
from ..motion.files import load_motion
from ..motion.motion import Motion
from ..motion.representation import ROOT
from ..motion.skeleton import Joint
from ..numerics.array import Array
from ..numerics.splines import natural_spline
from ..schema.edits import FEET, EditRequest, KeepBody, KeepContacts, KeepPath, Source
from .body_parts import BODY_PARTS, BodyPart, rotation_of
from .constraints import Constraint, combine, contacts_at, frame_range, free, root_path
from .song import Variation

_LEGS = sorted(BODY_PARTS["legs"].joints)
_JOINTS = {joint.name.lower(): joint for joint in Joint}

_Row = KeepBody | KeepPath | KeepContacts
_Load = Callable[[str], Motion]


@dataclass(frozen=True)
class EditConstraints:
    """Constraints on a new dance of T frames, and the dance that it varies, if any.

    contacts: ranges that the foot cleanup must use.
    """

    constraint: Constraint
    variation: Variation | None = None
    contacts: tuple[ContactRange, ...] = field(default=())

    def part(self, frames: slice) -> "EditConstraints":
        """The constraints on these frames alone, with all contacts."""
        return replace(self, constraint=self.constraint.part(frames))

    @cached_property
    def in_place(self) -> bool:
        """Whether position or heading are constrained, so that the dance must not be moved to the origin."""
        weight = self.constraint.weight
        return self.variation is not None or bool(weight[:, ROOT].any() or weight[:, rotation_of(Joint.PELVIS)].any())

    def exact_joints(self) -> Array:
        """(T, 24) bool: joints whose rotation is constrained exactly; the pelvis also where the root's position is."""
        exact = self.constraint.exact
        joints = np.stack([exact[:, rotation_of(joint)].any(axis=1) for joint in Joint], axis=1)
        joints[:, Joint.PELVIS] |= exact[:, ROOT].any(axis=1)
        return joints

    def exact_legs(self) -> Array:
        """(T, 24) bool: of these, the ones that the foot cleanup must not change: legs, and the pelvis where the root
        is constrained."""
        joints = np.zeros((self.constraint.frames, len(Joint)), dtype=bool)
        joints[:, _LEGS] = self.exact_joints()[:, _LEGS]
        joints[:, Joint.PELVIS] = self.constraint.exact[:, ROOT].any(axis=1)
        return joints


def read_edit(edit: EditRequest, frames: int) -> EditConstraints:
    """What `edit` asks for in a dance of `frames` frames, with the motions that it names.

    Raises EdgeError: request_invalid and source_missing for what is asked, constraint_length where frames lie outside
    the dance or the source, constraint_range and constraint_contradiction as in constraints, and those of motion.files.
    """
    load = cache(load_motion)
    asked = combine(free(frames), *(_constraint(row, edit.source, frames, load) for row in edit.contacts))
    rows: tuple[_Row, ...] = (*edit.bodies, *edit.paths)
    others = (_constraint(row, edit.source, frames, load) for row in rows)
    # A contact that is asked for overrules one that comes with a pose.
    constraint = combine(asked, *(replace(one, weight=np.where(asked.weight > 0, 0, one.weight)) for one in others))
    contacts = tuple(
        _contact_range(row, foot) for row in edit.contacts if row.weight == 1 and not row.fade for foot in row.feet
    )
    return EditConstraints(replace(constraint, usual=_usual(edit, load)), _variation(edit, frames, load), contacts)


def _usual(edit: EditRequest, load: _Load) -> float:
    """The largest 99th percentile of acceleration among the source dances; infinite without a source."""
    bodies = [row.source or edit.source for row in edit.bodies]
    paths = [row.source or edit.source for row in edit.paths if not row.points]
    motions = (load(source.motion) for source in {*bodies, *paths} if source)
    return max((usual_acceleration(each.joints()) for each in motions if each.frames >= 3), default=np.inf)


def _constraint(row: _Row, source: Source | None, frames: int, load: _Load) -> Constraint:
    _check_row(row)
    match row:
        case KeepBody():
            found = frame_range(_stretch(row.source or source, row, load).vectors(), row.start, frames, _part(row))
        case KeepPath():
            path = _curve(row) if row.points else _root(row, source, load)
            found = root_path(path, range(row.start, row.stop), frames)
        case KeepContacts():
            joints = {joint for foot in row.feet for joint in _soles(foot)}
            found = contacts_at(joints, range(row.start, row.stop), frames, row.down)
    return found.softened(row.weight).fading(row.fade)


def _check_row(row: _Row) -> None:
    for fault in _faults(row):
        sentence = f"The constraint from frame {row.start} to frame {row.stop - 1} {fault}."
        raise EdgeError("request_invalid", sentence, "Change that row of the keep list.")


def _faults(row: _Row) -> Iterator[str]:
    if not 0 <= row.start < row.stop:
        yield "has no frames, or starts before the first"
    if not 0 <= row.weight <= 1:
        yield f"has the weight {row.weight:g}, which is not between 0 and 1"
    if row.fade < 0:
        yield f"fades over {row.fade} frames"
    match row:
        case KeepBody():
            if row.part not in BODY_PARTS:
                yield f"names a body part {row.part}, which does not exist"
            if unknown := {*row.joints, *row.without} - _JOINTS.keys():
                yield f"names a joint {min(unknown)}, which does not exist"
        case KeepPath():
            if {len(point) for point in row.points} not in (set(), {2}, {3}):
                yield "has points of a path that are not all (x, y) or all (x, y, z)"
            if len(row.points) > row.stop - row.start:
                yield f"has {len(row.points)} points of a path, more than frames"
        case KeepContacts():
            if not row.feet or not {*row.feet} <= {*FEET}:
                yield f"has contacts of {', '.join(row.feet) or 'no foot'}, not of {', '.join(FEET)}"


def _part(row: KeepBody) -> BodyPart:
    part = BodyPart(frozenset(_JOINTS[name] for name in row.joints)) if row.joints else BODY_PARTS[row.part]
    return part.without(_JOINTS[name] for name in row.without)


def _soles(foot: str) -> list[Joint]:
    side, _, part = foot.upper().partition("_")
    names = {"HEEL": ["ANKLE"], "TOES": ["TOES"], "FOOT": ["ANKLE", "TOES"]}[part]
    return [Joint[f"{side}_{name}"] for name in names]


def _contact_range(row: KeepContacts, foot: str) -> ContactRange:
    side, _, part = foot.partition("_")
    return ContactRange(("left", "right").index(side), row.start, row.stop - 1, part, row.down)  # type: ignore[arg-type]


def _root(row: KeepPath, source: Source | None, load: _Load) -> Array:
    root = _stretch(row.source or source, row, load).root
    return root if row.height else root[:, :2]


def _curve(row: KeepPath) -> Array:
    """The path (stop - start, 2 or 3) through points at equal times: a natural cubic spline, straight through two."""
    points = np.array(row.points)
    time = np.linspace(0, 1, row.stop - row.start)
    if len(points) == 1:
        return np.broadcast_to(points, (len(time), points.shape[1]))
    return natural_spline(np.linspace(0, 1, len(points)), points, time)


def _stretch(source: Source | None, row: _Row | range, load: _Load) -> Motion:
    """The frames of the source at the frames of the row."""
    if source is None:
        raise EdgeError(
            "source_missing",
            f"The frames {row.start} to {row.stop - 1} are to be kept, but no dance is given that has them.",
            "Name the dance that is edited.",
        )
    motion = load(source.motion)
    first, last = source.first, source.first + motion.frames - 1
    if not first <= row.start < row.stop <= last + 1:
        raise EdgeError(
            "constraint_length",
            f"The frames {row.start} to {row.stop - 1} are to be taken from {Path(source.motion).name}, "
            f"which stands at the frames {first} to {last}.",
            "Choose frames inside it.",
        )
    return motion.part(slice(row.start - first, row.stop - first))


def _variation(edit: EditRequest, frames: int, load: _Load) -> Variation | None:
    if edit.vary is None:
        return None
    if not 0 <= edit.vary <= 1:
        raise EdgeError("request_invalid", f"The strength {edit.vary:g} is not between 0 and 1.", "Change it.")
    return Variation(_stretch(edit.source, range(frames), load).vectors(), edit.vary)
