"""FBX, glTF, USD and BVH: a dance exported by Blender's exporters and imported by its importers; VMD."""

import json
import re
import struct

import addon_utils
import bpy
import numpy as np
import pytest
from blender_fixtures import addon, put_dancer, random_motion
from characters import mixamo, mmd, put_character, put_rigify
from mathutils import Quaternion
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


def put_skin(character):
    """Put a mesh with a triangle on each bone. Without one, Blender's FBX has no rest pose but the current pose."""
    heads = np.repeat([bone.head_local for bone in character.data.bones], 3, axis=0)
    mesh = bpy.data.meshes.new("skin")
    corners = np.arange(len(heads)).reshape(-1, 3)
    mesh.from_pydata((heads + np.tile(np.eye(3), (len(corners), 1))).tolist(), [], corners.tolist())
    skin = bpy.data.objects.new("skin", mesh)
    bpy.context.collection.objects.link(skin)
    skin.parent = character
    skin.modifiers.new("Armature", "ARMATURE").object = character
    for bone, indices in zip(character.data.bones, corners, strict=True):
        skin.vertex_groups.new(name=bone.name).add(indices.tolist(), 1.0, "REPLACE")
    return character


def world_poses(armature, names, frames):
    """Heads (T, bones, 3) and rotations from the rest pose (T, bones, 3, 3) in the world's axes.

    The latter do not depend on the axes that bones have at rest, which importers choose.
    """
    heads, turns = [], []
    for frame in frames:
        bpy.context.scene.frame_set(int(frame // 1), subframe=frame % 1)
        posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        world = posed.matrix_world.to_quaternion()
        bones = [posed.pose.bones[name] for name in names]
        heads.append([posed.matrix_world @ bone.head for bone in bones])
        rests = [bone.bone.matrix_local.to_quaternion() for bone in bones]
        turned = [bone.matrix.to_quaternion() @ rest.inverted() for bone, rest in zip(bones, rests, strict=True)]
        turns.append([(world @ turn @ world.inverted()).to_matrix() for turn in turned])
    return np.array(heads), np.array(turns)


def apart(found, wanted):
    """The largest distance of heads in metres, and of rotations in degrees."""
    between = np.swapaxes(found[1], -1, -2) @ wanted[1]
    # The angle by its sine and cosine: acos of the trace alone is off by 0.03 degrees in float32.
    sines = np.stack([between[..., 2, 1] - between[..., 1, 2], between[..., 0, 2] - between[..., 2, 0],
                      between[..., 1, 0] - between[..., 0, 1]], axis=-1)  # fmt: skip
    angles = np.arctan2(np.linalg.norm(sines, axis=-1), np.trace(between, axis1=-2, axis2=-1) - 1)
    return np.linalg.norm(found[0] - wanted[0], axis=-1).max(), np.degrees(angles.max())


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


ENDINGS = {"FBX": ".fbx", "GLTF": ".glb", "USD": ".usdc", "BVH": ".bvh", "VMD": ".vmd"}
TOLERANCE = {"FBX": 0.5, "GLTF": 0.1, "USD": 0.1, "BVH": 0.1}  # degrees


@pytest.mark.parametrize("kind", ["FBX", "GLTF", "USD", "BVH"])
@pytest.mark.parametrize("who", ["dancer", "mixamo"])
def test_the_dance_comes_back_as_forward_kinematics_has_it(tmp_path, kind, who):
    scene = bpy.context.scene
    scene.render.fps, scene.frame_end = 30, 200
    character = put_dancer() if who == "dancer" else put_skin(put_character(mixamo(), units=100, y_up=True))
    character.location = (1, 2, 0)
    motion = moderate(FRAMES)
    addon("takes.new_take").add_take(character, motion, scene, 1.0, clean_feet=False)
    bpy.context.view_layer.update()
    names = addon("rig.skeleton").BONE_NAMES if who == "dancer" else [bone.name for bone in character.data.bones]
    frames = range(1, FRAMES + 1)
    heads, turns = world_poses(character, names, frames)
    if who == "dancer":
        assert np.abs(heads - motion.joints() - (1, 2, 0)).max() < 1e-4
    if kind == "BVH":  # which has the armature's own space, in metres
        world, size = np.array(character.matrix_world), np.mean(character.matrix_world.to_scale())
        heads = (heads - world[:3, 3]) @ np.linalg.inv(world[:3, :3]).T * size
        turns = (world[:3, :3] / size).T @ turns @ (world[:3, :3] / size)
    path = tmp_path / ("dance" + ENDINGS[kind])
    assert bpy.ops.edge_dance.export_character(format=kind, filepath=str(path)) == {"FINISHED"}
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    armature = reimported(path)
    if kind == "USD":  # whose names have letters, digits and underscores
        names = [re.sub(r"\W", "_", name) for name in names]
    metres, degrees = apart(world_poses(armature, names, frames), (heads, turns))
    assert metres < 5e-4 and degrees < TOLERANCE[kind]
    assert tuple(armature.animation_data.action.frame_range) == pytest.approx((1, FRAMES), abs=1e-3)


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


def test_the_mode_stays_as_it_is(tmp_path):
    dancer = put_dancer()
    addon("takes.new_take").add_take(dancer, moderate(10), bpy.context.scene, 5.0)
    bpy.ops.object.mode_set(mode="POSE")
    bpy.ops.edge_dance.export_character(format="GLTF", filepath=str(tmp_path / "one.glb"))
    assert dancer.mode == "POSE"


@pytest.mark.parametrize("disabled", [False, True])
@pytest.mark.parametrize("mode", ["OBJECT", "POSE"])
@pytest.mark.parametrize("kind", ["GLTF", "FBX"])
def test_a_hidden_armature_is_exported_and_hidden_again(tmp_path, disabled, mode, kind):
    dancer = put_dancer()
    addon("takes.new_take").add_take(dancer, moderate(10), bpy.context.scene, 5.0)
    bpy.ops.object.mode_set(mode=mode)
    (body,) = dancer.children
    active = body if mode == "OBJECT" else dancer
    bpy.context.view_layer.objects.active = active
    if disabled:
        dancer.hide_viewport = True
    else:
        dancer.hide_set(True)
    path = tmp_path / f"one.{'glb' if kind == 'GLTF' else 'fbx'}"
    bpy.ops.edge_dance.export_character(format=kind, filepath=str(path))
    assert dancer.hide_get() is not disabled and dancer.hide_viewport is disabled
    assert bpy.context.view_layer.objects.active == active and dancer.mode == mode
    assert reimported(path).animation_data.action


def test_a_missing_folder_is_reported(tmp_path):
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
        wanted[take.name] = world_poses(dancer, names, range(1, int(take.frame_range[1]) + 1))
    path = tmp_path / "all.glb"
    assert bpy.ops.edge_dance.export_character(format="GLTF", all_takes=True, filepath=str(path)) == {"FINISHED"}
    assert not dancer.animation_data.nla_tracks and dancer.animation_data.action == takes[1]
    armature = reimported(path)
    strips = {track.name: track.strips[0] for track in armature.animation_data.nla_tracks}
    assert {name.split("_")[0].removesuffix(".001") for name in strips} == set(wanted)
    for name, poses in wanted.items():
        action = next(strip for track, strip in strips.items() if track.startswith(name)).action
        for track in armature.animation_data.nla_tracks:
            track.mute = True
        armature.animation_data.action = action
        if hasattr(armature.animation_data, "action_slot"):
            armature.animation_data.action_slot = action.slots[0]
        found = world_poses(armature, names, action.frame_range[0] + np.arange(len(poses[0])))
        metres, degrees = apart(found, poses)
        assert metres < 1e-3 and degrees < 0.1


def test_a_dance_is_an_animation_of_its_name_whatever_is_in_the_nla_editor(tmp_path):
    scene = bpy.context.scene
    scene.render.fps = 30
    dancer = put_dancer()
    other = addon("takes.new_take").add_take(dancer, random_motion(30, seed=4), scene, 1.0, False, name="Idle")
    addon("takes.nla").stash(dancer, other).mute = False
    take = addon("takes.new_take").add_take(dancer, moderate(12), scene, 1.0, False, name="Salsa 3")
    names = list(addon("rig.skeleton").BONE_NAMES)
    dancer.animation_data.use_nla = False
    wanted = world_poses(dancer, names, range(1, 13))
    dancer.animation_data.use_nla = True
    path = tmp_path / "one.glb"
    assert bpy.ops.edge_dance.export_character(format="GLTF", filepath=str(path)) == {"FINISHED"}
    assert dancer.animation_data.action == take and len(dancer.animation_data.nla_tracks) == 1
    (size,) = struct.unpack_from("<I", content := path.read_bytes(), 12)
    assert [one["name"] for one in json.loads(content[20 : 20 + size])["animations"]] == ["Salsa 3"]
    armature = reimported(path)
    first = armature.animation_data.action.frame_range[0]
    metres, degrees = apart(world_poses(armature, names, first + np.arange(12)), wanted)
    assert metres < 1e-3 and degrees < 0.1


def test_a_rig_with_controls_leaves_them_out_and_its_deform_bones_dance(tmp_path):
    scene = bpy.context.scene
    scene.render.fps = 30
    rig = put_rigify()
    addon("takes.new_take").add_take(rig, moderate(6), scene, 1.0)
    names = [bone.name for bone in rig.data.bones if bone.use_deform]
    wanted = world_poses(rig, names, range(1, 7))
    path = tmp_path / "rigify.glb"
    assert bpy.ops.edge_dance.export_character(format="GLTF", filepath=str(path)) == {"FINISHED"}
    armature = reimported(path)
    assert {bone.name for bone in armature.data.bones} == set(names)
    metres, degrees = apart(world_poses(armature, names, range(1, 7)), wanted)
    assert metres < 1e-3 and degrees < 0.1


def read_vmd(path):
    """Bone -> its keys: frame, place (x, y, z), turn (x, y, z, w); and the IK bones that are off."""
    content = path.read_bytes()
    assert content.startswith(b"Vocaloid Motion Data 0002\0")
    (count,), bones = struct.unpack_from("<L", content, 50), {}
    for number in range(count):
        name, frame, *values = struct.unpack_from("<15sL7f", content, 54 + 111 * number)
        name = name.split(b"\0")[0].decode("cp932")
        bones.setdefault(name, {})[frame] = (np.array(values[:3]), np.array(values[3:]))
    place = 54 + 111 * count
    assert struct.unpack_from("<4LLLBL", content, place)[:7] == (0, 0, 0, 0, 1, 0, 1)
    (off,) = struct.unpack_from("<L", content, place + 25)
    names = [struct.unpack_from("<20sB", content, place + 29 + 21 * number) for number in range(off)]
    assert len(content) == place + 29 + 21 * off
    return bones, {name.split(b"\0")[0].decode("cp932"): bool(on) for name, on in names}


def as_mmd_shows_it(armature, bones, frame):
    """Heads in metres and turns of all bones at a frame, as MMD multiplies them: about the model's axes, no rolls."""
    swap = np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, 0]])
    found = {}
    for bone in armature.data.bones:  # parents first
        keys = bones.get(bone.name, {0: (np.zeros(3), np.array([0, 0, 0, 1.0]))})
        place, turn = keys[max(key for key in keys if key <= frame)]
        x, y, z, w = turn
        turn = swap @ np.array(Quaternion((w, x, y, z)).to_matrix()) @ swap
        head, offset = np.zeros(3), np.array(bone.head_local)
        around = np.eye(3)
        if bone.parent:
            head, around = found[bone.parent.name]
            offset = offset - np.array(bone.parent.head_local)
        found[bone.name] = (head + around @ (offset + swap @ place / 12.5), around @ turn)
    return found


def put_mmd():
    """A character with MMD's names whose left leg reaches for its IK bone, as MMD Tools makes it."""
    kind = mmd()
    kind.chain("全ての親", ("左足ＩＫ", "foot.L", "toes.L"))
    character = put_character(kind)
    ik = character.pose.bones["左ひざ"].constraints.new("IK")
    ik.target, ik.subtarget, ik.chain_count = character, "左足ＩＫ", 2
    return character


@pytest.mark.parametrize(("rate", "legs"), [(24, "FK"), (30, "FK"), (60, "FK"), (30, "IK")])
def test_a_vmd_shows_the_dance_to_mikumikudance(tmp_path, rate, legs):
    scene = bpy.context.scene
    scene.render.fps = rate
    character = put_mmd()
    action = addon("takes.new_take").add_take(character, moderate(FRAMES), scene, 1.0)
    if legs == "IK":  # the left leg reaches for its target
        curves = addon("compat").fcurves_of(action)
        curves.remove(next(curve for curve in curves if curve.data_path.endswith("influence")))
        character.pose.bones["左ひざ"].constraints[0].influence = 1
    names = [bone.name for bone in character.data.bones]
    frames = 1 + rate / 30 * np.arange(FRAMES)
    wanted = world_poses(character, names, frames)
    path = tmp_path / "dance.vmd"
    assert bpy.ops.edge_dance.export_character(format="VMD", filepath=str(path)) == {"FINISHED"}
    bones, ik_states = read_vmd(path)
    assert ik_states == {"左足ＩＫ": False}
    shown = [as_mmd_shows_it(character, bones, number) for number in range(FRAMES)]
    found = [np.array([[one[name][part] for name in names] for one in shown]) for part in (0, 1)]
    metres, degrees = apart(found, wanted)
    assert metres < 1e-3 and degrees < 0.1
    assert max(max(keys) for keys in bones.values()) == FRAMES - 1


def test_a_vmd_has_the_names_that_mmd_tools_stored(tmp_path):
    character = put_character(mmd())
    left = character.pose.bones["左腕"]
    left.name = "腕.L"
    character.pose.bones["右腕"].name = "arm_R"
    character.pose.bones["arm_R"]["mmd_bone"] = {"name_j": "右腕"}
    addon("takes.new_take").add_take(character, moderate(5), bpy.context.scene, 1.0)
    path = tmp_path / "dance.vmd"
    assert bpy.ops.edge_dance.export_character(format="VMD", filepath=str(path)) == {"FINISHED"}
    bones, _ = read_vmd(path)
    assert {"左腕", "右腕", "センター"} <= set(bones) and not {"腕.L", "arm_R"} & set(bones)


def test_an_exporter_that_blender_lacks_is_one_sentence(tmp_path):
    """As Blender without USD, or with an add-on that somebody disabled."""
    dancer = put_dancer()
    addon("takes.new_take").add_take(dancer, moderate(5), bpy.context.scene, 1.0)
    addon_utils.disable("io_scene_gltf2")
    try:
        with pytest.raises(RuntimeError, match="no exporter for GLTF"):
            bpy.ops.edge_dance.export_character(format="GLTF", filepath=str(tmp_path / "dance.glb"))
    finally:
        addon_utils.enable("io_scene_gltf2")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["BVH", "VMD"])
def test_a_way_on_the_object_is_not_left_out_in_silence(tmp_path, kind):
    character = put_mmd()
    action = addon("takes.new_take").add_take(character, moderate(5), bpy.context.scene, 1.0)
    addon("takes.root_motion").set_root_motion(character, action, "OBJECT")
    path = str(tmp_path / ("dance" + ENDINGS[kind]))
    with pytest.raises(RuntimeError, match="Root Bone"):
        bpy.ops.edge_dance.export_character(format=kind, filepath=path)
    assert not list(tmp_path.iterdir())
    addon("takes.root_motion").set_root_motion(character, action, "BONE")
    assert bpy.ops.edge_dance.export_character(format=kind, filepath=path) == {"FINISHED"}


def test_a_vmd_of_another_rig_is_refused(tmp_path):
    dancer = put_dancer()
    addon("takes.new_take").add_take(dancer, moderate(5), bpy.context.scene, 1.0)
    with pytest.raises(RuntimeError, match="not named as MMD's"):
        bpy.ops.edge_dance.export_character(format="VMD", filepath=str(tmp_path / "dance.vmd"))
    assert not list(tmp_path.iterdir())


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
    found, wanted = read.joints()[:, joints] - offset, motion.joints()[:, joints]
    metres, degrees = apart((found, read.rotations[:, joints]), (wanted, motion.rotations[:, joints]))
    assert metres < 1e-3 and degrees < 0.1
