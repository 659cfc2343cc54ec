"""Bones are recognised from shape and names together, whatever made the rig; what is no body is refused."""

import copy
import json
import time
from pathlib import Path

import numpy as np
import pytest
from real_rigs import CORE, FILES, differences, look, meaningless, other_words, placed, renamed, rig

from edge_backend.cli import main as cli
from edge_backend.motion.recognition.names import read_names
from edge_backend.motion.retarget.bone_map import BoneName, find_bone_map

REFUSED = {"bevy_fox.glb", "rokoko_jesse_dance.bvh", "quaternius_skeleton.blend"}
DANCING = [name for name in FILES if name not in REFUSED]
NAMED = [name for name in DANCING if name != "cesium_man.gltf"]

CONVENTIONS = {
    "Biped": {
        "hips": "Bip01 Pelvis", "spine": "Bip01 Spine{number}", "neck": "Bip01 Neck{number}", "head": "Bip01 Head",
        "collar": "Bip01 {side} Clavicle", "upper_arm": "Bip01 {side} UpperArm", "forearm": "Bip01 {side} Forearm",
        "hand": "Bip01 {side} Hand", "thigh": "Bip01 {side} Thigh", "shin": "Bip01 {side} Calf",
        "foot": "Bip01 {side} Foot", "toes": "Bip01 {side} Toe0",
    },
    "German": {
        "hips": "Becken", "spine": "Wirbelsäule{number}", "neck": "Hals{number}", "head": "Kopf",
        "collar": "Schlüsselbein_{side}", "upper_arm": "Oberarm_{side}", "forearm": "Unterarm_{side}",
        "hand": "Hand_{side}", "thigh": "Oberschenkel_{side}", "shin": "Unterschenkel_{side}", "foot": "Fuß_{side}",
        "toes": "Zehen_{side}",
    },
    "anatomy": {
        "hips": "sacrum", "spine": "vertebra{number}", "neck": "cervical{number}", "head": "cranium",
        "collar": "{side}_clavicula", "upper_arm": "{side}_humerus", "forearm": "{side}_ulna", "hand": "{side}_carpus",
        "thigh": "{side}_femur", "shin": "{side}_tibia", "foot": "{side}_tarsus", "toes": "{side}_metatarsus",
    },
    "Maya": {
        "hips": "jnt_pelvis", "spine": "jnt_spine{number}", "neck": "jnt_neck{number}", "head": "jnt_head",
        "collar": "{side}_jnt_clav", "upper_arm": "{side}_jnt_uparm", "forearm": "{side}_jnt_loarm",
        "hand": "{side}_jnt_hand", "thigh": "{side}_jnt_upleg", "shin": "{side}_jnt_loleg", "foot": "{side}_jnt_foot",
        "toes": "{side}_jnt_ball",
    },
    "one letter for upper and lower": {
        "hips": "Hip", "spine": "Ab{number}", "neck": "Neck{number}", "head": "Head", "collar": "{side}Shoulder",
        "upper_arm": "{side}UArm", "forearm": "{side}FArm", "hand": "{side}Hand", "thigh": "{side}Thigh",
        "shin": "{side}Shin", "foot": "{side}Foot", "toes": "{side}Toe",
    },
    "joints": {
        "hips": "pelvis", "spine": "spine_{number}", "neck": "neck_{number}", "head": "head",
        "collar": "{side}_clavicle", "upper_arm": "{side}_shoulder", "forearm": "{side}_elbow",
        "hand": "{side}_wrist", "thigh": "{side}_hip", "shin": "{side}_knee", "foot": "{side}_ankle",
        "toes": "{side}_toe",
    },
}  # fmt: skip
NUMBERED = {
    "hips": "Pelvis", "spine": "Spine{number}", "neck": "Neck{number}", "head": "Head", "collar": "Collar_{side}",
    "upper_arm": "Arm1_{side}", "forearm": "Arm2_{side}", "hand": "Hand_{side}", "thigh": "Leg1_{side}",
    "shin": "Leg2_{side}", "foot": "Foot_{side}", "toes": "Toe_{side}",
}  # fmt: skip
ROTATIONS = {
    "y up": [[1, 0, 0], [0, 0, 1], [0, -1, 0]],
    "facing x": [[0, -1, 0], [1, 0, 0], [0, 0, 1]],
    "facing y": [[-1, 0, 0], [0, -1, 0], [0, 0, 1]],
    "lying": [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
    "on its side": [[0, 0, 1], [0, 1, 0], [-1, 0, 0]],
}


def assert_right(data: dict, folder: Path) -> None:
    found = look(data, folder)
    assert not found["problems"]
    assert differences(data["truth"], found["slots"]) == []
    assert found["fingers"] == data["truth"].get("fingers", {})


@pytest.mark.parametrize("name", DANCING)
def test_every_bone_falls_to_its_place(name: str, tmp_path: Path) -> None:
    assert_right(rig(name), tmp_path)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_stands_on_four_legs_or_shows_no_body_is_refused_with_the_reason(name: str, tmp_path: Path) -> None:
    words = {
        "bevy_fox.glb": "stands on four legs",
        "rokoko_jesse_dance.bvh": "Use This Pose",
        "quaternius_skeleton.blend": "Left and right cannot be told apart",
    }[name]
    assert any(words in problem for problem in look(rig(name), tmp_path)["problems"])


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("name", DANCING)
def test_other_words_for_the_same_bones_make_no_difference(name: str, convention: str, tmp_path: Path) -> None:
    assert_right(other_words(rig(name), CONVENTIONS[convention]), tmp_path)


@pytest.mark.parametrize("name", [name for name in DANCING if name != "mpfb_default_bpy45.blend"])
def test_sections_whose_names_differ_in_a_number_are_distinguished_by_order(name: str, tmp_path: Path) -> None:
    assert_right(other_words(rig(name), NUMBERED), tmp_path)


@pytest.mark.parametrize(
    ("name", "side", "part"),
    [
        ("LUArm", "L", "upper_arm"), ("RLArm", "R", "forearm"), ("LFArm", "L", "forearm"), ("r_larm", "R", "forearm"),
        ("l_lleg", "L", "shin"), ("uleg_L", "L", "thigh"), ("LArm", "L", "upper_arm"), ("RLeg", "R", "shin"),
    ],
)  # fmt: skip
def test_letters_before_arm_and_leg_are_sides_or_sections(name: str, side: str, part: str) -> None:
    read = read_names([name])[0]
    assert read.side == side and max(read.parts, key=lambda one: read.parts[one]) == part


@pytest.mark.parametrize("name", NAMED)
def test_prefixes_and_suffixes_of_all_names_are_ignored(name: str, tmp_path: Path) -> None:
    numbers: dict[str, str] = {}
    assert_right(renamed(rig(name), lambda bone: f"hero_rig01|{bone}.001"), tmp_path)
    assert_right(renamed(rig(name), lambda bone: numbers.setdefault(bone, f"{bone}_{len(numbers):03}")), tmp_path)


@pytest.mark.parametrize("rotation", ROTATIONS)
@pytest.mark.parametrize("name", DANCING)
def test_a_body_is_known_whichever_way_it_lies_and_faces(name: str, rotation: str, tmp_path: Path) -> None:
    turn = np.array(ROTATIONS[rotation], float)
    data = placed(rig(name), lambda point: turn @ point)
    found = look(data, tmp_path)
    if rotation == "facing y" and any("Left and right" in problem for problem in found["problems"]):
        return  # where feet and knees say nothing, names are believed no more than the usual way to face
    assert not found["problems"] and differences(data["truth"], found["slots"]) == []


@pytest.mark.parametrize("size", [1 / 30, 100])
@pytest.mark.parametrize("name", DANCING)
def test_a_body_is_known_whatever_its_size_and_place(name: str, size: float, tmp_path: Path) -> None:
    assert_right(placed(rig(name), lambda point: point * size + np.array([5.0, 3.0, 2.0]) * size), tmp_path)


@pytest.mark.parametrize("name", FILES)
def test_names_that_say_nothing_leave_the_right_limbs_or_a_refusal(name: str, tmp_path: Path) -> None:
    data = meaningless(rig(name))
    found = look(data, tmp_path)
    if not found["problems"]:
        assert {slot: found["slots"].get(slot) for slot in CORE if slot != "hips"} == {
            slot: data["truth"]["slots"].get(slot) for slot in CORE if slot != "hips"
        }


NAMELESS = [
    "babylon_rigged_mesh.glb", "cesium_man.gltf", "cmu_01_01.bvh", "fair1_dab.bvh", "godette_v4.vrm",
    "maya_kenney_character.fbx", "mesh2motion_sintel.glb", "rocketbox_male_adult_06.fbx", "vrm_example.vrm",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMELESS)
def test_a_body_without_names_is_right_in_every_bone(name: str, tmp_path: Path) -> None:
    """Hair and pack, mittens, end bones, collars on the neck, a turned body: by hierarchy and rest pose alone."""
    data = meaningless(rig(name))
    found = look(data, tmp_path)
    assert not found["problems"] and not differences(data["truth"], found["slots"])


@pytest.mark.parametrize("name", [name for name in FILES if name not in NAMELESS])
def test_where_shape_allows_several_bodies_nothing_is_guessed(name: str, tmp_path: Path) -> None:
    """Twist bones, sections in two bones, feet of the root, second skeletons: refused without names."""
    assert look(meaningless(rig(name)), tmp_path)["problems"]


@pytest.mark.parametrize("name", [name for name in NAMED if "toes.L" in rig(name)["truth"]["slots"]])
def test_names_with_left_and_right_changed_over_do_not_turn_a_body_about(name: str, tmp_path: Path) -> None:
    data = rig(name)
    if name in ("quaternius_platformer_humanoidrig.glb",):
        return
    over: dict[str, str] = {}
    for bones in (
        *((data["truth"]["slots"].get(f"{part}.L"), data["truth"]["slots"].get(f"{part}.R"))
          for part in ("collar", "upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toes")),
    ):  # fmt: skip
        if all(bones):
            over |= {bones[0]: bones[1], bones[1]: bones[0]}
    changed = renamed(data, lambda bone: over.get(bone, bone))
    found = look(changed, tmp_path)
    core = [slot for slot in CORE if slot != "hips"]
    assert [found["slots"].get(slot) for slot in core] == [changed["truth"]["slots"][slot] for slot in core]
    assert found["doubts"]


@pytest.mark.parametrize("name", NAMED)
def test_feet_that_hang_on_nothing_are_found_by_name_and_place(name: str, tmp_path: Path) -> None:
    data = rig(name)
    for bone in data["armatures"][0]["bones"]:
        if bone["name"] in (data["truth"]["slots"].get("foot.L"), data["truth"]["slots"].get("foot.R")):
            bone["parent"] = None
    assert differences(data["truth"], look(data, tmp_path)["slots"]) == []


@pytest.mark.parametrize("name", ["vrm_example.vrm", "mesh2motion_sintel.glb", "cmu_01_01.bvh", "fair1_dab.bvh"])
def test_thighs_on_a_root_or_on_the_spine_and_arms_on_the_hips_leave_the_hips_where_they_are(
    name: str, tmp_path: Path
) -> None:
    for above, parts in (("root", ("thigh",)), ("spine1", ("thigh",)), ("hips", ("collar",))):
        data = rig(name)
        slots, bones = data["truth"]["slots"], data["armatures"][0]["bones"]
        if above == "root":
            bones.insert(0, {"name": "Origin", "parent": None, "head": [0, 0, 0], "tail": [0, 0, 1]})
        moved = {slots[f"{part}.{side}"] for part in parts for side in "LR"}
        for bone in bones:
            if bone["name"] in moved:
                bone["parent"] = "Origin" if above == "root" else slots[above]
            elif above == "root" and bone["parent"] is None and bone["name"] != "Origin":
                bone["parent"] = "Origin"
        found = look(data, tmp_path)
        assert not found["problems"]
        assert {slot: found["slots"].get(slot) for slot in CORE} == {slot: slots[slot] for slot in CORE}


@pytest.mark.parametrize("name", NAMED)
def test_hair_skirts_wings_and_tails_are_no_limbs(name: str, tmp_path: Path) -> None:
    data = rig(name)
    add_chains(data)
    assert differences(data["truth"], look(data, tmp_path)["slots"]) == []


def add_chains(data: dict) -> None:
    """Two strands of hair, two of a skirt, two wings and a tail, with names that say nothing."""
    bones = data["armatures"][0]["bones"]
    heads = {bone["name"]: np.array(bone["head"]) for bone in bones}
    slots = data["truth"]["slots"]
    at = {slot: heads[bone] for slot, bone in slots.items()}
    up, left = at["head"] - at["hips"], at["thigh.L"] - at["thigh.R"]
    size = float(np.linalg.norm(up))
    up, left = up / size, left / np.linalg.norm(left)
    back = np.cross(up, left)

    def chain(name: str, parent: str, start: np.ndarray, way: np.ndarray, number: int) -> None:
        for n in range(number):
            tail = start + size * way
            bones.append({"name": f"{name}_{n}", "parent": parent, "head": start.tolist(), "tail": tail.tolist()})
            parent, start = f"{name}_{n}", tail

    for side, sign in (("a", 1), ("b", -1)):
        chain(
            f"q{side}", slots["head"], at["head"] + size * (0.1 * sign * left + 0.05 * back), 0.02 * back - 0.12 * up, 8
        )
        chain(f"s{side}", slots["hips"], at["hips"] + size * 0.12 * sign * left, 0.03 * sign * left - 0.1 * up, 4)
        chain(f"w{side}", slots["spine1"], at["spine1"] + size * (0.06 * sign * left + 0.06 * back),
              0.15 * sign * left + 0.13 * back + 0.05 * up, 5)  # fmt: skip
    chain("t", slots["hips"], at["hips"] + size * 0.08 * back, 0.13 * back - 0.03 * up, 6)


def without(data: dict, slot_parts: tuple[str, ...]) -> dict:
    data = copy.deepcopy(data)
    bones = data["armatures"][0]["bones"]
    gone = {data["truth"]["slots"].get(f"{part}.{side}") for part in slot_parts for side in "LR"} - {None}
    for _ in bones:
        gone |= {bone["name"] for bone in bones if bone["parent"] in gone}
    data["armatures"][0]["bones"] = [bone for bone in bones if bone["name"] not in gone]
    return data


@pytest.mark.parametrize("name", [name for name in NAMED if name != "mmd_yw_test_model.pmx"])  # it has legs twice
def test_a_rig_without_legs_or_arms_or_in_pieces_is_refused(name: str, tmp_path: Path) -> None:
    assert look(without(rig(name), ("thigh", "foot")), tmp_path)["problems"]
    assert look(without(rig(name), ("upper_arm",)), tmp_path)["problems"]
    data = rig(name)
    for bone in data["armatures"][0]["bones"]:
        bone["parent"] = None
    assert look(data, tmp_path)["problems"]


def test_one_chosen_bone_settles_ambiguous_sides() -> None:
    data = rig("quaternius_skeleton.blend")["armatures"][0]
    bones = [BoneName(b["name"], b["parent"], tuple(b["head"]), tuple(b["tail"])) for b in data["bones"]]
    for chosen, left in (("R.UpperLeg.001", "R.UpperLeg"), ("L.UpperLeg.001", "L.UpperLeg")):
        found = find_bone_map(bones, {"upper_arm.L": chosen, "forearm.L": chosen.replace("Upper", "Down")})
        assert found.bones["thigh.L"] == left
        assert not any("Left and right" in note.text for note in found.problems)


def test_every_slot_has_a_reason_in_words() -> None:
    data = rig("vrm_example.vrm")["armatures"][0]
    bones = [BoneName(b["name"], b["parent"], tuple(b["head"]), tuple(b["tail"])) for b in data["bones"]]
    found = find_bone_map(bones)
    assert set(found.reasons) == set(found.bones)
    assert "longest chain below the hips on the left" in found.reasons["thigh.L"]


@pytest.mark.parametrize(
    ("name", "part", "side"),
    [
        ("mixamorig1:LeftForeArm", "forearm", "L"), ("Bip01 R Calf", "shin", "R"), ("lShldr", "upper_arm", "L"),
        ("upper_armFBXASC046L", "upper_arm", "L"), ("左手首", "hand", "L"), ("DEF-thigh.R_015", "thigh", "R"),
        ("Left_Knee_Joint_01", "shin", "L"), ("rightupperarm", "upper_arm", "R"), ("J_Bip_L_LowerLeg", "shin", "L"),
        ("ball_l", "toes", "L"), ("EthanRightUpLeg", "thigh", "R"), ("HumanLThigh", "thigh", "L"),
    ],
)  # fmt: skip
def test_names_of_many_conventions_are_understood(name: str, part: str, side: str) -> None:
    said = read_names([name])[0]
    assert max(said.parts, key=said.parts.__getitem__) == part and said.side == side


@pytest.mark.parametrize("name", ["hair_L_01", "Skirt.R", "eyebrow_l", "wing_02.L", "Weapon", "左目", "スカート_1"])
def test_words_for_other_things_are_evidence_against_every_part(name: str) -> None:
    assert max(read_names([name])[0].row()) < 0


@pytest.mark.timing
def test_a_large_rig_of_no_known_family_is_recognised_in_a_blink() -> None:
    data = rig("mpfb_default_bpy45.blend")["armatures"][0]
    bones = [
        BoneName("x" + b["name"], b["parent"] and "x" + b["parent"], tuple(b["head"]), tuple(b["tail"]))
        for b in data["bones"]
    ]
    more = [
        BoneName(
            f"panel_{n}", f"panel_{n - 1}" if n % 6 else bones[0].name, (n % 7, n % 11, n % 13), (n % 7, 1, n % 13)
        )
        for n in range(930 - len(bones))
    ]
    find_bone_map([*bones, *more])
    began = time.process_time()
    find_bone_map([*bones, *more, BoneName("new", None, (0, 0, 0), (0, 0, 1))])
    assert time.process_time() - began < 0.15  # seconds; 0.04 measured on one core of a busy machine


def test_the_command_prints_the_bone_map_and_whether_the_rig_can_dance(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rig.json"
    path.write_text(json.dumps(rig("cesium_man.gltf")), "utf-8")
    assert cli.main(["bones", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"armature", "family", "slots", "fingers", "doubts", "problems"}
    assert found["slots"]["head"] == "Node_20" and not found["problems"]
    path.write_text(json.dumps(rig("bevy_fox.glb")), "utf-8")
    assert cli.main(["bones", str(path)]) == 2
    assert "four legs" in capsys.readouterr().out
    path.write_text('{"armatures": [{"bones": [{"name": "a"}]}]}', "utf-8")
    assert cli.main(["bones", str(path)]) == 2
    assert "[rig_unreadable]" in capsys.readouterr().err
    path.write_text('{"armatures": []}', "utf-8")
    assert cli.main(["bones", str(path), "--json"]) == 2
