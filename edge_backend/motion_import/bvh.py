"""Reads BVH files of motion capture, and retargets them to the model's skeleton."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import EdgeError
from ..motion.motion import Motion
from ..motion.retarget import Rig, RigBone, fit, read_rig
from ..motion.retarget.bone_map import BoneName, find_bone_map
from ..motion.retarget.families import plain
from ..motion.retarget.slots import TRAVEL
from ..motion.rotations import axis_angle_to_matrix
from ..motion.skeleton import SMPL, Y_UP_TO_Z_UP
from ..numerics.array import Array

_AXES = {"x": 0, "y": 1, "z": 2}
_CHANNEL = re.compile(r"([xyz])(position|rotation|scale)", re.IGNORECASE)
_UNSCALED = 1e-3  # largest deviation of a scale from 1
_FASTEST = 10_000.0  # frames a second
_SAME_BODY = 5e-3  # metres; largest deviation of offsets from SMPL's
_ROUNDED = 5e-4  # times are written with few digits; 29.97 frames a second are 1e-3 away from 30
_UPRIGHT = 0.7  # least height of hips above ankles in a usable rest pose, as a share of leg length


@dataclass
class BvhJoint:
    """A joint of the file.

    parent: number, -1 for roots. offset: (3,) from the parent at rest, the file's units and axes. channels: their
    names. end: (3,) offset of the End Site of a leaf.
    """

    name: str
    parent: int
    offset: Array = field(default_factory=lambda: np.zeros(3))
    channels: tuple[str, ...] = ()
    end: Array | None = None


@dataclass(frozen=True)
class Bvh:
    """The content of a BVH file. joints: parents before children. rate: frames a second.

    turns: (T, J, 3, 3) local rotations. places: (T, J, 3) positions relative to the parent, the file's units and axes.
    """

    joints: Sequence[BvhJoint]
    rate: float
    turns: Array
    places: Array

    def rest_heads(self) -> Array:
        """Positions (J, 3) of the joints with all rotations 0, the file's units and axes."""
        heads = np.zeros((len(self.joints), 3))
        for number, joint in enumerate(self.joints):
            heads[number] = joint.offset + (heads[joint.parent] if joint.parent >= 0 else 0)
        return heads

    def posed(self) -> Array:
        """World transforms (T, J, 4, 4) of the joints, the file's units and axes."""
        posed = np.zeros((*self.turns.shape[:2], 4, 4))
        posed[..., :3, :3], posed[..., :3, 3], posed[..., 3, 3] = self.turns, self.places, 1
        for number, joint in enumerate(self.joints):
            if joint.parent >= 0:
                posed[:, number] = posed[:, joint.parent] @ posed[:, number]
        return posed


def read_bvh(path: Path) -> Bvh:
    """Read a BVH file. Raises EdgeError motion_unreadable with the line, motion_nan with the frame; OSError."""
    lines = ((number, line.split()) for number, line in enumerate(_text(path).splitlines(), 1))
    try:
        joints = _hierarchy(lines)
        frames, rate = _head(lines)
        rows = [words for _, words in lines if words]
        width = sum(len(joint.channels) for joint in joints)
        if len(rows) != frames or frames < 2 or any(len(row) != width for row in rows):
            raise ValueError(f"{frames} frames of {width} numbers are announced, two or more, and not all are there")
        values = np.array(rows, dtype=np.float64)
        if not all(np.isfinite(joint.offset).all() for joint in joints):
            raise ValueError("an OFFSET is no number")
        _check_scales(joints, values)
    except (ValueError, IndexError, StopIteration) as error:
        message = f"{path} is no BVH file that can be read: {str(error) or 'it ends too early'}."
        raise EdgeError("motion_unreadable", message, "Export it again.") from None
    good = np.isfinite(values).all(axis=1)
    if not good.all():
        message = f"{path} has values that are not numbers at frame {int(np.argmin(good))}."
        raise EdgeError("motion_nan", message, "Leave it out, or repair it.")
    return Bvh(joints, rate, *_poses(joints, values))


def on_the_model(bvh: Bvh, path: Path) -> tuple[Array, Array]:
    """Local rotations (T, 24, 3, 3) and root (T, 3), metres, z up, of a BVH file on the model's skeleton.

    SMPL's own skeleton is used as it is, others are retargeted by the names of their joints. The height of the floor is
    not determined. path: for error messages. Raises EdgeError motion_skeleton.
    """
    names = [plain(joint.name) for joint in bvh.joints]
    if set(names) == {*SMPL.names} and len(names) == len(SMPL):
        order = [names.index(name) for name in SMPL.names]
        offsets = np.stack([bvh.joints[number].offset for number in order])
        scale = np.linalg.norm(offsets[1:], axis=1).sum() / np.linalg.norm(SMPL.offsets[1:], axis=1).sum()
        if scale > 0 and np.abs(offsets[1:] / scale - SMPL.offsets[1:]).max() < _SAME_BODY:
            rotations = bvh.turns[:, order].copy()
            rotations[:, 0] = Y_UP_TO_Z_UP @ rotations[:, 0]
            return rotations, bvh.places[:, order[0]] / scale @ Y_UP_TO_Z_UP.T
    motion = _by_names(bvh, path)
    return motion.rotations, motion.root


def _by_names(bvh: Bvh, path: Path) -> Motion:
    names = [joint.name for joint in bvh.joints]
    if len(set(names)) < len(names):
        raise _unfit(path, "two joints have the same name")
    parents = [names[joint.parent] if joint.parent >= 0 else None for joint in bvh.joints]
    found = find_bone_map([BoneName(*pair) for pair in zip(names, parents, strict=True)])
    if found.problems:
        raise _unfit(path, found.problems[0].text.split(". ")[0].rstrip("."))
    heads = bvh.rest_heads()
    rig = Rig(_bone(bvh, number, parent, heads) for number, parent in enumerate(parents))
    try:
        fitted = fit(rig, found.bones)
    except ValueError as error:
        raise _unfit(path, str(error)) from None
    rest = {slot: fitted.head(slot) for slot in found.bones}
    hip, knee, ankle = (rest[slot] for slot in ("thigh.L", "shin.L", "foot.L"))
    if hip[2] - ankle[2] < _UPRIGHT * (np.linalg.norm(knee - hip) + np.linalg.norm(ankle - knee)):
        raise _unfit(path, "without turns its body does not stand upright, so that turns cannot be told from its build")
    posed = bvh.posed()
    return read_rig(fitted, {slot: posed[:, names.index(bone)] for slot, bone in found.bones.items() if slot != TRAVEL})


def _bone(bvh: Bvh, number: int, parent: str | None, heads: Array) -> RigBone:
    joint, rest = bvh.joints[number], np.eye(4)
    rest[:3, 3] = heads[number]
    child = next((heads[other] for other, one in enumerate(bvh.joints) if one.parent == number), None)
    along = np.array([0.0, 1.0, 0.0]) if joint.end is None else joint.end
    return RigBone(joint.name, parent, rest, heads[number] + along if child is None else child)


def _unfit(path: Path, why: str) -> EdgeError:
    message = f"The skeleton of {path} cannot be brought onto the model's: {why[0].lower()}{why[1:]}."
    return EdgeError("motion_skeleton", message, "Name its joints as Mixamo or SMPL do, or leave the file out.")


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")


def _hierarchy(lines: Iterator[tuple[int, list[str]]]) -> list[BvhJoint]:
    """Parse the joints up to the line MOTION. Raises ValueError, IndexError or StopIteration for invalid files."""
    joints: list[BvhJoint] = []
    open_blocks: list[int | None] = []  # numbers of joints; None for an End Site
    for number, words in lines:
        match words:
            case [] | ["HIERARCHY"] | ["{"]:
                continue
            case ["ROOT" | "JOINT", *name]:
                above = open_blocks[-1] if open_blocks else -1
                joints.append(BvhJoint(" ".join(name), -1 if above is None else above))
                open_blocks.append(len(joints) - 1)
            case ["End", *_]:
                open_blocks.append(None)
            case ["OFFSET", x, y, z]:
                offset = np.array([float(x), float(y), float(z)])
                if (joint := open_blocks[-1]) is None:
                    joints[-1].end = offset
                else:
                    joints[joint].offset = offset
            case ["CHANNELS", count, *channels] if int(count) == len(channels):
                if unknown := [channel for channel in channels if not _CHANNEL.fullmatch(channel)]:
                    raise ValueError(f"line {number} has the channel {unknown[0][:40]}, which is not known")
                joints[-1].channels = tuple(channels)
            case ["}"]:
                open_blocks.pop()
            case ["MOTION"]:
                return joints
            case _:
                raise ValueError(f"line {number} is not understood")
    raise StopIteration


def _head(lines: Iterator[tuple[int, list[str]]]) -> tuple[int, float]:
    """Parse the header after MOTION: number of frames, and frames a second. Raises ValueError."""
    (_, frames), (_, time) = next(lines), next(lines)
    if frames[0] != "Frames:" or time[:2] != ["Frame", "Time:"] or not 1 / _FASTEST <= float(time[2]) < float("inf"):
        raise ValueError("behind MOTION there are not the frames and the time of one")
    rate = 1 / float(time[2])
    whole = max(round(rate), 1)
    return int(frames[1]), whole if abs(rate / whole - 1) < _ROUNDED else rate


def _check_scales(joints: Sequence[BvhJoint], values: Array) -> None:
    """Raise ValueError for scale channels other than 1, as the model's bones are rigid. values: (T, channels)."""
    names = [(joint.name, channel) for joint in joints for channel in joint.channels]
    for (name, channel), column in zip(names, values.T, strict=True):
        if channel.lower().endswith("scale") and np.nanmax(np.abs(column - 1), initial=0) > _UNSCALED:
            raise ValueError(f"the channel {channel} of {name} is not 1 throughout")


def _poses(joints: Sequence[BvhJoint], values: Array) -> tuple[Array, Array]:
    """Local rotations (T, J, 3, 3) and positions (T, J, 3) from values (T, channels), in the file's channel order."""
    turns = np.tile(np.eye(3), (len(values), len(joints), 1, 1))
    places = np.tile(np.stack([joint.offset for joint in joints]), (len(values), 1, 1))
    columns = iter(values.T)
    for number, joint in enumerate(joints):
        for channel in joint.channels:
            axis, kind = _AXES[channel[0].lower()], channel[1:].lower()
            column = next(columns)
            if kind == "position":
                places[:, number, axis] = column
            elif kind == "rotation":
                turns[:, number] @= axis_angle_to_matrix(np.radians(column)[:, None] * np.eye(3)[axis])
    return turns, places
