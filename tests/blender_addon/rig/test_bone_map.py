"""The bone map of well-known rigs, by names, and its messages for others."""

import bpy
import pytest
from blender_fixtures import addon
from characters import KINDS, bare, mixamo, mmd, put_rigify, unreal, vrm

REQUIRED = {
    "hips", "spine1", "head", *(f"{part}.{side}" for side in "LR" for part in (
        "upper_arm", "forearm", "hand", "thigh", "shin", "foot"))
}  # fmt: skip


def names_of(kind, rename=lambda name: name):
    bone = addon("edge_backend.motion.retarget.bone_map").BoneName
    return [bone(rename(name), rename(parent) if parent else None) for name, parent, _, _ in kind.bones]


def found(bones, **chosen):
    return addon("edge_backend.motion.retarget.bone_map").find_bone_map(bones, chosen)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_rig_is_known_and_every_bone_falls_to_its_place(kind):
    rig = KINDS[kind]()
    bone_map = found(names_of(rig))
    assert bone_map.family == rig.family
    assert set(bone_map.bones) >= REQUIRED and not bone_map.problems
    begins = {name: start for name, _, start, _ in rig.bones}
    for slot, bone in bone_map.bones.items():
        if slot.endswith((".L", ".R")):
            assert begins[bone] == slot
    heights = [rig.points[begins[bone_map.bones[slot]]][2] for slot in ("hips", "spine1", "head")]
    assert heights == sorted(heights)


def test_chains_are_as_long_as_the_rig_has_them():
    bones = found(names_of(unreal(5))).bones
    assert [bones[f"spine{n}"] for n in range(1, 6)] == [f"spine_0{n}" for n in range(1, 6)]
    assert (bones["neck1"], bones["neck2"]) == ("neck_01", "neck_02") and "spine6" not in bones


@pytest.mark.parametrize("prefix", ["", "mixamorig:", "mixamorig9:", "Armature|mixamorig:", "Ana_"])
def test_any_prefix_will_do(prefix):
    assert found(names_of(mixamo(prefix))).family == "mixamo"


@pytest.mark.parametrize(
    "rename",
    [str.upper, str.lower, lambda name: name.replace("_", "-"), lambda name: name.replace("_", " ")],
    ids=["upper", "lower", "hyphens", "spaces"],
)
def test_case_and_separators_do_not_matter(rename):
    assert found(names_of(vrm(), rename)).family == "vrm"


def test_full_width_letters_are_letters():
    wide = str.maketrans("2", "２")  # noqa: RUF001 (as MMD files have it)
    assert found(names_of(mmd(), lambda name: name.translate(wide))).bones["spine2"] == "上半身２"


def test_missing_optional_bones_are_reported_and_the_rig_dances():
    bone_map = found(names_of(bare()))
    said = " ".join(note.text for note in bone_map.notes)
    assert "left collar and right collar" in said and "left toes and right toes" in said
    assert not bone_map.problems


def test_a_missing_bone_is_named_with_the_rigs_own_likely_one():
    bones = names_of(mixamo(), lambda name: name.replace("RightLeg", "Knie 7").replace("RightFoot", "Sohle"))
    problems = [note.text for note in found(bones).problems]
    assert any("right shin was not found (it may be mixamorig:Knie 7)" in text for text in problems)
    assert any("right foot was not found. " in text for text in problems)  # nothing is known above it


def test_two_candidates_are_named_until_one_is_chosen():
    bones = [*names_of(unreal()), addon("edge_backend.motion.retarget.bone_map").BoneName("Thigh_L", "pelvis")]
    assert "thigh_l and Thigh_L" in found(bones).problems[0].text
    assert not found(bones, **{"thigh.L": "thigh_l"}).problems


def test_two_skeletons_in_one_rig_are_not_guessed_between():
    bones = names_of(mixamo("a:")) + names_of(mixamo("b:"))
    assert "two skeletons" in found(bones).problems[0].text


def test_what_is_no_body_is_not_taken_for_one():
    bone = addon("edge_backend.motion.retarget.bone_map").BoneName
    bones = [bone("Bone", None), bone("Bone.001", "Bone"), bone("hips", None)]
    assert found(bones).family == "" and found(bones).problems


def test_the_users_choice_overrules_names():
    bones = names_of(mixamo())
    assert found(bones, neck1="").bones.get("neck1") is None
    wrong = found(bones, **{"forearm.L": "mixamorig:RightForeArm"})
    assert any("does not hang below" in note.text or "is both" in note.text for note in wrong.problems)
    gone = found(bones, head="Kopf")
    assert gone.problems[0].text == "The head, Kopf, is not in the rig. Choose another bone."


def test_a_rig_with_names_of_its_own_dances_by_choice_alone():
    bones = names_of(mixamo(), lambda name: f"x{hash(name)}y")
    chosen = {slot: f"x{hash(bone)}y" for slot, bone in found(names_of(mixamo())).bones.items()}
    bone_map = found(bones, **chosen)
    assert bone_map.family == "" and not bone_map.problems


ARM = ("c_shoulder", "c_arm_fk", "c_forearm_fk", "c_hand_fk", "c_index1", "c_index2", "c_index3")
LEG = ("c_thigh_fk", "c_leg_fk", "c_foot_fk", "c_toes_fk")


def test_the_controls_of_an_auto_rig_pro_rig_are_known_by_their_names_alone():
    """Beside the controls such a rig has its deform and reference bones, which follow them."""
    name = addon("edge_backend.motion.retarget.bone_map").BoneName
    pairs = [("c_traj", None), ("c_root_master.x", "c_traj"), ("c_root.x", "c_root_master.x"), ("root.x", "c_root.x"),
             ("c_spine_01.x", "c_root_master.x"), ("c_spine_02.x", "c_spine_01.x"), ("c_neck.x", "c_spine_02.x"),
             ("c_head.x", "c_neck.x")]  # fmt: skip
    for side in "lr":
        for above, chain in (("c_spine_02.x", ARM), ("root.x", LEG)):
            parent = above
            for part in chain:
                pairs += [(f"{part}.{side}", parent), (f"{part.removeprefix('c_').removesuffix('_fk')}.{side}", parent)]
                parent = f"{part}.{side}"
        pairs += [(f"c_hand_ik.{side}", "c_traj"), (f"c_foot_ik.{side}", "c_traj")]
    bone_map = found([name(*pair, (0.0, 0.0, n), (0.0, 1.0, n)) for n, pair in enumerate(pairs)])
    assert bone_map.family == "auto_rig_pro" and not bone_map.problems
    assert bone_map.bones["travel"] == "c_root_master.x" and bone_map.bones["shin.R"] == "c_leg_fk.r"
    assert bone_map.fingers == {f"index.{s.upper()}": tuple(f"c_index{n}.{s}" for n in (1, 2, 3)) for s in "lr"}
    assert {switch.bone for switch in bone_map.switches} == {
        "c_hand_ik.l", "c_hand_ik.r", "c_foot_ik.l", "c_foot_ik.r"
    }  # fmt: skip


CC_EXTRAS = ("elbow_share", "knee_share", "breast_twist", "toe_big", "toe_index", "toe_mid", "toe_ring", "toe_pinky")
CC_PARENTS = ("forearm", "shin", "spine.003", "toe", "toe", "toe", "toe", "toe")


def cc_rigify():
    """The rig that CC/iC Blender Tools make of a Character Creator character: Rigify's human, with further bones."""
    rig = put_rigify(human=True)
    bpy.ops.object.mode_set(mode="EDIT")
    bones = rig.data.edit_bones
    for name, above in zip(CC_EXTRAS, CC_PARENTS, strict=True):
        for side in "LR":
            parent = bones[f"DEF-{above}" if above.startswith("spine") else f"DEF-{above}.{side}"]
            bone = bones.new(f"DEF-{name}.{side}")
            bone.head, bone.tail, bone.parent = parent.head, parent.head.lerp(parent.tail, 0.4), parent
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


def test_character_creators_rigify_is_keyed_on_its_controls_and_its_export_on_its_bones():
    rig = cc_rigify()
    bone_map = addon("rig.retarget").bone_map_of(rig)
    assert bone_map.family == "rigify" and not bone_map.problems and set(bone_map.ik_legs.legs) == {"L", "R"}
    assert bone_map.bones["travel"] == "torso" and bone_map.bones["forearm.L"] == "forearm_fk.L"
    # Exported to game engines: the deform bones alone, without the prefix and without dots.
    bones = rig.data.bones
    deform = [bone for bone in bones if bone.name.startswith("DEF-")]

    def above(bone):
        for parent in bone.parent_recursive:
            name = parent.name.replace("ORG-", "DEF-")
            if name in bones and name.startswith("DEF-") and name != bone.name:
                return plain(name)
        return None

    def plain(name):
        return name.removeprefix("DEF-").replace(".", "_")

    kind = addon("edge_backend.motion.retarget.bone_map").BoneName
    exported = found(
        [kind(plain(one.name), above(one), tuple(one.head_local), tuple(one.tail_local)) for one in deform]
    )
    assert not exported.problems
    assert exported.bones["hips"] == "spine" and exported.bones["head"] == "spine_006"
    for side in "LR":
        for slot, bone in (("upper_arm", "upper_arm"), ("forearm", "forearm"), ("hand", "hand"), ("thigh", "thigh"),
                           ("shin", "shin"), ("foot", "foot"), ("toes", "toe"), ("collar", "shoulder")):  # fmt: skip
            assert exported.bones[f"{slot}.{side}"] == f"{bone}_{side}"
        assert exported.fingers[f"index.{side}"] == tuple(f"f_index_0{n}_{side}" for n in (1, 2, 3))
