"""Obstacles to seeing a dance are listed before it is generated, with buttons that remove them."""

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, put_song
from characters import mixamo, mmd, put_character, put_rigify, unreal
from dances import dance
from mathutils import Matrix


def update():
    bpy.context.view_layer.update()  # as Blender does before it redraws


def said(armature):
    """Kind -> sentence, as the panel asks."""
    update()
    return {item.kind: item.text for item in addon("rig.rig_check").check_rig(armature, bpy.context).obstacles}


def mend(armature, kind):
    assert bpy.ops.edge_dance.mend(kind=kind, armature=armature.name) == {"FINISHED"}
    assert kind not in said(armature)


def shown(armature, frames=(1, 20, 40)):
    """Where the bones of the bone map are (frames, bones, 4, 4), armature space."""
    bones = addon("rig.retarget").bone_map_of(armature).bones.values()
    poses = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        pose = armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        poses.append([np.array(pose[bone].matrix) for bone in bones])
    return np.array(poses)


def put_take(armature):
    return addon("takes.new_take").add_take(armature, dance(frames=60), bpy.context.scene, 1)


def put_strip(armature, key):
    """An NLA strip from frame 1 to 50 of what `key` keys on the armature at a frame."""
    data = armature.animation_data_create()
    before, data.action = data.action, None
    for frame in (1, 50):
        key(frame)
    action, data.action = data.action, None
    strip = data.nla_tracks.new().strips.new("Walk", 1, action)
    if before:
        addon("compat").assign_action(armature, before)
    return strip


def wave(armature):
    bone = armature.pose.bones["upperarm_l"]

    def key(frame):
        bone.rotation_quaternion = (1, 0.01 * frame, 0, 0)
        bone.keyframe_insert("rotation_quaternion", frame=frame)

    return key


def solo(armature):
    put_strip(armature, wave(armature))
    armature.animation_data.nla_tracks[0].is_solo = True


def half(armature):
    put_strip(armature, wave(armature))
    armature.animation_data.action_influence = 0.5


def added(armature):
    put_strip(armature, wave(armature))
    armature.animation_data.action_blend_type = "ADD"


def rest(armature):
    armature.data.pose_position = "REST"


def stretch(_armature):
    bpy.context.scene.render.frame_map_new = 200


def target():
    empty = bpy.data.objects.new("Target", None)
    empty.location = (0.5, -0.5, 1.2)
    bpy.context.collection.objects.link(empty)
    return empty


def ik_from_below(armature):
    """IK on a bone that is not mapped, below a hand that is."""
    armature.data.edit_bones  # noqa: B018
    bpy.ops.object.mode_set(mode="EDIT")
    bones = armature.data.edit_bones
    tip = bones.new("tip")
    tip.parent = bones["hand_l"]
    tip.head, tip.tail = bones["hand_l"].tail, bones["hand_l"].tail * 1.1
    bpy.ops.object.mode_set(mode="OBJECT")
    constraint = armature.pose.bones["tip"].constraints.new("IK")
    constraint.target, constraint.chain_count = target(), 4


def held_root(armature):
    armature.pose.bones["root"].constraints.new("COPY_TRANSFORMS").target = target()


def put_mmd():
    """With a bone that carries a leg and is turned against the waist, tied to it as MMD Tools does that."""
    character = put_character(mmd())
    bpy.ops.object.mode_set(mode="EDIT")
    bones = character.data.edit_bones
    leg, waist = bones["左足"], bones["腰"]
    for name, parent in (("Cancel", leg.parent), ("_dummy_Cancel", waist), ("_shadow_Cancel", waist.parent)):
        bone = bones.new(name)
        bone.parent = parent
        bone.head, bone.tail, bone.roll = leg.head, leg.head + waist.vector, waist.roll
    leg.parent = bones["Cancel"]
    bpy.ops.object.mode_set(mode="OBJECT")
    pose = character.pose.bones
    copy = pose["_shadow_Cancel"].constraints.new("COPY_TRANSFORMS")
    copy.target, copy.subtarget = character, "_dummy_Cancel"
    copy.owner_space = copy.target_space = "POSE"
    against = pose["Cancel"].constraints.new("TRANSFORM")
    against.target, against.subtarget = character, "_shadow_Cancel"
    against.owner_space = against.target_space = "LOCAL"
    against.map_from = against.map_to = "ROTATION"
    against.use_motion_extrapolate = True
    for axis in "xyz":
        setattr(against, f"from_max_{axis}_rot", 1)
        setattr(against, f"map_to_{axis}_from", axis.upper())
        setattr(against, f"to_max_{axis}_rot", -1)
    return character


def limbs(character):
    """Which way the mapped bones point (frames, bones, 3)."""
    return shown(character)[:, :, :3, 1]


def test_a_bone_that_counters_a_posed_one_is_reported_and_muted():
    character = put_mmd()
    put_take(character)
    right = limbs(character)
    assert not said(character)
    addon("takes.take_list").delete_take(character, character.animation_data.action)
    waist = character.pose.bones["腰"]
    waist.rotation_mode, waist.rotation_euler, waist.location = "XYZ", (0, 0, 0), (0, 0, 0.3)
    assert not said(character)  # only a turn is countered
    waist.rotation_euler = (0.3, 0, 0)
    assert "Cancel, which carries the body, is moved, as 腰 is not at rest" in said(character)["constraints"]
    put_take(character)
    assert np.abs(limbs(character) - right).max() > 0.2  # the leg
    mend(character, "constraints")
    assert np.abs(limbs(character) - right).max() < 0.01


def test_a_bone_that_counters_an_animated_one_is_no_obstacle():
    """A take has it at rest, so that there is nothing to counter."""
    character = put_mmd()
    put_take(character)
    right = limbs(character)
    addon("takes.take_list").delete_take(character, character.animation_data.action)
    waist = character.pose.bones["腰"]
    waist.rotation_mode = "XYZ"
    for frame in (1, 50):
        waist.rotation_euler = (0.01 * frame, 0, 0)
        waist.keyframe_insert("rotation_euler", frame=frame)
    bpy.context.scene.frame_set(30)
    assert not said(character)
    put_take(character)
    assert np.abs(limbs(character) - right).max() < 0.01


HIDING = {
    "solo": (solo, "NLA track NlaTrack of unreal is solo"),
    "influence": (half, "an influence of 50 %"),
    "blend": (added, "by Add, not by Replace"),
    "rest": (rest, "unreal is in Rest Position"),
    "stretch": (stretch, "animation plays at 50 % of its speed"),
    "constraints": (ik_from_below, "left hand, hand_l, is pulled by tip by the constraint IK"),
    "constraints, root": (held_root, "root, which carries the body, is moved by the constraint Copy Transforms"),
}


@pytest.mark.parametrize("name", HIDING)
def test_every_obstacle_is_reported_and_removed(name):
    hide, words = HIDING[name]
    kind = name.partition(",")[0]
    character = put_character(unreal())
    take = put_take(character)
    right = shown(character)
    assert not said(character)
    hide(character)
    assert words in said(character)[kind]
    assert np.abs(shown(character) - right).max() > 0.05  # the dance is not seen as it is
    addon("takes.take_list").delete_take(character, take)
    assert words in said(character)[kind]  # before there is one, too
    put_take(character)
    mend(character, kind)
    assert np.abs(shown(character) - right).max() < 1e-4
    assert not said(character)


def test_a_scale_of_zero_is_reported_and_removed():
    character = put_character(unreal(), units=100)
    size = character.scale.x
    assert not said(character)
    character.scale.y = 0.0
    assert "unreal cannot be seen: its scale is 0" in said(character)["scale"]
    mend(character, "scale")
    assert tuple(character.scale) == pytest.approx((size, size, size)) and not said(character)
    character.scale = (0.0, 0.0, 0.0)
    mend(character, "scale")
    assert tuple(character.scale) == (1.0, 1.0, 1.0)


def test_a_body_that_its_object_lays_down_is_reported_and_stood_up():
    character = put_character(unreal(), units=100)
    character.location = (1, 2, 0)
    for turn in ((np.pi / 2, 0, 0), (0, -1.2, 0.4), (np.pi, 0, 1)):
        character.rotation_euler = turn
        assert "unreal is turned by" in said(character)["lies"]
        mend(character, "lies")
        assert np.allclose(character.matrix_world.to_3x3().normalized().col[2], (0, 0, 1), atol=1e-5)
        assert tuple(character.location) == pytest.approx((1, 2, 0), abs=1e-6)
        assert not said(character)
    character.rotation_euler = (0.6, 0, 2)
    assert not said(character)  # it leans


def test_a_body_that_an_importer_has_laid_down_is_measured_upright_and_not_reported():
    character = put_character(unreal())
    character.data.transform(Matrix.Rotation(np.pi / 2, 4, "X"))
    assert not said(character)


def test_an_uneven_scale_of_a_bone_is_reported_and_removed():
    character = put_character(unreal())
    thigh, hand = character.pose.bones["thigh_l"], character.pose.bones["hand_l"]
    thigh.scale, hand.scale = (1.2, 1.2, 1.2), (1, 2, 1)
    assert not said(character)  # measured with it; and nothing that dances hangs on a hand
    thigh.scale = (1, 1.2, 1)
    assert "thigh_l is scaled in its pose" in said(character)["bone_scale"]
    mend(character, "bone_scale")
    assert tuple(thigh.scale) == (1, 1, 1) and tuple(hand.scale) == (1, 2, 1)
    thigh.scale = (1, 1.2, 1)
    for frame in (1, 50):
        thigh.scale.y += 0.1
        thigh.keyframe_insert("scale", frame=frame)
    assert not said(character)  # a take keys it at rest


def test_the_built_in_dancers_bones_keep_their_size():
    bpy.ops.edge_dance.add_dancer()
    dancer = bpy.context.object
    dancer.pose.bones["knee.L"].scale = (1.1, 1.1, 1.1)
    assert "knee.L is scaled" in said(dancer)["bone_scale"]
    mend(dancer, "bone_scale")


def test_influence_and_blending_are_nothing_without_strips():
    character = put_character(unreal())
    put_take(character)
    right = shown(character)
    character.animation_data.action_influence = 0.5
    character.animation_data.action_blend_type = "ADD"
    assert not said(character) and np.abs(shown(character) - right).max() == 0
    strip = put_strip(character, wave(character))
    assert set(said(character)) == {"influence", "blend"}
    strip.mute = True
    assert not said(character)
    strip.mute, character.animation_data.use_nla = False, False
    assert not said(character) and np.abs(shown(character) - right).max() == 0


def test_strips_that_move_the_object_or_animate_a_constraint_are_reported_and_muted():
    character = put_character(unreal())

    def move(frame):
        character.location.x = frame
        character.keyframe_insert("location", frame=frame)

    walk = put_strip(character, move)
    constraint = character.pose.bones["root"].constraints.new("COPY_LOCATION")
    constraint.target = target()

    def hold(frame):
        constraint.influence = frame / 50
        constraint.keyframe_insert("influence", frame=frame)

    hand_over = put_strip(character, hold)
    constraint.influence = 0
    bpy.context.scene.frame_set(1)
    texts = [item.text for item in addon("rig.rig_check").check_rig(character, bpy.context).obstacles]
    assert any("moves unreal itself" in text for text in texts)
    assert any("animates a constraint of root" in text for text in texts)
    mend(character, "strips")
    assert walk.mute and hand_over.mute


def test_a_strip_whose_object_channels_stand_still_is_none():
    """As importers of FBX files have them."""
    character = put_character(unreal())
    put_strip(character, lambda frame: character.keyframe_insert("location", frame=frame))
    assert not said(character)


def test_tweak_mode_stops_the_dance_before_it_is_made(song_file):
    put_song(song_file)
    character = put_character(unreal())
    put_strip(character, wave(character))
    generate = addon("ops.generate")
    assert generate.why_not_generate(bpy.context) is None
    data = character.animation_data
    data.nla_tracks[0].select = data.nla_tracks[0].strips[0].select = True
    data.use_tweak_mode = True
    assert data.use_tweak_mode
    assert generate.why_not_generate(bpy.context).code == "armature_tweaked"
    mend(character, "tweak")
    assert not data.use_tweak_mode and generate.why_not_generate(bpy.context) is None


def test_edit_mode_is_left():
    character = put_character(unreal())
    bpy.ops.object.mode_set(mode="EDIT")
    assert "Edit Mode" in said(character)["edit"]
    mend(character, "edit")
    assert character.mode == "OBJECT"


def test_a_metarig_points_to_its_rig():
    rig = put_rigify()
    bpy.ops.object.armature_basic_human_metarig_add()
    metarig = bpy.context.object
    metarig.data.rigify_target_rig = rig
    assert f"metarig of {rig.name}" in said(metarig)["metarig"]
    assert not said(rig)  # 222 bones, many of them under IK of its own
    assert bpy.ops.edge_dance.mend(kind="metarig", armature=metarig.name) == {"FINISHED"}
    assert bpy.context.view_layer.objects.active == rig
    bpy.data.objects.remove(rig)
    assert "metarig" not in said(metarig)


def test_a_character_of_which_nothing_is_seen_is_shown():
    character = put_character(unreal())
    mesh = bpy.data.objects.new("Body", bpy.data.meshes.new("Body"))
    bpy.context.collection.objects.link(mesh)
    mesh.modifiers.new("Armature", "ARMATURE").object = character
    character.hide_viewport = True
    assert not said(character)  # its body is seen
    mesh.hide_set(True)
    assert "Neither unreal nor a body" in said(character)["hidden"]
    mend(character, "hidden")
    assert character.visible_get() and mesh.visible_get()


def test_constraints_and_drivers_that_forbid_a_dance_are_muted_by_a_button():
    character = put_character(unreal())
    bone = character.pose.bones["calf_l"]
    bone.constraints.new("COPY_ROTATION").target = target()
    bone.rotation_mode = "XYZ"
    driver = bone.driver_add("rotation_euler", 0)
    update()
    find = addon("rig.target").find_dancer
    with pytest.raises(addon("edge_backend.errors").EdgeError, match="cannot dance yet"):
        find(bpy.context)
    mend(character, "constraints")
    mend(character, "drivers")
    assert bone.constraints[0].mute and driver.mute
    assert find(bpy.context) == character


def test_a_driver_of_a_switch_is_reported_and_muted():
    """A take keys IK/FK once; where a driver decides that, the key is nothing."""
    rig = put_rigify()
    hand = rig.pose.bones["upper_arm_parent.L"]
    driver = hand.driver_add('["IK_FK"]')
    driver.driver.expression = "0"
    assert "upper_arm_parent.L" in said(rig)["drivers"]
    put_take(rig)
    bpy.context.scene.frame_set(20)
    assert hand["IK_FK"] == 0
    mend(rig, "drivers")
    bpy.context.scene.frame_set(21)
    assert hand["IK_FK"] == 1


def test_obstacles_are_reported_for_the_built_in_dancer_too():
    bpy.ops.edge_dance.add_dancer()
    dancer = bpy.context.object
    assert not said(dancer)
    dancer.pose.bones["wrist.L"].constraints.new("COPY_LOCATION").target = target()
    assert "left hand, wrist.L, is moved" in said(dancer)["constraints"]
    mend(dancer, "constraints")


@pytest.mark.parametrize("kind", [mixamo, mmd, unreal])
def test_characters_as_they_come_have_no_obstacles(kind):
    assert not said(put_character(kind()))


def test_what_is_not_shown_is_not_read():
    """In Rest Position all poses are the rest pose: they would be kept for the animator's own."""
    character = put_character(unreal())
    take = put_take(character)
    character.data.pose_position = "REST"
    with pytest.raises(addon("edge_backend.errors").EdgeError, match="Rest Position") as caught:
        next(addon("takes.read_take").read_take_in_steps(character, take, bpy.context.scene))
    assert caught.value.code == "dance_hidden"


def put_body(armature, groups, *others):
    """A mesh that the armature's modifier moves, with these vertex groups, behind other modifiers."""
    mesh = bpy.data.meshes.new("Body")
    mesh.from_pydata([(0, 0, 1), (0, 0, 0), (1, 0, 0)], [], [(0, 1, 2)])
    body = bpy.data.objects.new("Body", mesh)
    bpy.context.scene.collection.objects.link(body)
    for kind in others:
        body.modifiers.new(kind.title(), kind)
    body.modifiers.new("Armature", "ARMATURE").object = armature
    for name in groups:
        body.vertex_groups.new(name=name)
    return body


def test_a_mesh_without_weights_is_said_and_selected_with_its_armature():
    character = put_character(mixamo())
    body = put_body(character, ["Mid", "HelperGeometry"])
    assert said(character)["weights"].startswith("Body has no weights for the bones of ")
    bpy.ops.object.select_all(action="DESELECT")
    assert bpy.ops.edge_dance.mend(kind="weights", armature=character.name) == {"FINISHED"}
    assert set(bpy.context.selected_objects) == {character, body} and bpy.context.active_object == character
    body.vertex_groups.new(name="mixamorig:Hips")
    assert "weights" not in said(character)


def test_meshes_that_something_else_moves_are_not_said_to_have_no_weights():
    character = put_character(mixamo())
    put_body(character, ["mixamorig:Spine"])
    put_body(character, [], "SURFACE_DEFORM")
    put_body(character, []).modifiers["Armature"].use_bone_envelopes = True
    assert "weights" not in said(character)
    character.data.bones["mixamorig:Spine"].use_deform = False
    put_body(character, ["mixamorig:Spine"])
    assert "weights" in said(character)
