"""Dances on other characters, in Blender: limbs point where the dancer's do, feet stand, and poses come back."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_fixtures import addon
from characters import KINDS, mixamo, put_character, put_rigify, unreal, vrm
from dances import dance
from mathutils import Euler, Matrix, Quaternion, Vector


def read(character, frames):
    """The motion that it shows at these frames, all at once."""
    steps = addon("rig.retarget").read_motion_in_steps(character, bpy.context.scene, frames)
    return addon("edge_backend.motion.steps").at_once(steps)


SEGMENTS = [  # bone and its end, joints of the model
    (f"{bone}.{side}", f"{end}.{side}", first + right, last + right)
    for bone, end, first, last in (
        ("thigh", "shin", 1, 4),
        ("shin", "foot", 4, 7),
        ("upper_arm", "forearm", 16, 18),
        ("forearm", "hand", 18, 20),
    )
    for right, side in enumerate("LR")
]
EVERY = 11  # frames between looks


@pytest.fixture(autouse=True)
def thirty_frames_a_second(empty_file):
    bpy.context.scene.render.fps = 30


def put_take(character, motion, feet=False):
    return addon("takes.new_take").add_take(character, motion, bpy.context.scene, 1, feet)


def heads(character, frame, slots):
    """Where slots' bones begin, world; on rigs with controls, the bones that follow them."""
    bone_map = addon("rig.retarget").bone_map_of(character)
    bpy.context.scene.frame_set(frame)
    posed = character.evaluated_get(bpy.context.evaluated_depsgraph_get())
    bones = [posed.pose.bones[bone_map.read.get(slot, bone_map.bones[slot])] for slot in slots]
    return np.array([posed.matrix_world @ bone.head for bone in bones])


def limb_angles(character, motion, turn=None):
    """Degrees (looks, segments) between limbs of the character and of the dancer turned by `turn`, in the world."""
    joints = motion.joints()
    angles = []
    for frame in range(0, motion.frames, EVERY):
        starts = heads(character, frame + 1, [segment[0] for segment in SEGMENTS])
        ends = heads(character, frame + 1, [segment[1] for segment in SEGMENTS])
        here = ends - starts
        there = np.array([joints[frame, last] - joints[frame, first] for _, _, first, last in SEGMENTS])
        there = there if turn is None else there @ np.transpose(turn)
        across = np.linalg.norm(np.cross(here, there), axis=1)
        angles.append(np.degrees(np.arctan2(across, np.sum(here * there, axis=1))))
    return np.array(angles)


def largest_angle(character, motion, turn=None):
    return limb_angles(character, motion, turn).max()


def hips_shape(character, motion):
    """How far the hips' way is from the dancer's after the best scale, as a share of its reach."""
    frames = range(0, motion.frames, EVERY)
    here = np.array([heads(character, frame + 1, ["thigh.L", "thigh.R"]).mean(axis=0) for frame in frames])
    there = motion.joints()[list(frames)][:, 1:3].mean(axis=1)
    here, there = here - here.mean(axis=0), there - there.mean(axis=0)
    scaled = there * np.sum(here * there) / np.sum(there * there)
    return np.linalg.norm(here - scaled, axis=1).max() / np.linalg.norm(scaled, axis=1).max()


SIZES = {
    "metres": {},
    "centimetres, y up": {"units": 100, "y_up": True, "seed": 1},
    "odd axes": {"odd_axes": True, "seed": 2},
    "a child": {"size": 0.6, "seed": 3},
}


@pytest.mark.parametrize(
    ("kind", "size"),
    [(kind, "metres") for kind in KINDS]
    + [("Mixamo", "centimetres, y up"), ("UE4", "centimetres, y up"), ("MMD", "centimetres, y up")]
    + [("VRM", "odd axes"), ("UE5", "odd axes"), ("MMD", "a child")],
)
def test_limbs_point_where_the_dancers_do_and_the_hips_go_its_way(kind, size):
    character = put_character(KINDS[kind](), **SIZES[size])
    motion = dance()
    put_take(character, motion)
    assert largest_angle(character, motion) < 0.1  # asked for: 2 degrees
    assert hips_shape(character, motion) < 0.001  # asked for: 1 %


def test_a_rigify_character_dances_with_its_controls_switched_to_fk():
    rig = put_rigify()
    motion = dance()
    action = put_take(rig, motion)
    assert largest_angle(rig, motion) < 0.1
    assert hips_shape(rig, motion) < 0.001
    keyed = {key.path for key in addon("rig.retarget").switch_keys(rig)}
    for limb in ("upper_arm_parent.L", "upper_arm_parent.R", "thigh_parent.L", "thigh_parent.R"):
        assert f'pose.bones["{limb}"]["IK_FK"]' in keyed
        assert rig.pose.bones[limb]["IK_FK"] == 1.0
    assert action == rig.animation_data.action


@pytest.mark.parametrize("mode", ["XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX", "AXIS_ANGLE"])
def test_rotation_modes_are_respected_and_keys_do_not_jump(mode):
    character = put_character(mixamo())
    for bone in character.pose.bones:
        bone.rotation_mode = mode
    motion = dance("breakdance")
    action = put_take(character, motion)
    assert {bone.rotation_mode for bone in character.pose.bones} == {mode}
    assert largest_angle(character, motion) < 0.1
    layers = action.layers[0].strips[0].channelbags[0] if hasattr(action, "layers") else action
    if mode != "AXIS_ANGLE":
        for curve in layers.fcurves:
            if "rotation" in curve.data_path:
                values = np.array([key.co[1] for key in curve.keyframe_points])
                assert np.abs(np.diff(values)).max() < np.pi


@pytest.mark.parametrize("kind", ["Mixamo", "UE4", "VRM, hands down"])
def test_a_character_whose_rest_pose_leans_dances_upright_with_its_feet_on_the_floor(kind):
    """As a file that was saved in the middle of a jump."""
    character = put_character(KINDS[kind]())
    character.data.transform(Matrix.Translation((0.1, 0.2, 0.4)) @ Matrix.Rotation(np.radians(-38), 4, "X"))
    motion = addon("edge_backend.motion.feet").clean_motion(dance("commercial"))
    put_take(character, motion)
    assert largest_angle(character, motion) < 0.1
    put_take(character, motion, feet=True)
    assert np.median(limb_angles(character, motion)) < 0.5
    toes = np.array([heads(character, frame, ["toes.L", "toes.R"])[:, 2] for frame in range(1, motion.frames, EVERY)])
    assert 0.01 < toes.min() < 0.05  # of a body of 1.78 m, whose toe joints are 2.5 cm up


@pytest.mark.parametrize("degrees", [90, -90, 180, 65])
def test_a_body_that_an_importer_has_laid_down_dances_upright_with_its_feet_on_the_floor(degrees):
    """In a file whose up axis is another one than the importer takes it for."""
    character = put_character(mixamo())
    character.data.transform(Matrix.Rotation(np.radians(degrees), 4, "X"))
    motion = addon("edge_backend.motion.feet").clean_motion(dance("commercial"))
    put_take(character, motion, feet=True)
    facing = addon("rig.retarget").measure(character)[1].axes
    assert facing[2, 2] > 0.999
    assert np.median(limb_angles(character, motion, facing)) < 0.5
    back = read(character, [1.0, 30.0, 60.0]).joints()[:, :, 2]
    assert np.abs(back - motion.joints()[[0, 29, 59], :, 2]).max() < 0.05
    toes = np.array([heads(character, frame, ["toes.L", "toes.R"])[:, 2] for frame in range(1, motion.frames, EVERY)])
    assert 0.01 < toes.min() < 0.05


@pytest.mark.parametrize("density", ["FRAMES", "CURVES"])
def test_bones_that_the_user_has_scaled_stay_so_and_feet_stand_on_the_floor(density):
    motion, keying = addon("edge_backend.motion.feet").clean_motion(dance("commercial")), addon("takes.new_take")
    lowest = []
    for bones in ((), ("mixamorig:LeftUpLeg", "mixamorig:RightUpLeg"), ("mixamorig:Hips",)):
        character = put_character(mixamo())
        for name in bones:
            character.pose.bones[name].scale = (1.1,) * 3
        bpy.context.view_layer.update()
        steps = keying.keys_in_steps(character, motion, bpy.context.scene, 1, density=density)
        keys = addon("edge_backend.motion.steps").at_once(steps)
        keying.add_take(character, motion, bpy.context.scene, 1, keys=keys, density=density)
        looks = range(1, motion.frames, 5)
        lowest.append(np.array([heads(character, frame, ["toes.L", "toes.R"])[:, 2] for frame in looks]).min(axis=1))
        assert np.median(limb_angles(character, motion)) < 1
        for name in bones:
            assert tuple(character.pose.bones[name].scale) == pytest.approx((1.1,) * 3)
    for scaled in lowest[1:]:  # the toe joints of feet that are a tenth larger are 2.5 mm higher
        assert np.abs(scaled - lowest[0] - 0.0025).max() < 0.005


def test_turned_and_scaled_parents_turn_and_scale_the_dance():
    character = put_character(unreal(), units=100, y_up=True)
    empty = bpy.data.objects.new("Stage", None)
    bpy.context.collection.objects.link(empty)
    character.parent = empty
    empty.rotation_euler, empty.scale, empty.location = Euler((0.3, -0.2, 1.2)), (2.5,) * 3, (3, -1, 2)
    bpy.context.view_layer.update()
    motion = dance()
    put_take(character, motion)
    assert largest_angle(character, motion, np.array(empty.rotation_euler.to_matrix())) < 0.1


def test_bones_without_a_slot_keep_their_pose_and_limbs_still_point_right():
    character = put_character(unreal())
    character.pose.bones["root"].matrix_basis = Matrix.Translation((0.1, 0.3, 0)) @ Matrix.Rotation(0.7, 4, "X")
    before = character.pose.bones["root"].matrix_basis.copy()
    motion = dance()
    put_take(character, motion)
    assert largest_angle(character, motion) < 0.1
    assert character.pose.bones["root"].matrix_basis == before


@pytest.mark.parametrize("option", ["use_inherit_rotation", "use_local_location"])
def test_blenders_options_of_bones_are_reckoned_with(option):
    character = put_character(vrm())
    character.pose.bones["Root"].rotation_mode = "XYZ"
    character.pose.bones["Root"].rotation_euler = (0.2, 0.4, -0.3)
    for bone in character.data.bones:
        setattr(bone, option, False)
    motion = dance()
    put_take(character, motion)
    assert largest_angle(character, motion) < 0.1
    assert hips_shape(character, motion) < 0.001


def test_the_rest_pose_and_the_object_are_left_as_they_are():
    character = put_character(mixamo(), units=100, y_up=True)

    def state():
        return {bone.name: bone.matrix_local.copy() for bone in character.data.bones}, character.matrix_world.copy()

    before = state()
    put_take(character, dance(), feet=True)
    assert state() == before


def test_connected_hips_are_carried_by_the_bone_above_them():
    kind = vrm()
    character = put_character(kind)
    bpy.ops.object.mode_set(mode="EDIT")
    hips = character.data.edit_bones["J_Bip_C_Hips"]
    hips.parent.tail = hips.head
    hips.use_connect = True
    bpy.ops.object.mode_set(mode="OBJECT")
    motion = dance()
    put_take(character, motion)
    assert hips_shape(character, motion) < 0.001
    assert largest_angle(character, motion) < 0.1


@pytest.mark.parametrize("kind", ["Mixamo", "UE4", "MMD", "Daz", "bare"])
def test_a_pose_read_off_a_rig_and_put_back_is_the_same_pose(kind):
    """Poses made by hand: the mapped bones turned any way that a body may, the hips anywhere."""
    character = put_character(KINDS[kind](), units=100, seed=4)
    module = addon("rig.retarget")
    bone_map = module.bone_map_of(character)
    random = np.random.default_rng(5)
    in_limb = {"upper_arm.L", "upper_arm.R", "forearm.L", "forearm.R"} if kind in ("MMD", "Daz") else set()
    for slot, bone in bone_map.bones.items():
        if slot not in in_limb and "twist" not in slot and slot not in ("travel", "neck1", "spine2", "spine3"):
            turn = random.normal(0, 0.35, 3)
            character.pose.bones[bone].rotation_mode = "QUATERNION"
            character.pose.bones[bone].rotation_quaternion = Quaternion(turn, float(np.linalg.norm(turn)))
    carrier = bone_map.bones.get("travel", bone_map.bones["hips"])
    character.pose.bones[carrier].location = random.normal(0, 20, 3)
    bpy.context.view_layer.update()
    # Joints that the model has: it shares what spine and neck do, and makes twists beside the limb itself.
    made = ("travel", "spine", "neck", *(() if in_limb else ("forearm_twist", "upper_arm_twist")))
    tied = [slot for slot in bone_map.bones if not slot.startswith(made)]
    before = {slot: character.pose.bones[bone_map.bones[slot]].matrix.copy() for slot in tied}
    motion = read(character, [1, 2])
    put_take(character, motion)
    bpy.context.scene.frame_set(1)
    for slot in tied:
        after = character.pose.bones[bone_map.bones[slot]].matrix
        angle = (before[slot].to_quaternion().inverted() @ after.to_quaternion()).angle
        assert min(angle, 2 * np.pi - angle) < np.radians(1), slot
    hips = np.mean([character.pose.bones[bone_map.bones[f"thigh.{side}"]].head for side in "LR"], axis=0)
    was = np.mean([before[f"thigh.{side}"].translation for side in "LR"], axis=0)
    assert np.linalg.norm(hips - was) < 0.5  # centimetres


@pytest.mark.parametrize("kind", ["Mixamo", "VRM, hands down", "UE5", "MMD", "Daz", "CMU", "Rigify"])
def test_the_dance_read_back_is_the_dance(kind):
    character = put_rigify() if kind == "Rigify" else put_character(KINDS[kind](), seed=6)
    motion = dance(frames=40)
    put_take(character, motion)
    back = read(character, range(1, 41))
    assert np.abs(back.root - motion.root).max() < 0.005
    away = np.linalg.norm(back.joints() - motion.joints(), axis=-1)
    assert away[:, :22].max() < 0.01  # hands have no bones of their own


def test_feet_stand_in_the_characters_own_proportions():
    kind = mixamo()
    for side in "LR":  # long shins, short feet
        for part in ("foot", "toes", "tip"):
            x, y, z = kind.points[f"{part}.{side}"]
            kind.points[f"{part}.{side}"] = (x, y * 0.7, z)
        x, y, z = kind.points[f"shin.{side}"]
        kind.points[f"shin.{side}"] = (x, y, z + 0.06)
    character = put_character(kind)
    motion = dance("commercial")
    slides = {}
    for cleaned in (False, True):
        put_take(character, motion, feet=cleaned)
        toes = np.array([heads(character, frame + 1, ["toes.L", "toes.R"]) for frame in range(motion.frames)])
        planted = (motion.contacts[1:, 2:] > 0.5) & (motion.contacts[:-1, 2:] > 0.5)
        slides[cleaned] = np.linalg.norm(np.diff(toes[..., :2], axis=0), axis=-1)[planted] * 1000
        if cleaned:
            assert toes[..., 2].min() > 0.025 - 0.006  # the toe joints of a flat foot are 25 mm up
    assert np.median(slides[False]) > 0.3
    assert np.median(slides[True]) < 0.3  # millimetres per frame, as on the dancer


def test_a_file_opened_again_shows_the_same_pose(tmp_path):
    character = put_character(unreal(), units=100)
    put_take(character, dance())
    slots = [segment[1] for segment in SEGMENTS]
    before = heads(character, 50, slots)
    path = str(tmp_path / "take.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert np.abs(heads(bpy.data.objects["unreal"], 50, slots) - before).max() < 1e-6


def test_a_library_override_dances(tmp_path):
    put_character(mixamo())
    path = str(tmp_path / "library.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.render.fps = 30
    with bpy.data.libraries.load(path, link=True) as (_, linked):
        linked.objects = ["mixamo"]
    character = bpy.data.objects["mixamo"].override_create(remap_local_usages=True)
    bpy.context.collection.objects.link(character)
    bpy.context.view_layer.update()
    motion = dance()
    put_take(character, motion)
    assert largest_angle(character, motion) < 0.1


def spoil_constraint(character):
    empty = bpy.data.objects.new("Empty", None)
    bpy.context.collection.objects.link(empty)
    character.pose.bones["lowerarm_l"].constraints.new("COPY_ROTATION").target = empty
    return "left forearm, lowerarm_l, is moved by its constraint Copy Rotation"


def spoil_driver(character):
    character.pose.bones["thigh_r"].rotation_mode = "XYZ"
    character.pose.bones["thigh_r"].driver_add("rotation_euler", 0)
    return "right thigh, thigh_r, is moved by a driver"


def spoil_scale(character):
    character.scale = (1, 2, 1)
    bpy.context.view_layer.update()
    return "scaled differently along its axes"


def spoil_rest_pose(character):
    """As an imported file without a skin has it, whose first frame is a dance's."""
    bpy.ops.object.mode_set(mode="EDIT")
    bones = character.data.edit_bones
    for name in ("calf_r", "foot_r", "ball_r"):
        bones[name].translate(Vector((-0.45, -0.1, 0.4)))
    bpy.ops.object.mode_set(mode="OBJECT")
    return "the right thigh does not point down"


@pytest.mark.parametrize("spoil", [spoil_constraint, spoil_driver, spoil_scale, spoil_rest_pose])
def test_a_rig_that_cannot_be_keyed_is_refused_with_a_reason_and_nothing_is_written(spoil):
    character = put_character(unreal())
    text = spoil(character)
    actions = len(bpy.data.actions)
    with pytest.raises(addon("edge_backend.errors").EdgeError, match=text) as caught:
        put_take(character, dance())
    assert caught.value.code == "rig_unfit"
    assert len(bpy.data.actions) == actions


def test_mmd_legs_are_taken_off_their_ik():
    character = put_character(KINDS["MMD"]())
    target = bpy.data.objects.new("target", None)
    bpy.context.collection.objects.link(target)
    target.location = (1, 1, 1)
    for side in "左右":
        constraint = character.pose.bones[f"{side}ひざ"].constraints.new("IK")
        constraint.target, constraint.chain_count = target, 2
    motion = dance()
    put_take(character, motion)
    assert largest_angle(character, motion) < 0.1


def test_bones_can_be_listed_changed_and_saved_as_a_preset():
    character = put_character(mixamo())
    assert bpy.ops.edge_dance.find_bones() == {"FINISHED"}
    slots = character.edge_dance_bones
    slots["neck1"].bone = ""
    bpy.ops.edge_dance.add_bone_map_preset(name="No Neck")
    bpy.ops.edge_dance.find_bones()
    assert slots["neck1"].bone == "mixamorig:Neck"
    folder = next(Path(path) for path in bpy.utils.preset_paths("edge_dance/bone_maps"))
    bpy.ops.script.execute_preset(filepath=str(folder / "No_Neck.py"), menu_idname="EDGE_DANCE_MT_bone_map_presets")
    assert slots["neck1"].bone == "" and slots["hips"].bone == "mixamorig:Hips"
    assert "neck1" not in addon("rig.retarget").bone_map_of(character).bones


def test_an_action_is_exported_as_a_motion_file(tmp_path):
    character = put_character(unreal())
    bpy.context.scene.render.fps = 24
    motion = dance(frames=60)
    put_take(character, motion)
    assert bpy.ops.edge_dance.export_motion(filepath=str(tmp_path / "mine")) == {"FINISHED"}
    back = addon("edge_backend.motion.files").load_motion(tmp_path / "mine.npz")
    assert back.frames == 60
    assert np.abs(back.root - motion.root).max() < 0.005


def test_a_body_that_a_bone_above_it_scales_dances_as_large_as_it_is_shown():
    """As importers of glTF leave some: the rest pose is small, and the pose of a root bone makes it large."""
    motion, slots = dance(frames=60), ["thigh.L", "foot.L", "foot.R", "toes.L", "hand.R", "head"]
    shown = []
    for size in (1.0, 20.0):
        character = put_character(vrm())
        character.pose.bones["Root"].scale = (size,) * 3
        put_take(character, motion, feet=True)
        shown.append(np.array([heads(character, frame, slots) for frame in (1, 30, 55)]) / size)
        back = read(character, [1 + frame for frame in range(60)])
        assert np.median(np.linalg.norm(back.joints() - motion.joints(), axis=-1)) < 0.02
    assert np.abs(shown[0] - shown[1]).max() < 1e-4


@pytest.mark.parametrize(("height", "floor"), [(0.0, 0.0), (0.96, 0.0), (1.46, 0.5)])
def test_a_body_that_hangs_from_its_origin_dances_where_it_stands_or_on_the_worlds_floor(height, floor):
    """BVH files have the hips at the origin of the world, FBX files an object at the height of the hips."""
    character = put_character(mixamo())
    character.data.transform(Matrix.Translation((0, 0, -0.96)))
    character.location.z = height
    bpy.context.view_layer.update()
    motion = dance("modern", 60)
    put_take(character, motion, feet=True)
    lowest = [heads(character, frame, ["toes.L", "toes.R"])[:, 2].min() for frame in range(1, 60, 5)]
    assert floor - 0.02 < min(lowest) < floor + 0.06
    assert read(character, [20.0]).joints()[0, :, 2].min() == pytest.approx(motion.joints()[19, :, 2].min(), abs=0.04)
