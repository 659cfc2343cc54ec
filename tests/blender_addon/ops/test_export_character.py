"""FBX and glTF: a dance exported by Blender's exporters and imported by its importers."""

import bpy
import numpy as np
import pytest
from blender_stage import addon, put_dancer, random_motion
from characters import mixamo, put_character
from small_disk import mounted

FRAMES = 12


def moderate(frames):
    """A dance with moderate movements: SMPL's joints at every frame are known from forward kinematics."""
    motion = random_motion(frames, seed=3)
    rotations = addon("edge_backend.motion.rotations")
    turns = np.cumsum(np.random.default_rng(1).normal(0, 0.15, (frames, 24, 3)), axis=0)
    motion.rotations[:] = rotations.axis_angle_to_matrix(turns.astype(np.float32))
    motion.root[:] = np.cumsum(np.random.default_rng(2).normal(0, 0.03, (frames, 3)), axis=0)
    return motion


def world_heads(armature, names, frame):
    bpy.context.scene.frame_set(int(frame // 1), subframe=frame % 1)
    posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array([posed.matrix_world @ posed.pose.bones[name].head for name in names])


def reimported(path):
    """The armature of the file in an empty scene with 30 frames per second, and its offset in frames."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.render.fps = 30
    if path.suffix == ".fbx":
        bpy.ops.import_scene.fbx(filepath=str(path), anim_offset=0.0)
    else:
        bpy.ops.import_scene.gltf(filepath=str(path))
    return next(ob for ob in bpy.data.objects if ob.type == "ARMATURE")


@pytest.mark.parametrize("kind", ["FBX", "GLTF"])
@pytest.mark.parametrize("who", ["dancer", "mixamo"])
def test_the_dance_comes_back_as_forward_kinematics_has_it(tmp_path, kind, who):
    scene = bpy.context.scene
    scene.render.fps, scene.frame_end = 30, 200
    character = put_dancer() if who == "dancer" else put_character(mixamo(), units=100, y_up=True)
    character.location = (1, 2, 0)
    motion = moderate(FRAMES)
    addon("takes.new_take").add_take(character, motion, scene, 1.0, clean_feet=False)
    bpy.context.view_layer.update()
    names = addon("rig.skeleton").BONE_NAMES if who == "dancer" else [bone.name for bone in character.data.bones]
    wanted = [world_heads(character, names, frame) for frame in range(1, FRAMES + 1)]
    if who == "dancer":
        assert np.abs(np.array(wanted) - motion.joints() - (1, 2, 0)).max() < 1e-4
    path = tmp_path / ("dance" + {"FBX": ".fbx", "GLTF": ".glb"}[kind])
    assert bpy.ops.edge_dance.export_character(format=kind, filepath=str(path)) == {"FINISHED"}
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    armature = reimported(path)
    found = [world_heads(armature, names, frame) for frame in range(1, FRAMES + 1)]
    assert np.abs(np.array(found) - wanted).max() < 5e-4  # metres
    action = armature.animation_data.action
    assert action.frame_range[1] - action.frame_range[0] == pytest.approx(FRAMES - 1, abs=1e-3)


def test_what_is_selected_and_the_scenes_frames_stay_as_they_are(tmp_path):
    scene = bpy.context.scene
    other, dancer = put_dancer(), put_dancer()
    addon("takes.new_take").add_take(dancer, moderate(10), scene, 5.0)
    other.select_set(True)
    scene.frame_start, scene.frame_end = 2, 90
    scene.frame_set(33)
    selected, name = set(bpy.context.selected_objects), dancer.name
    bpy.ops.edge_dance.export_character(format="GLTF", filepath=str(tmp_path / "one.glb"))
    assert (scene.frame_start, scene.frame_end, scene.frame_current) == (2, 90, 33)
    assert set(bpy.context.selected_objects) == selected and bpy.context.view_layer.objects.active == dancer
    assert reimported(tmp_path / "one.glb").name.startswith(name)  # and nobody else's
    assert sum(ob.type == "ARMATURE" for ob in bpy.data.objects) == 1


def test_a_folder_that_is_not_there_is_told(tmp_path):
    dancer = put_dancer()
    addon("takes.new_take").add_take(dancer, moderate(5), bpy.context.scene, 1.0)
    with pytest.raises(RuntimeError, match="nowhere"):
        bpy.ops.edge_dance.export_character(format="FBX", filepath=str(tmp_path / "nowhere" / "a.fbx"))


@pytest.mark.parametrize("kind", ["FBX", "GLTF"])
def test_a_full_disk_leaves_nothing_behind(tmp_path, kind):
    dancer = put_dancer()
    addon("takes.new_take").add_take(dancer, moderate(30), bpy.context.scene, 1.0)
    with mounted(tmp_path / "disk", "size=16k") as disk:
        with pytest.raises(RuntimeError):
            bpy.ops.edge_dance.export_character(format=kind, filepath=str(disk / "dance"))
        assert not list(disk.iterdir())


@pytest.mark.parametrize("kind", ["FBX", "GLTF"])
def test_the_longest_name_will_do(tmp_path, kind):
    dancer = put_dancer()
    addon("takes.new_take").add_take(dancer, moderate(5), bpy.context.scene, 1.0)
    name = "d" * 251 + {"FBX": ".fbx", "GLTF": ".glb"}[kind]
    assert bpy.ops.edge_dance.export_character(format=kind, filepath=str(tmp_path / name)) == {"FINISHED"}
    assert [file.name for file in tmp_path.iterdir()] == [name]
