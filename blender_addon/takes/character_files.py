"""Exports characters with their dances, by Blender's own exporters where it has them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import bpy

from ..edge_backend.errors import EdgeError
from .nla import stash
from .root_motion import root_motion_of
from .vmd import write_vmd

Format = Literal["FBX", "GLTF", "USD", "BVH", "VMD"]

FORMATS: tuple[tuple[Format, str, str], ...] = (
    ("FBX", "FBX (.fbx)", "For game engines and other animation programs"),
    ("GLTF", "glTF (.glb)", "For the web and game engines: one file with mesh and dance"),
    ("USD", "USD (.usdc)", "For Omniverse, Houdini, Maya and Unreal: mesh, skeleton and dance"),
    ("BVH", "BVH (.bvh)", "The bones and their dance alone, as text"),
    ("VMD", "VMD (.vmd)", "For MikuMikuDance: the dance of a character that MMD Tools imported"),
)
ENDINGS: dict[Format, str] = {"FBX": ".fbx", "GLTF": ".glb", "USD": ".usdc", "BVH": ".bvh", "VMD": ".vmd"}

_BONES_ALONE: tuple[Format, ...] = ("BVH", "VMD")
_EXPORTERS: dict[Format, tuple[Any, str]] = {
    "FBX": (bpy.ops.export_scene, "fbx"),
    "GLTF": (bpy.ops.export_scene, "gltf"),
    "USD": (bpy.ops.wm, "usd_export"),
    "BVH": (bpy.ops.export_anim, "bvh"),
}


def write_character(
    armature: bpy.types.Object, path: Path, form: Format, takes: Sequence[bpy.types.Action] = ()
) -> None:
    """Write the selected character with a key on every frame of the scene, into a file with the format's suffix.

    takes: for glTF, actions that become an animation each, under their names, instead of the current action alone.
    Rigs whose meshes follow deform bones get these alone in glTF and USD, without their controls. Raises RuntimeError
    as Blender's exporters do; EdgeError export_missing where Blender lacks the exporter, export_way for a format
    without the object if it carries the dance, those of write_vmd; OSError.
    """
    if form in _EXPORTERS and _EXPORTERS[form][1] not in dir(_EXPORTERS[form][0]):
        raise EdgeError(
            "export_missing",
            f"This Blender has no exporter for {form}: its add-on is disabled, or it was built without it.",
            "Enable it in Edit > Preferences > Add-ons, or choose another format.",
        )
    data: Any = armature.animation_data
    if form in _BONES_ALONE and root_motion_of(data.action) == "OBJECT":
        raise EdgeError(
            "export_way",
            f"{data.action.name} moves the object {armature.name} over the floor, and a {form} file has bones alone.",
            "Choose Hips or Root Bone in Change Root Motion first.",
        )
    writers: dict[Format, Callable[[bpy.types.Object, Path], None]] = {
        "FBX": _fbx, "GLTF": _gltf, "USD": _usd, "BVH": _bvh, "VMD": write_vmd
    }  # fmt: skip
    if form == "GLTF" and takes:
        with _on_tracks(armature, takes):
            _gltf(armature, path, "NLA_TRACKS")
    else:
        writers[form](armature, path)


def _fbx(_armature: bpy.types.Object, path: Path) -> None:
    """Write FBX with every frame of the current action, without added leaf bones."""
    bpy.ops.export_scene.fbx(
        filepath=str(path),
        use_selection=True,
        object_types={"ARMATURE", "MESH"},
        add_leaf_bones=False,
        bake_anim_use_nla_strips=False,
        bake_anim_use_all_actions=False,
        bake_anim_simplify_factor=0.0,
    )


def _gltf(
    armature: bpy.types.Object, path: Path, mode: Literal["ACTIVE_ACTIONS", "NLA_TRACKS"] = "ACTIVE_ACTIONS"
) -> None:
    action: Any = armature.animation_data.action
    bpy.ops.export_scene.gltf(
        filepath=str(path),
        export_format="GLB",
        use_selection=True,
        export_animation_mode=mode,
        export_nla_strips_merged_animation_name=action.name,  # else the exporter calls it Animation
        export_force_sampling=True,
        export_optimize_animation_size=False,
        export_def_bones=_has_controls(armature),
    )


def _usd(armature: bpy.types.Object, path: Path) -> None:
    bpy.ops.wm.usd_export(
        filepath=str(path),
        selected_objects_only=True,
        export_animation=True,
        export_armatures=True,
        only_deform_bones=_has_controls(armature),
    )


def _bvh(armature: bpy.types.Object, path: Path) -> None:
    """Write BVH in armature space, without the object's transform, in metres."""
    scene: Any = bpy.context.scene
    size = armature.matrix_world.median_scale
    first, last = scene.frame_start, scene.frame_end
    bpy.ops.export_anim.bvh(filepath=str(path), frame_start=first, frame_end=last, global_scale=size)


def _has_controls(armature: bpy.types.Object) -> bool:
    """Whether fewer than half of the bones deform meshes, and no object is a child of another bone."""
    bones = armature.data.bones
    deforming = {bone.name for bone in bones if bone.use_deform}
    held = {ob.parent_bone for ob in armature.children if ob.parent_type == "BONE"}
    return 0 < len(deforming) < len(bones) / 2 and held <= deforming


@contextmanager
def _on_tracks(armature: bpy.types.Object, takes: Sequence[bpy.types.Action]) -> Iterator[None]:
    """In this block the armature has these takes on NLA tracks, above its own, which the exporter writes too."""
    data: Any = armature.animation_data
    others = [(track, track.mute) for track in data.nla_tracks]
    tracks = [stash(armature, take) for take in takes]
    try:
        for track, _ in others:
            track.mute = True
        for track in tracks:
            track.lock = track.mute = False
        yield
    finally:
        for track in tracks:
            data.nla_tracks.remove(track)
        for track, mute in others:
            track.mute = mute
