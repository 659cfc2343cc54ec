"""FBX, glTF, USD and BVH: a dance exported by Blender's exporters and imported by its importers."""

import re

import bpy
import numpy as np
import pytest
from blender_stage import addon, put_dancer, random_motion
from characters import mixamo, put_character, put_rigify
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
    elif path.suffix == ".glb":
        bpy.ops.import_scene.gltf(filepath=str(path))
    elif path.suffix == ".usdc":
        bpy.ops.wm.usd_import(filepath=str(path))
    else:
        bpy.ops.import_anim.bvh(filepath=str(path), axis_forward="Y", axis_up="Z", rotate_mode="QUATERNION")
    return next(ob for ob in bpy.data.objects if ob.type == "ARMATURE")


ENDINGS = {"FBX": ".fbx", "GLTF": ".glb", "USD": ".usdc", "BVH": ".bvh"}


@pytest.mark.parametrize("kind", ["FBX", "GLTF", "USD", "BVH"])
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
    if kind == "BVH":  # which has the armature's own space, in metres
        world, size = np.array(character.matrix_world), np.mean(character.matrix_world.to_scale())
        wanted = [(heads - world[:3, 3]) @ np.linalg.inv(world[:3, :3]).T * size for heads in wanted]
    path = tmp_path / ("dance" + ENDINGS[kind])
    assert bpy.ops.edge_dance.export_character(format=kind, filepath=str(path)) == {"FINISHED"}
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    armature = reimported(path)
    if kind == "USD":  # whose names have letters, digits and underscores
        names = [re.sub(r"\W", "_", name) for name in names]
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
    name = "d" * 251 + ENDINGS[kind]
    assert bpy.ops.edge_dance.export_character(format=kind, filepath=str(tmp_path / name)) == {"FINISHED"}
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_every_take_is_an_animation_of_its_name(tmp_path):
    scene = bpy.context.scene
    scene.render.fps = 30
    dancer = put_dancer()
    takes = [
        addon("takes.new_take").add_take(dancer, moderate(frames), scene, 1.0, False, name=name)
        for name, frames in (("Salsa 3", 8), ("Böse Wünsche 7", 12))
    ]
    assert dancer.animation_data.action == takes[1]
    names = list(addon("rig.skeleton").BONE_NAMES)
    wanted = {}
    for take in takes:
        addon("takes.take_list").use_take(dancer, take)
        wanted[take.name] = [world_heads(dancer, names, frame) for frame in range(1, int(take.frame_range[1]) + 1)]
    path = tmp_path / "all.glb"
    assert bpy.ops.edge_dance.export_character(format="GLTF", all_takes=True, filepath=str(path)) == {"FINISHED"}
    assert not dancer.animation_data.nla_tracks and dancer.animation_data.action == takes[1]
    armature = reimported(path)
    strips = {track.name: track.strips[0] for track in armature.animation_data.nla_tracks}
    assert {name.split("_")[0].removesuffix(".001") for name in strips} == set(wanted)
    for name, heads in wanted.items():
        action = next(strip for track, strip in strips.items() if track.startswith(name)).action
        for track in armature.animation_data.nla_tracks:
            track.mute = True
        armature.animation_data.action = action
        if hasattr(armature.animation_data, "action_slot"):
            armature.animation_data.action_slot = action.slots[0]
        found = [world_heads(armature, names, frame + action.frame_range[0]) for frame in range(len(heads))]
        assert np.abs(np.array(found) - heads).max() < 1e-3


def test_a_rig_with_controls_leaves_them_out_and_its_deform_bones_dance(tmp_path):
    scene = bpy.context.scene
    scene.render.fps = 30
    rig = put_rigify()
    addon("takes.new_take").add_take(rig, moderate(6), scene, 1.0)
    names = [bone.name for bone in rig.data.bones if bone.use_deform]
    wanted = [world_heads(rig, names, frame) for frame in range(1, 7)]
    path = tmp_path / "rigify.glb"
    assert bpy.ops.edge_dance.export_character(format="GLTF", filepath=str(path)) == {"FINISHED"}
    armature = reimported(path)
    assert {bone.name for bone in armature.data.bones} == set(names)
    found = [world_heads(armature, names, frame) for frame in range(1, 7)]
    assert np.abs(np.array(found) - wanted).max() < 1e-3


@pytest.mark.parametrize(("kind", "ending"), [("AMASS", ".npz"), ("EDGE", ".pkl"), ("MOTION", ".npz")])
def test_motion_files_are_read_back(tmp_path, kind, ending):
    scene = bpy.context.scene
    scene.render.fps = 30
    dancer, motion = put_dancer(), moderate(40)
    addon("takes.new_take").add_take(dancer, motion, scene, 1.0, clean_feet=False)
    path = tmp_path / f"dance{ending}"
    assert bpy.ops.edge_dance.export_motion(format=kind, filepath=str(path)) == {"FINISHED"}
    choices = addon("edge_backend.motion_import.clip").Choices(up="+z", unit="m")
    read = addon("edge_backend.motion_import.reader").read_motions(path, choices)[0].motion
    assert read.frames == motion.frames
    offset = read.joints()[0, 0] - motion.joints()[0, 0]  # import puts the lowest foot on the floor
    assert np.abs(offset[:2]).max() < 1e-3
    joints = slice(0, 22)  # AMASS has no joints in the palms
    assert np.abs(read.joints()[:, joints] - offset - motion.joints()[:, joints]).max() < 1e-3
