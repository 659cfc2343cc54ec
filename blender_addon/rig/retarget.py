"""Connects Blender's armatures to motion.retarget: measures, checks, poses and reads them."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import bpy
import numpy as np

from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.feet import FootSettings
from ..edge_backend.motion.motion import Motion
from ..edge_backend.motion.retarget import Fit, Rig, RigBone, fit, pose_rig_in_steps, read_rig
from ..edge_backend.motion.retarget.bone_map import BoneMap, BoneName, Matrix, Point, find_bone_map
from ..edge_backend.motion.retarget.description import UNEVEN, DescribedArmature, places_bone, uneven
from ..edge_backend.motion.retarget.families import IkLegs
from ..edge_backend.motion.retarget.slots import HIPS, TRAVEL, slot_words
from ..edge_backend.motion.rotations import continuous_quaternions, matrix_to_quaternion
from ..edge_backend.motion.skeleton import Joint
from ..edge_backend.numerics.array import Array
from .bone_map_properties import CHOSEN
from .channels import BoneChannels, dancer_channels, motion_of_dancer
from .dancer import is_dancer
from .foot_meshes import foot_meshes
from .looking import Showing, looks, poses_in_steps
from .paths import bone_path
from .skeleton import BONE_NAMES
from .stance import stance_matrices
from .standing import carriers, matrices, moving_channels, standing_poses

_UPRIGHT, _SUNK = 0.9, 0.05
"""Cosine of the largest tilt of a standing rig; share of the hips' height by which feet may be below the floor."""

_LIES = 0.7  # cosine of the tilt beyond which a rest pose lies

_DRIVEN = ("location", "rotation_quaternion", "rotation_euler", "rotation_axis_angle")


Measured = tuple[BoneMap, Fit]
"""A bone map, and the rig measured at rest."""


@dataclass(frozen=True, slots=True)
class SwitchKey:
    """A property that is keyed once, at the start of a dance. path: from the object. group: of the F-curve."""

    path: str
    group: str
    value: float


@dataclass(frozen=True, slots=True)
class Switches:
    """The rig's switches (IK/FK), as they are read with the rig.

    keyed: those that a take has to key so that its bones' keys are effective. paths: of all, for legs keyed in FK and
    in IK.
    """

    keyed: tuple[SwitchKey, ...]
    paths: tuple[str, ...]


def bone_map_of(armature: bpy.types.Object) -> BoneMap:
    """The armature's bone map: the bones that the user has chosen, and recognised ones for all other slots."""
    return _named(armature)[1]


def mapped_rig(armature: bpy.types.Object) -> tuple[BoneMap, Rig]:
    """The armature's bone map, and its bones at rest with their present channels, not measured."""
    names, bone_map = _named(armature)
    return bone_map, _rig(armature, names, bone_map)


def _named(armature: bpy.types.Object) -> tuple[list[BoneName], BoneMap]:
    names = _bone_names(armature)
    return names, find_bone_map(names, dict(chosen_bones(armature)), _world(armature))


def found_bone_map(armature: bpy.types.Object) -> BoneMap:
    """The bone map by recognition alone, without the user's choices."""
    return find_bone_map(_bone_names(armature), {}, _world(armature))


def _bone_names(armature: bpy.types.Object) -> list[BoneName]:
    bones: Any = armature.data.bones
    posed: Any = armature.pose.bones if armature.pose else ()
    constrained = {bone.name for bone in posed if any(acts(c) and places_bone(c.type) for c in bone.constraints)}
    ends = _bone_ends(armature)
    parents = [above.name if (above := bone.parent) else None for bone in bones]
    return [
        BoneName(name, parent, *ends[name], name in constrained)
        for name, parent in zip(bones.keys(), parents, strict=True)
    ]


def _bone_ends(armature: bpy.types.Object) -> dict[str, tuple[Point, Point]]:
    """Bone -> head and tail at rest, armature space."""
    bones: Any = armature.data.bones
    ends = np.empty((2, 3 * len(bones)), np.float32)
    bones.foreach_get("head_local", ends[0])
    bones.foreach_get("tail_local", ends[1])
    heads, tails = ends.reshape(2, -1, 3).tolist()
    found = {name: (tuple(h), tuple(t)) for name, h, t in zip(bones.keys(), heads, tails, strict=True)}
    for name, matrix in stance_matrices(armature).items():
        if name in found:
            tail = matrix @ (0.0, bones[name].length, 0.0, 1.0)
            found[name] = (tuple(matrix[:3, 3].tolist()), tuple(tail[:3].tolist()))
    return found


def describe(armature: bpy.types.Object) -> DescribedArmature:
    """Names, parents and rest positions of the armature's bones, and nothing else of the file."""
    return DescribedArmature(armature.name, tuple(_bone_names(armature)), _world(armature))


def _world(armature: bpy.types.Object) -> Matrix:
    return tuple(map(tuple, np.array(armature.matrix_world).tolist()))


def _up(armature: bpy.types.Object) -> Array:
    """The world's vertical (3,) in armature space, of any length."""
    up: Array = np.linalg.inv(np.array(armature.matrix_world)[:3, :3])[:, 2]
    return up


def chosen_bones(armature: bpy.types.Object) -> tuple[tuple[str, str], ...]:
    """Slots and the bones that the user has chosen for them, "" for none."""
    return tuple((item.name, item.bone) for item in getattr(armature, CHOSEN))


def why_not_dance(armature: bpy.types.Object, bone_map: BoneMap | None = None) -> EdgeError | None:
    """The error with all reasons why the armature cannot dance; None if it can. bone_map: by default `bone_map_of`."""
    if faults := faults_of(armature, bone_map or bone_map_of(armature)):
        return EdgeError("rig_unfit", f"{armature.name} cannot dance yet.", " ".join(faults))
    return None


def faults_of(armature: bpy.types.Object, bone_map: BoneMap) -> list[str]:
    """The reasons why the armature cannot dance, one or two sentences each: where, and what to do."""
    return [note.text for note in bone_map.problems] or list(_faults(armature, bone_map))


def channels_in_steps(
    armature: bpy.types.Object,
    motion: Motion,
    clean_feet: bool = True,
    ik_legs: IkLegs | None = None,
    measured: Measured | None = None,
) -> Generator[float, None, list[BoneChannels]]:
    """The channels of the armature's bones for a motion, in small steps that yield the fraction done.

    The built-in dancer gets the model's rotations, other rigs are retargeted. The armature is read in the first step
    only. clean_feet: clean the feet again in the rig's proportions, except on the built-in dancer. ik_legs: key the
    legs on these controls. measured: the result of `measure`, if it is known. Raises EdgeError rig_unfit.
    """
    settings = FootSettings() if clean_feet else None
    if is_dancer(armature):
        rest = _rest_matrices(armature)
        yield 0.0
        return dancer_channels(motion, rest, settings)
    bone_map, fitted = measured or measure(armature)
    yield 0.0
    poses = yield from pose_rig_in_steps(fitted, motion, settings, bone_map.travel_turns, ik_legs)
    still = np.tile((1.0, 0.0, 0.0, 0.0), (motion.frames, 1))
    nowhere = np.zeros((motion.frames, 3))
    return [
        *(BoneChannels(name, still, nowhere) for name in (*bone_map.rest, *(ik_legs.rest if ik_legs else ()))),
        *(
            BoneChannels(pose.bone, continuous_quaternions(matrix_to_quaternion(pose.rotations)), pose.location)
            for pose in poses
        ),
    ]


def switch_keys(
    armature: bpy.types.Object, bone_map: BoneMap | None = None, ik_legs: IkLegs | None = None
) -> list[SwitchKey]:
    """The rig's switches (IK/FK) that a take has to key so that its bones' keys are effective.

    ik_legs: controls that the legs are keyed on, which need the legs switched to IK.
    """
    if is_dancer(armature):
        return []
    bone_map = bone_map or bone_map_of(armature)
    wanted = {(switch.bone, switch.property): switch.value for switch in bone_map.switches}
    if ik_legs:
        wanted |= {(switch.bone, switch.property): switch.value for switch in ik_legs.switches}
    keys = []
    for (bone, name), value in wanted.items():
        if name in armature.pose.bones[bone].keys():  # noqa: SIM118 (no dict)
            keys.append(SwitchKey(f'{bone_path(bone)}["{name}"]', bone, value))
        elif hasattr(armature.pose.bones[bone], name):
            keys.append(SwitchKey(f"{bone_path(bone)}.{name}", bone, value))
    if bone_map.ik_constraints:
        for bone, constraint in _ik_constraints(armature, bone_map):
            name = bpy.utils.escape_identifier(constraint.name)
            influence = 1.0 if ik_legs else 0.0
            keys.append(SwitchKey(f'{bone_path(bone)}.constraints["{name}"].influence', bone, influence))
    return keys


def all_switch_keys(armature: bpy.types.Object, bone_map: BoneMap | None = None) -> list[SwitchKey]:
    """The switches for legs keyed in FK and in IK, each once."""
    bone_map = bone_map or bone_map_of(armature)
    both = [key for ik_legs in (None, bone_map.ik_legs) for key in switch_keys(armature, bone_map, ik_legs)]
    return list({key.path: key for key in both}.values())


def switches_of(armature: bpy.types.Object, bone_map: BoneMap, ik_legs: IkLegs | None = None) -> Switches:
    """The rig's switches. ik_legs: as for `switch_keys`."""
    paths = tuple(switch.path for switch in all_switch_keys(armature, bone_map))
    return Switches(tuple(switch_keys(armature, bone_map, ik_legs)), paths)


def chosen_ik_legs(armature: bpy.types.Object, bone_map: BoneMap, scene: bpy.types.Scene) -> IkLegs | None:
    """The controls of the legs' IK, if the panel asks for them and the armature has them."""
    settings: Any = scene.edge_dance  # type: ignore[attr-defined] # a property of ours
    return bone_map.ik_legs if settings.legs == "IK" and not is_dancer(armature) else None


def read_motion_in_steps(
    armature: bpy.types.Object, scene: bpy.types.Scene, frames: Sequence[float], showing: Showing = nullcontext
) -> Generator[float, None, Motion]:
    """The armature's motion at these frames of the scene, on the model's skeleton, in small steps.

    frames: 1/30 s apart for a motion at the usual rate. showing: as in `poses_in_steps`, which also describes the state
    between steps. Raises EdgeError rig_unfit, reading_ended.
    """
    if is_dancer(armature):
        rest = _rest_matrices(armature)
        return motion_of_dancer((yield from poses_in_steps(armature, BONE_NAMES, scene, frames, showing)), rest)
    bone_map, measured = measure(armature)
    read = {slot: bone_map.read.get(slot, bone) for slot, bone in bone_map.bones.items() if slot != TRAVEL}
    fits = [measured]
    if measured.floor_offset.any():
        at_rest = fit(mapped_rig(armature)[1], bone_map.bones, None, foot_meshes(armature, bone_map))
        if at_rest.axes[:, 2] @ measured.axes[:, 2] < _LIES:  # with another up axis importers lay motions down, too
            fits.append(at_rest)
    posed = yield from poses_in_steps(armature, read.values(), scene, frames, showing)
    poses = {slot: posed[bone] for slot, bone in read.items()}
    return max((read_rig(one, poses) for one in fits), key=_uprightness)


def _uprightness(motion: Motion) -> float:
    """Mean cosine of the angle between the body's up and the vertical."""
    return float(motion.rotations[:, Joint.PELVIS, 2, 1].mean())


def ignored_hip_keys(armature: bpy.types.Object, scene: bpy.types.Scene, frames: Sequence[float]) -> str:
    """The name of the hips' bone if its location is keyed at these frames but ignored because it is connected, else "".

    Blender's older FBX importer connects the hips to a root bone.
    """
    name = bone_map_of(armature).bones.get(HIPS, "")
    if not name or not armature.data.bones[name].use_connect:
        return ""
    some = frames[:: max(1, len(frames) // 10)]
    places = [tuple(shown.pose.bones[name].location) for (shown,) in looks([armature], scene, some)]
    return name if np.ptp(places, axis=0).any() else ""


def _rest_matrices(armature: bpy.types.Object) -> dict[str, Array]:
    bones: Any = armature.data.bones
    return dict(zip(bones.keys(), matrices(bones, "matrix_local"), strict=True))


def measure(armature: bpy.types.Object) -> Measured:
    """The armature's bone map, and the rig measured at rest. Raises EdgeError rig_unfit."""
    names, bone_map = _named(armature)
    if error := why_not_dance(armature, bone_map):
        raise error
    feet = foot_meshes(armature, bone_map)
    measured = fit(_rig(armature, names, bone_map), bone_map.bones, _up(armature), feet)
    if measured.floor_offset.any() and _stands_in_the_world(armature, measured):
        measured = replace(measured, floor_offset=np.zeros(3))
    return bone_map, measured


def rest_fit(armature: bpy.types.Object, bone_map: BoneMap) -> Fit:
    """The mapped bones alone, measured at rest; quick enough to be asked whenever something changes.

    bone_map: one without problems. Raises ValueError if the rest pose cannot be measured.
    """
    stances, ends = stance_matrices(armature), _bone_ends(armature)
    loose = [
        RigBone(
            name,
            None,
            np.array(armature.data.bones[name].matrix_local),
            np.array(ends[name][1]),
            stance=stances.get(name),
        )
        for name in set(bone_map.bones.values())
    ]
    return fit(Rig(loose), bone_map.bones, _up(armature))


def _stands_in_the_world(armature: bpy.types.Object, measured: Fit) -> bool:
    """Whether a rig with its hips at its origin was placed so that its feet at rest are not below the world's floor.

    FBX files have such characters, with the object at the height of the hips.
    """
    world = np.array(armature.matrix_world)
    down = world[:3, :3] @ (measured.floor * measured.growth)
    upright = -down[2] > _UPRIGHT * float(np.linalg.norm(down))
    return upright and bool(world[2, 3] + down[2] > _SUNK * down[2])


def measure_dancer(armature: bpy.types.Object, fingers: Iterable[str]) -> Fit:
    """The built-in dancer's wrists and these bones of its fingers at rest, none below another; the model's own size."""
    bones = {
        f"{part}.{side}": f"{name}.{side}" for part, name in (("forearm", "elbow"), ("hand", "wrist")) for side in "LR"
    }
    data: Any = armature.data
    rest = [data.bones[name] for name in (*bones.values(), *fingers)]
    rig = [RigBone(bone.name, None, np.array(bone.matrix_local), np.array(bone.tail_local)) for bone in rest]
    return Fit(Rig(rig), bones, np.eye(3), 1.0, np.zeros(3), np.zeros(3))


def _rig(armature: bpy.types.Object, names: Iterable[BoneName], bone_map: BoneMap) -> Rig:
    """The armature as data. names: of its bones. Whole arrays: a large rig has many bones, and few of them dance."""
    bones: Any = armature.data.bones
    poses = standing_poses(armature, moving_channels(armature, carriers(armature, bone_map)))
    poses |= {name: np.eye(4) for name in bone_map.rest}
    stances = stance_matrices(armature)
    options = [_flags(bones, name) for name in ("use_inherit_rotation", "use_local_location", "use_connect")]
    return Rig(
        RigBone(
            bone.name,
            bone_map.parents.get(bone.name, bone.parent),
            rest,
            np.array(bone.tail),
            poses[bone.name],
            *chosen,
            stances.get(bone.name),
        )
        for bone, rest, *chosen in zip(names, matrices(bones, "matrix_local"), *options, strict=True)
    )


def _flags(bones: Any, name: str) -> list[bool]:
    found = np.empty(len(bones), bool)
    bones.foreach_get(name, found)
    return list(map(bool, found))


# --- What makes a rig unfit -----------------------------------------------------------------------------------------


def _faults(armature: bpy.types.Object, bone_map: BoneMap) -> Iterator[str]:
    """What is wrong with a rig whose map is complete: constraints, drivers, sizes."""
    yield from _constrained(armature, bone_map)
    yield from _driven(armature, bone_map)
    if uneven(_world(armature)):
        yield UNEVEN
    try:
        rest_fit(armature, bone_map)
    except ValueError as error:
        yield (
            f"Its rest pose cannot be used: {error}. Look at the bone map; if that is right, go to a frame in which it "
            "stands upright, arms anywhere, and press Use This Pose."
        )


def _constrained(armature: bpy.types.Object, bone_map: BoneMap) -> Iterator[str]:
    for slot, bone, constraint in constrained_bones(armature, bone_map):
        yield (
            f"The {slot_words(slot)}, {bone}, is moved by its constraint {constraint.name}: mute that, or "
            "choose the bone that controls it."
        )


def constrained_bones(armature: bpy.types.Object, bone_map: BoneMap) -> Iterator[tuple[str, str, Any]]:
    """(slot, bone, constraint) for constraints of mapped bones that take effect and are not disabled by a take."""
    switched = {(bone, constraint.name) for bone, constraint in _ik_constraints(armature, bone_map)}
    for slot, bone in bone_map.bones.items():
        for constraint in armature.pose.bones[bone].constraints:
            allowed = bone_map.ik_constraints and (bone, constraint.name) in switched
            if acts(constraint) and not allowed:
                yield slot, bone, constraint


def acts(constraint: Any) -> bool:
    """Whether the constraint has an effect: it is not muted, and has its target if it needs one."""
    lacks_target = getattr(constraint, "target", constraint) is None
    return not (constraint.mute or constraint.influence == 0 or not constraint.is_valid or lacks_target)


def _driven(armature: bpy.types.Object, bone_map: BoneMap) -> Iterator[str]:
    for slot, bone in dict.fromkeys((slot, bone) for slot, bone, _ in driven_bones(armature, bone_map)):
        yield f"The {slot_words(slot)}, {bone}, is moved by a driver: mute that, or choose the bone that controls it."


def driven_bones(armature: bpy.types.Object, bone_map: BoneMap) -> Iterator[tuple[str, str, bpy.types.FCurve]]:
    """(slot, bone, driver) for drivers of the location or rotation of mapped bones."""
    drivers: Any = armature.animation_data.drivers if armature.animation_data else ()
    by_path: dict[str, list[bpy.types.FCurve]] = {}
    for driver in drivers:
        if not driver.mute:
            by_path.setdefault(driver.data_path, []).append(driver)
    for slot, bone in bone_map.bones.items() if by_path else ():
        for channel in _DRIVEN:
            for driver in by_path.get(f"{bone_path(bone)}.{channel}", ()):
                yield slot, bone, driver


def _ik_constraints(armature: bpy.types.Object, bone_map: BoneMap) -> Iterator[tuple[str, Any]]:
    """(bone, constraint) for constraints by which a leg or a foot follows an IK target."""
    for slot, bone in bone_map.bones.items():
        if slot.partition(".")[0] in ("shin", "foot", "toes"):
            for constraint in armature.pose.bones[bone].constraints:
                if constraint.type in ("IK", "DAMPED_TRACK", "LIMIT_ROTATION"):
                    yield bone, constraint
