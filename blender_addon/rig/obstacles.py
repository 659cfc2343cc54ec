"""Obstacles: settings of the user's scene that hide a dance or alter how it looks, and what removes each of them.

Obstacles do not prevent keying. They are only changed on the user's click. Looking for them is fast enough for panels.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import bpy
from mathutils import Matrix, Vector

from .. import compat
from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.retarget.bone_map import BoneMap
from ..edge_backend.motion.retarget.slots import slot_words
from ..selection import to_object_mode
from .dancer import is_dancer
from .paths import bone_path
from .retarget import acts, all_switch_keys, constrained_bones, driven_bones, rest_fit
from .standing import carriers, changes, in_pose, moving_channels, playing_strips, standing_pose

_OBJECT_CHANNELS = (
    "location", "rotation_euler", "rotation_quaternion", "rotation_axis_angle", "scale",
    "delta_location", "delta_rotation_euler", "delta_rotation_quaternion", "delta_scale",
)  # fmt: skip

_SEEN_ANGLE, _SEEN_WAY = 0.01, 1e-3
"""Radians and armature units: smaller differences of a bone's pose count as rounding."""

_NO_SIZE = 1e-6
"""Scale below which an object counts as invisible."""

_LIES = math.cos(math.radians(45))
"""Cosine of the angle from the vertical beyond which a body lies."""

_DEFORMING = {"SURFACE_DEFORM", "MESH_DEFORM", "LATTICE", "HOOK", "DATA_TRANSFER", "NODES"}
"""Modifiers that may move a mesh, or give it weights, in place of its own."""

_UNEVEN = 0.005
"""Share by which a bone's scale may differ from axis to axis."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """An obstacle. kind: a key of `MENDS`, by which it is removed. text: a sentence for the user."""

    kind: str
    text: str


def obstacles_of(armature: bpy.types.Object, bone_map: BoneMap, context: bpy.types.Context) -> Iterator[Obstacle]:
    """All obstacles to a dance on the armature. bone_map: the armature's, without problems."""
    yield from _metarig(armature, context)
    yield from _hidden(armature, context)
    yield from _unweighted(armature, context)
    yield from _shrunk(armature)
    yield from _lying(armature, bone_map)
    yield from _distorted(armature, bone_map)
    yield from _not_posed(armature)
    yield from _covered(armature)
    yield from _stretched(context.scene)
    yield from _moved_by_strips(armature, bone_map)
    yield from _constrained(armature, bone_map)
    yield from _driven(armature, bone_map)


def refuse_hidden(armature: bpy.types.Object) -> None:
    """Raise EdgeError dance_hidden if the armature's pose is not that of its action, so that it cannot be read."""
    for obstacle in (*_not_posed(armature), *_covered(armature), *_stretched(bpy.context.scene)):
        if obstacle.kind != "tweak":  # takes.refuse_tweaked
            raise EdgeError("dance_hidden", obstacle.text, f"{MENDS[obstacle.kind].tip}.")


# --- The armature and its object --------------------------------------------------------------------------------------


def _metarig(armature: bpy.types.Object, context: bpy.types.Context) -> Iterator[Obstacle]:
    if rig := generated_rig(armature, context):
        yield Obstacle("metarig", f"{armature.name} is only the metarig of {rig.name}, which is what moves the body.")


def generated_rig(armature: bpy.types.Object, context: bpy.types.Context) -> bpy.types.Object | None:
    """The rig that Rigify has generated from this metarig, if it is in the view layer; else None."""
    rig = compat.foreign_property(armature.data, "rigify_target_rig")
    names: Any = context.view_layer.objects
    return rig if isinstance(rig, bpy.types.Object) and rig != armature and rig.name in names else None


def _hidden(armature: bpy.types.Object, context: bpy.types.Context) -> Iterator[Obstacle]:
    if _seen(armature, context) or any(_seen(body, context) for body in _bodies(armature, context)):
        return
    yield Obstacle("hidden", f"Neither {armature.name} nor a body that it moves can be seen: they are hidden.")


def _shrunk(armature: bpy.types.Object) -> Iterator[Obstacle]:
    if min(map(abs, armature.scale[:])) < _NO_SIZE:
        yield Obstacle("scale", f"{armature.name} cannot be seen: its scale is 0.")


def _lying(armature: bpy.types.Object, bone_map: BoneMap) -> Iterator[Obstacle]:
    up = _body_up(armature, bone_map)
    if up is not None and up.z < _LIES:
        degrees = round(math.degrees(up.angle(Vector((0, 0, 1)))))
        yield Obstacle("lies", f"{armature.name} is turned by {degrees} degrees from upright, and dances as it lies.")


def _body_up(armature: bpy.types.Object, bone_map: BoneMap) -> Vector | None:
    """The direction from the hips to the head of a dance's first pose, unit, world; None where a body has no size."""
    try:
        up = armature.matrix_world.to_3x3() @ Vector(rest_fit(armature, bone_map).axes[:, 2])
    except ValueError:  # it is refused, with a sentence of its own
        return None
    return up.normalized() if up.length > _NO_SIZE else None


def _distorted(armature: bpy.types.Object, bone_map: BoneMap) -> Iterator[Obstacle]:
    for bone in _distorting_bones(armature, bone_map):
        yield Obstacle("bone_scale", f"{bone.name} is scaled in its pose, which would distort what hangs on it.")


def _distorting_bones(armature: bpy.types.Object, bone_map: BoneMap) -> Iterator[bpy.types.PoseBone]:
    """Bones above mapped ones whose pose has a scale that a dance does not take into account.

    Other rigs than the built-in dancer are measured with bones of any size, but not of other proportions. Scales that
    the user's own animation changes do not count, because takes key such bones at rest.
    """
    bones = carriers(armature, bone_map)
    above = {bone.parent.name for bone in bones if bone.parent}
    even = (1.0, 1.0) if is_dancer(armature) else (0.0, math.inf)
    scaled = [bone for bone in bones if bone.name in above and not _is_even(bone.scale[:], *even)]
    moving = moving_channels(armature, scaled)
    yield from (bone for bone in scaled if (bone.name, "scale") not in moving)


def _is_even(scale: Sequence[float], least: float, most: float) -> bool:
    """Whether the scale is the same along all axes, and from `least` to `most`."""
    small, large = min(scale), max(scale)
    return small > (1 - _UNEVEN) * max(large, least) and large < (1 + _UNEVEN) * most


def _seen(ob: bpy.types.Object, context: bpy.types.Context) -> bool:
    return ob.visible_get(view_layer=context.view_layer)


def _bodies(armature: bpy.types.Object, context: bpy.types.Context) -> Iterator[bpy.types.Object]:
    for ob in context.view_layer.objects:
        if ob.type == "MESH" and ob.find_armature() == armature:
            yield ob


def _unweighted(armature: bpy.types.Object, context: bpy.types.Context) -> Iterator[Obstacle]:
    for body in _bodies_without_weights(armature, context):
        yield Obstacle(
            "weights",
            f"{body.name} has no weights for the bones of {armature.name}, and stands still while they dance. Give it "
            "some, with its own program or by Object > Parent > With Automatic Weights.",
        )


def _bodies_without_weights(armature: bpy.types.Object, context: bpy.types.Context) -> Iterator[bpy.types.Object]:
    """Meshes that only the armature moves, by vertex groups, and that have none with the name of a deforming bone."""
    data: Any = armature.data
    for body in _bodies(armature, context):
        modifiers: list[Any] = list(body.modifiers)
        mesh: Any = body.data
        if not mesh.vertices or any(
            m.type in _DEFORMING or (m.type == "ARMATURE" and m.use_bone_envelopes) for m in modifiers
        ):
            continue
        if not any((bone := data.bones.get(group.name)) and bone.use_deform for group in body.vertex_groups):
            yield body


def _not_posed(armature: bpy.types.Object) -> Iterator[Obstacle]:
    data: Any = armature.data
    if data.pose_position == "REST":
        yield Obstacle("rest", f"{armature.name} is in Rest Position, which shows no animation.")
    if armature.mode == "EDIT":
        yield Obstacle("edit", f"{armature.name} is in Edit Mode, which shows no animation.")


def _stretched(scene: bpy.types.Scene | None) -> Iterator[Obstacle]:
    render: Any = scene.render if scene else None
    if scene and render.frame_map_old != render.frame_map_new:
        percent = round(100 * render.frame_map_old / render.frame_map_new)
        yield Obstacle(
            "stretch", f"{scene.name} stretches time: animation plays at {percent} % of its speed, songs do not."
        )


# --- The NLA ----------------------------------------------------------------------------------------------------------


def _covered(armature: bpy.types.Object) -> Iterator[Obstacle]:
    """Settings of the NLA that hide or change the armature's action."""
    data: Any = armature.animation_data
    if data is None or not data.use_nla:
        return
    if data.use_tweak_mode:
        yield Obstacle("tweak", f"{armature.name} is being tweaked in the NLA editor.")
    for track in data.nla_tracks:
        if track.is_solo:
            yield Obstacle("solo", f"The NLA track {track.name} of {armature.name} is solo: nothing else is seen.")
    if not any(playing_strips(data)):
        return  # without strips Blender does not look at these
    if data.action_influence < 1:
        percent = round(100 * data.action_influence)
        yield Obstacle("influence", f"{armature.name} shows its action with an influence of {percent} %.")
    if data.action_blend_type != "REPLACE":
        mode = data.action_blend_type.capitalize()
        yield Obstacle("blend", f"{armature.name} blends its action into its NLA strips by {mode}, not by Replace.")


def _moved_by_strips(armature: bpy.types.Object, bone_map: BoneMap) -> Iterator[Obstacle]:
    for strip, what in _moving_strips(armature, bone_map):
        yield Obstacle("strips", f"The NLA strip {strip.name} {what}, with the dance.")


def _moving_strips(armature: bpy.types.Object, bone_map: BoneMap) -> Iterator[tuple[Any, str]]:
    """NLA strips that animate the object, or constraints that no take keys; each with a verb phrase that says so."""
    data: Any = armature.animation_data
    strips = list(playing_strips(data)) if data and data.use_nla else []
    if not strips:
        return
    constraints = [
        (f'{bone_path(bone.name)}.constraints["{bpy.utils.escape_identifier(constraint.name)}"].influence', bone.name)
        for bone in carriers(armature, bone_map)
        for constraint in bone.constraints
    ]
    keyed = {switch.path for switch in all_switch_keys(armature, bone_map)}
    for strip in strips:
        curves = compat.strip_fcurves(strip)
        if any(changes(curves.find(name, index=index)) for name in _OBJECT_CHANNELS for index in range(4)):
            yield strip, f"moves {armature.name} itself"
        for path, bone in constraints:
            if path not in keyed and changes(curves.find(path)):
                yield strip, f"animates a constraint of {bone}"


# --- Constraints and drivers ------------------------------------------------------------------------------------------


def _constrained(armature: bpy.types.Object, bone_map: BoneMap) -> Iterator[Obstacle]:
    for constraint, text in _constraining(armature, bone_map):
        yield Obstacle("constraints", f"{text} by the constraint {constraint.name}.")


def _constraining(armature: bpy.types.Object, bone_map: BoneMap) -> Iterator[tuple[Any, str]]:
    """Constraints that move bones of the dance: their own, those of their ancestors, and IK constraints of other bones.

    Each comes with the beginning of a sentence that names the bone.
    """
    slots = {bone: slot for slot, bone in bone_map.bones.items()}
    for slot, bone, constraint in constrained_bones(armature, bone_map):
        yield constraint, f"The {slot_words(slot)}, {bone}, is moved"
    unmapped = [bone for bone in carriers(armature, bone_map) if bone.name not in slots]
    for carrier in unmapped:
        for constraint in carrier.constraints:
            target: Any = getattr(constraint, "target", None)
            if target not in (None, armature) and acts(constraint):
                yield constraint, f"{carrier.name}, which carries the body, is moved"
    yield from _displacing(armature, unmapped)
    for owner in armature.pose.bones:
        for constraint in owner.constraints:
            if constraint.type not in ("IK", "SPLINE_IK") or owner.name in slots or not acts(constraint):
                continue
            if pulled := next((bone for bone in _ik_chain(owner, constraint) if bone in slots), None):
                yield constraint, f"The {slot_words(slots[pulled])}, {pulled}, is pulled by {owner.name}"


def _displacing(
    armature: bpy.types.Object, unmapped: list[bpy.types.PoseBone]
) -> Iterator[tuple[bpy.types.Constraint, str]]:
    """Constraints that copy the pose of one ancestor of the body to another, such as those of MMD's cancel bones.

    A rig is measured by its bones' channels, without constraints, so such a pose would displace the dance. Poses that
    the user's own animation changes do not count, because takes key such bones at rest. unmapped: the ancestors.
    """
    moving = moving_channels(armature, unmapped)
    posed = {bone.name for bone in unmapped if _turned(standing_pose(bone, moving), Matrix())}
    for carrier in unmapped if posed else ():
        for constraint in carrier.constraints:
            if getattr(constraint, "target", None) != armature or not acts(constraint):
                continue
            source = _followed(armature, constraint, {bone.name for bone in unmapped})
            if source in posed and _turned(in_pose(carrier, carrier.matrix, invert=True), carrier.matrix_basis):
                yield constraint, f"{carrier.name}, which carries the body, is moved, as {source} is not at rest,"


def _followed(armature: bpy.types.Object, constraint: Any, unmapped: set[str]) -> str:
    """The bone in `unmapped` whose pose the constraint copies, directly or through other bones; "" for none.

    MMD Tools' constraints copy a helper bone that copies another one, a child of the bone in question.
    """
    seen: set[str] = set()
    bone = armature.pose.bones.get(getattr(constraint, "subtarget", ""))
    while bone and bone.name not in unmapped and bone.name not in seen:
        seen.add(bone.name)
        copied = (getattr(other, "subtarget", "") for other in bone.constraints if acts(other))
        bone = armature.pose.bones.get(next(copied, ""), bone.parent)
    return bone.name if bone and bone.name in unmapped else ""


def _turned(one: Matrix, other: Matrix) -> bool:
    """Whether two poses of a bone differ visibly."""
    apart = one.inverted_safe() @ other
    return apart.to_quaternion().angle > _SEEN_ANGLE or apart.translation.length > _SEEN_WAY


def _ik_chain(owner: bpy.types.PoseBone, constraint: Any) -> list[str]:
    """The names of the bones that the IK constraint moves, the owner's first."""
    chain = [owner.name, *(bone.name for bone in owner.parent_recursive)]
    if not getattr(constraint, "use_tail", True):
        chain = chain[1:]
    return chain[: constraint.chain_count] if constraint.chain_count else chain


def _driven(armature: bpy.types.Object, bone_map: BoneMap) -> Iterator[Obstacle]:
    for _, text in _driving(armature, bone_map):
        yield Obstacle("drivers", text)


def _driving(armature: bpy.types.Object, bone_map: BoneMap) -> Iterator[tuple[Any, str]]:
    """Drivers of channels and switches that a take keys; drivers override keys. Each comes with a sentence."""
    for slot, bone, driver in driven_bones(armature, bone_map):
        yield driver, f"The {slot_words(slot)}, {bone}, is moved by a driver."
    drivers: Any = armature.animation_data.drivers if armature.animation_data else ()
    switches = {switch.path: switch.group for switch in all_switch_keys(armature, bone_map)} if len(drivers) else {}
    for driver in drivers:
        if driver.data_path in switches and not driver.mute:
            yield driver, f"What {switches[driver.data_path]} follows is decided by a driver, not by the dance."


# --- Mending ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mend:
    """How a kind of obstacle is removed. label, tip: of the button. do: the function that removes it."""

    label: str
    tip: str
    do: Callable[[bpy.types.Object, BoneMap, bpy.types.Context], None]


def _select_rig(armature: bpy.types.Object, _bone_map: BoneMap, context: bpy.types.Context) -> None:
    if rig := generated_rig(armature, context):
        armature.select_set(False)
        rig.hide_set(False)
        rig.select_set(True)
        context.view_layer.objects.active = rig


def _show(armature: bpy.types.Object, _bone_map: BoneMap, context: bpy.types.Context) -> None:
    for ob in (armature, *_bodies(armature, context)):
        ob.hide_set(False)
        ob.hide_viewport = False
        for layer in _layers_of(context.view_layer.layer_collection, ob):
            layer.hide_viewport = layer.collection.hide_viewport = False


def _layers_of(layer: Any, ob: bpy.types.Object) -> list[Any]:
    """The layer collections below `layer` that contain the object, and their parents."""
    inside = [found for child in layer.children for found in _layers_of(child, ob)]
    return [layer, *inside] if inside or ob.name in layer.collection.objects else []


def _select_bodies(armature: bpy.types.Object, _bone_map: BoneMap, context: bpy.types.Context) -> None:
    """Select the meshes without weights, and the armature as the active object, as Blender's Parent menu takes them."""
    bodies = list(_bodies_without_weights(armature, context))
    for ob in context.view_layer.objects:
        ob.select_set(ob == armature or ob in bodies)
    context.view_layer.objects.active = armature


def _reset_scale(armature: bpy.types.Object, _bone_map: BoneMap, _context: bpy.types.Context) -> None:
    axes = armature.scale[:]
    size = max(map(abs, axes))
    size = size if size >= _NO_SIZE else 1.0
    armature.scale = [axis if abs(axis) >= _NO_SIZE else size for axis in axes]


def _stand_up(armature: bpy.types.Object, bone_map: BoneMap, _context: bpy.types.Context) -> None:
    """Turn the object about its origin, by the smallest rotation."""
    if up := _body_up(armature, bone_map):
        here = Matrix.Translation(armature.matrix_world.translation)
        turn = up.rotation_difference(Vector((0, 0, 1))).to_matrix().to_4x4()
        armature.matrix_world = here @ turn @ here.inverted() @ armature.matrix_world


def _reset_bone_scale(armature: bpy.types.Object, bone_map: BoneMap, _context: bpy.types.Context) -> None:
    for bone in list(_distorting_bones(armature, bone_map)):
        bone.scale = (1, 1, 1)


def _reset_time(_armature: bpy.types.Object, _bone_map: BoneMap, context: bpy.types.Context) -> None:
    context.scene.render.frame_map_old = context.scene.render.frame_map_new = 100


def _pose(armature: bpy.types.Object, _bone_map: BoneMap, _context: bpy.types.Context) -> None:
    data: Any = armature.data
    data.pose_position = "POSE"


def _leave_edit_mode(_armature: bpy.types.Object, _bone_map: BoneMap, context: bpy.types.Context) -> None:
    to_object_mode(context)


def _set(name: str, value: Any) -> Callable[[bpy.types.Object, BoneMap, bpy.types.Context], None]:
    """A function that sets this property of the armature's animation data."""

    def do(armature: bpy.types.Object, _bone_map: BoneMap, _context: bpy.types.Context) -> None:
        setattr(armature.animation_data, name, value)

    return do


def _leave_solo(armature: bpy.types.Object, _bone_map: BoneMap, _context: bpy.types.Context) -> None:
    data: Any = armature.animation_data
    for track in data.nla_tracks:
        if track.is_solo:
            track.is_solo = False


def _mute_strips(armature: bpy.types.Object, bone_map: BoneMap, _context: bpy.types.Context) -> None:
    for strip, _ in list(_moving_strips(armature, bone_map)):
        strip.mute = True


def _mute_constraints(armature: bpy.types.Object, bone_map: BoneMap, _context: bpy.types.Context) -> None:
    for constraint, _ in list(_constraining(armature, bone_map)):
        constraint.mute = True


def _mute_drivers(armature: bpy.types.Object, bone_map: BoneMap, _context: bpy.types.Context) -> None:
    for driver, _ in list(_driving(armature, bone_map)):
        driver.mute = True


MENDS = {
    "metarig": Mend("Select Generated Rig", "Select the rig that moves the body, to dance in its place", _select_rig),
    "hidden": Mend("Show Character", "Unhide the armature, its bodies and their collections", _show),
    "weights": Mend(
        "Select Mesh",
        "Select the meshes without weights and then the armature, as Object > Parent takes them",
        _select_bodies,
    ),
    "scale": Mend("Reset Scale", "Make the armature's axes without size as large as the others, or 1", _reset_scale),
    "lies": Mend("Stand Up", "Turn the armature's object about its origin so that the body stands upright", _stand_up),
    "bone_scale": Mend("Reset Bone Scale", "Clear the scale of bones that distort the dance", _reset_bone_scale),
    "rest": Mend("Pose Position", "Set the armature to Pose Position, so that animation is seen", _pose),
    "edit": Mend("Leave Edit Mode", "Go back to Object Mode, so that animation is seen", _leave_edit_mode),
    "stretch": Mend("Reset Time Stretching", "Have animation play at the speed of the song", _reset_time),
    "tweak": Mend(
        "Leave Tweak Mode", "Stop editing the NLA strip, as Tab in the NLA editor does", _set("use_tweak_mode", False)
    ),
    "solo": Mend("Leave Solo", "Take solo off the track, so that the armature's action is seen", _leave_solo),
    "influence": Mend(
        "Full Influence", "Set the influence of the armature's action to 1", _set("action_influence", 1.0)
    ),
    "blend": Mend(
        "Blend by Replace",
        "Have the armature's action replace the strips below it",
        _set("action_blend_type", "REPLACE"),
    ),
    "strips": Mend("Mute Strips", "Mute the NLA strips that move the body beside the dance", _mute_strips),
    "constraints": Mend("Mute Constraints", "Mute the constraints that move bones of the dance", _mute_constraints),
    "drivers": Mend("Mute Drivers", "Mute the drivers that overrule the dance's keys", _mute_drivers),
}
"""Kind of obstacle -> how it is removed."""
