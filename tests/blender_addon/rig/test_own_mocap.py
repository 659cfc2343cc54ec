"""Own motion capture: files that Blender's own importers read become motion files, through the bone map."""

import addon_utils
import bpy
import numpy as np
import pytest
from blender_fixtures import addon
from characters import KINDS, put_character
from dances import dance
from mathutils import Vector
from test_retarget import put_take

FRAMES = 60


@pytest.fixture(autouse=True)
def thirty_frames_a_second(empty_file):
    bpy.context.scene.render.fps = 30


@pytest.fixture(autouse=True, scope="module")
def importers(installed):
    for module in ("io_anim_bvh", "io_scene_fbx"):
        addon_utils.enable(module, default_set=True)


def danced(kind, **size):
    """A character that dances, the only thing in the scene; and the dance."""
    character, motion = put_character(KINDS[kind](), **size), dance("commercial", frames=FRAMES)
    put_take(character, motion)
    bpy.context.scene.frame_end = FRAMES
    return character, motion


def loosen(character):
    """Let the bone above the hips end elsewhere: import_scene.fbx connects bones that touch, which then cannot move."""
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in character.data.edit_bones:
        if bone.parent is None and bone.name == "root":
            bone.tail = bone.head + Vector((0, 0.2, 0))
    bpy.ops.object.mode_set(mode="OBJECT")


def skin(character):
    """A triangle on every bone: without a skin, FBX files do not know a rest pose."""
    bones = character.data.bones
    corners = [
        bone.head_local + step for bone in bones for step in (Vector(), Vector((0.1, 0, 0)), Vector((0, 0.1, 0)))
    ]
    mesh = bpy.data.meshes.new("Skin")
    mesh.from_pydata(corners, [], [(3 * i, 3 * i + 1, 3 * i + 2) for i in range(len(bones))])
    body = bpy.data.objects.new("Skin", mesh)
    for number, bone in enumerate(bones):
        body.vertex_groups.new(name=bone.name).add([3 * number, 3 * number + 1, 3 * number + 2], 1.0, "REPLACE")
    bpy.context.collection.objects.link(body)
    body.parent = character
    body.modifiers.new("Armature", "ARMATURE").object = character


def emptied():
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.render.fps = 30


def exported(tmp_path):
    """The imported armature's action, through the operator, as a motion."""
    armature = next(ob for ob in bpy.context.scene.objects if ob.type == "ARMATURE")
    bpy.context.view_layer.objects.active = armature
    assert bpy.ops.edge_dance.export_motion(filepath=str(tmp_path / "mine.npz")) == {"FINISHED"}
    return addon("edge_backend.motion.files").load_motion(tmp_path / "mine.npz")


def largest_turn(back, motion, joints):
    """Degrees between the joints' turns in the world."""
    kinematics = addon("edge_backend.motion.kinematics")
    here, there = (kinematics.global_rotations(m.rotations.astype(float))[:, joints] for m in (back, motion))
    cosine = (np.trace(np.swapaxes(here, -1, -2) @ there, axis1=-2, axis2=-1) - 1) / 2
    return np.degrees(np.arccos(np.clip(cosine, -1, 1))).max()


BODY = [0, 3, 6, 9, 1, 2, 4, 5, 7, 8, 10, 11, 12, 15, 16, 17, 18, 19, 20, 21]


def same(back, motion, joints=BODY):
    assert back.frames == motion.frames
    assert largest_turn(back, motion, joints) < 1
    assert np.abs(back.root - motion.root).max() < 0.005


def test_a_bvh_of_ours_comes_back_as_it_went(tmp_path):
    motion = dance(frames=FRAMES)
    addon("edge_backend.motion.bvh").save_bvh(tmp_path / "dance.bvh", motion)
    bpy.ops.import_anim.bvh(filepath=str(tmp_path / "dance.bvh"))
    same(exported(tmp_path), motion)


def test_a_bvh_with_cmu_names_comes_through_blenders_importer(tmp_path):
    _, motion = danced("CMU")
    path = str(tmp_path / "cmu.bvh")
    bpy.ops.export_anim.bvh(filepath=path, frame_start=1, frame_end=FRAMES, root_transform_only=True)
    emptied()
    bpy.ops.import_anim.bvh(filepath=path)
    same(exported(tmp_path), motion)


def test_a_bvh_of_another_rate_keeps_its_time(tmp_path):
    """60 frames a second: the dance twice as fast, of which a motion file keeps every second frame."""
    _, motion = danced("CMU")
    bpy.context.scene.render.fps = 60
    path = str(tmp_path / "cmu.bvh")
    bpy.ops.export_anim.bvh(filepath=path, frame_start=1, frame_end=FRAMES, root_transform_only=True)
    emptied()
    bpy.ops.import_anim.bvh(filepath=path, update_scene_fps=True)
    assert bpy.context.scene.render.fps == 60
    back = exported(tmp_path)
    assert back.frames == FRAMES // 2
    assert np.abs(back.root - motion.root[::2]).max() < 0.005


@pytest.mark.parametrize("connected", [True, False])
def test_ignored_location_keys_of_connected_hips_are_reported(tmp_path, capfd, connected):
    """import_scene.fbx connects bones that touch."""
    character, _ = danced("UE4")
    if not connected:
        loosen(character)
    skin(character)
    path = str(tmp_path / "character.fbx")
    bpy.ops.export_scene.fbx(filepath=path)
    emptied()
    bpy.ops.import_scene.fbx(filepath=path)
    exported(tmp_path)
    assert ("pelvis is connected to its parent" in capfd.readouterr().out) is connected


def test_it_is_found_under_file_export():
    module = addon("ui.file_menus")
    listed = bpy.types.TOPBAR_MT_file_export._dyn_ui_initialize()
    assert module._draw_export in listed
    module.unregister()
    assert module._draw_export not in listed
    module.register()


IMPORTERS = ["import_scene.fbx"] + ["wm.fbx_import"] * (bpy.app.version >= (4, 5, 0))


@pytest.mark.parametrize("importer", IMPORTERS)
@pytest.mark.parametrize(("kind", "size"), [("Mixamo", {"units": 100, "y_up": True}), ("UE4", {})])
def test_an_fbx_comes_through_blenders_importers(tmp_path, importer, kind, size):
    character, motion = danced(kind, **size)
    loosen(character)
    skin(character)
    path = str(tmp_path / "character.fbx")
    bpy.ops.export_scene.fbx(filepath=path, bake_anim_simplify_factor=0)
    emptied()
    module, name = importer.split(".")
    getattr(getattr(bpy.ops, module), name)(filepath=path)
    same(exported(tmp_path), motion)
