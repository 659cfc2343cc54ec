"""Characters as people have them: armatures with the names, hierarchies and rest poses of well known kinds of rig.

Built from a body of our own, because what matters here are names, poses, axes and sizes.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import bpy
import numpy as np
from mathutils import Euler, Matrix, Vector

Point = tuple[float, float, float]


def body(arm_drop: float, elbow: float = 4.0, knee_back: float = 0.01) -> dict[str, Point]:
    """Joint positions of a person of 1.78 m who faces -y, metres. arm_drop: degrees below the horizontal."""
    points: dict[str, Point] = {
        "root": (0, 0, 0), "centre": (0, 0.02, 0.62), "hips": (0, 0, 0.96), "waist": (0, 0, 1.0),
        "spine1": (0, 0, 1.04), "spine2": (0, 0.01, 1.16), "spine3": (0, 0.02, 1.28), "spine4": (0, 0.02, 1.36),
        "neck": (0, 0.02, 1.47), "neck2": (0, 0.01, 1.52), "head": (0, 0, 1.57), "top": (0, 0, 1.78),
    }  # fmt: skip
    drop, bent = np.radians(arm_drop), np.radians(elbow)
    along = np.array([np.cos(drop), 0, -np.sin(drop)])
    forearm = np.cos(bent) * along + np.sin(bent) * np.array([0, -1, 0])
    for side, sign in (("L", 1), ("R", -1)):
        shoulder = np.array([0.17, 0.02, 1.42])
        arm = {
            "collar": np.array([0.03, 0.01, 1.41]), "upper_arm": shoulder, "upper_arm_twist": shoulder + 0.14 * along,
            "forearm": shoulder + 0.28 * along, "forearm_twist": shoulder + 0.28 * along + 0.13 * forearm,
            "hand": shoulder + 0.28 * along + 0.26 * forearm, "fingers": shoulder + 0.28 * along + 0.35 * forearm,
            "thigh": np.array([0.09, 0, 0.92]), "shin": np.array([0.10, knee_back - 0.015, 0.50]),
            "foot": np.array([0.11, knee_back + 0.01, 0.09]), "toes": np.array([0.13, -0.11, 0.025]),
            "tip": np.array([0.14, -0.19, 0.02]),
        }  # fmt: skip
        points |= {f"{part}.{side}": tuple(point * (sign, 1, 1)) for part, point in arm.items()}
    return points


@dataclass
class Kind:
    """A kind of rig: family, and its bones as (name, parent, where it begins, where it points)."""

    family: str
    points: dict[str, Point]
    bones: list[tuple[str, str | None, str, str]] = field(default_factory=list)

    def chain(self, parent: str | None, *bones: tuple[str, str, str]) -> "Kind":
        for name, start, end in bones:
            self.bones.append((name, parent, start, end))
            parent = name
        return self

    def limbs(self, chest: str, hips: str, names: str, sides: tuple[str, str], twists: tuple[str, str] | None = None):
        """names: collar, upper arm, forearm, hand, thigh, shin, foot, toes. sides: templates."""
        collar, upper, fore, hand, thigh, shin, foot, toes = names.split(",")
        for side, template in zip("LR", sides, strict=True):
            arm = [(collar, "collar", "upper_arm"), (upper, "upper_arm", "forearm")]
            if twists:
                arm.append((twists[0], "upper_arm_twist", "forearm"))
            arm.append((fore, "forearm", "hand"))
            if twists:
                arm.append((twists[1], "forearm_twist", "hand"))
            arm.append((hand, "hand", "fingers"))
            leg = [(thigh, "thigh", "shin"), (shin, "shin", "foot"), (foot, "foot", "toes"), (toes, "toes", "tip")]
            for parent, limb in ((chest, arm), (hips, leg)):
                self.chain(parent, *((template.format(n), f"{a}.{side}", f"{b}.{side}") for n, a, b in limb if n))
        return self


def mixamo(prefix: str = "mixamorig:") -> Kind:
    """T-pose; in FBX files in centimetres, y up."""
    p = prefix
    kind = Kind("mixamo", body(0)).chain(
        None, (p + "Hips", "hips", "spine1"), (p + "Spine", "spine1", "spine2"), (p + "Spine1", "spine2", "spine3"),
        (p + "Spine2", "spine3", "neck"), (p + "Neck", "neck", "head"), (p + "Head", "head", "top"),
        (p + "HeadTop_End", "top", "top"),
    )  # fmt: skip
    names = "Shoulder,Arm,ForeArm,Hand,UpLeg,Leg,Foot,ToeBase"
    return kind.limbs(p + "Spine2", p + "Hips", names, (p + "Left{}", p + "Right{}"))


def vrm(arm_drop: float = 0) -> Kind:
    """VRoid: T-pose, or with hands down."""
    c = "J_Bip_C_"
    kind = Kind("vrm", body(arm_drop)).chain(
        None, ("Root", "root", "hips"), (c + "Hips", "hips", "spine1"), (c + "Spine", "spine1", "spine2"),
        (c + "Chest", "spine2", "spine3"), (c + "UpperChest", "spine3", "neck"), (c + "Neck", "neck", "head"),
        (c + "Head", "head", "top"),
    )  # fmt: skip
    names = "Shoulder,UpperArm,LowerArm,Hand,UpperLeg,LowerLeg,Foot,ToeBase"
    return kind.limbs(c + "UpperChest", c + "Hips", names, ("J_Bip_L_{}", "J_Bip_R_{}"))


def unreal(spines: int = 3) -> Kind:
    """A-pose; five spine bones and two of the neck in UE5, three and one in UE4."""
    spine = ["spine1", "waist", "spine2", "spine3", "spine4"] if spines == 5 else ["spine1", "spine2", "spine3"]
    heights = sorted(spine, key=lambda point: body(0)[point][2])
    chain = [("root", "root", "hips"), ("pelvis", "hips", "spine1")]
    for number, (start, end) in enumerate(zip(heights, [*heights[1:], "neck"], strict=True), start=1):
        chain.append((f"spine_0{number}", start, end))
    chain += [("neck_01", "neck", "neck2" if spines == 5 else "head")]
    chain += [("neck_02", "neck2", "head")] if spines == 5 else []
    kind = Kind("unreal", body(50, elbow=20)).chain(None, *chain, ("head", "head", "top"))
    names = "clavicle,upperarm,lowerarm,hand,thigh,calf,foot,ball"
    kind.limbs(f"spine_0{spines}", "pelvis", names, ("{}_l", "{}_r"))
    for side in "lr":
        kind.chain(
            f"lowerarm_{side}", (f"lowerarm_twist_01_{side}", f"forearm_twist.{side.upper()}", f"hand.{side.upper()}")
        )
    return kind


def mmd(english: bool = False) -> Kind:
    """A-pose; the centre carries the body, the lower body is the hips, twist bones lie in the arms."""
    central = ["全ての親", "センター", "グルーブ", "腰", "上半身", "上半身2", "首", "頭", "下半身"]
    names, sides, twists = "肩,腕,ひじ,手首,足,ひざ,足首,つま先", ("左{}", "右{}"), ("腕捩", "手捩")
    if english:
        central = ["mother", "center", "groove", "waist", "upper body", "upper body 2", "neck", "head", "lower body"]
        names, sides = "shoulder,arm,elbow,wrist,leg,knee,ankle,toe", ("{}_L", "{}_R")
        twists = ("arm twist", "wrist twist")
    kind = Kind("mmd", body(38)).chain(
        None, (central[0], "root", "centre"), (central[1], "centre", "hips"), (central[2], "centre", "waist"),
        (central[3], "hips", "waist"), (central[4], "waist", "spine3"), (central[5], "spine3", "neck"),
        (central[6], "neck", "head"), (central[7], "head", "top"),
    )  # fmt: skip
    kind.chain(central[3], (central[8], "waist", "hips"))
    return kind.limbs(central[5], central[8], names, sides, twists)


def character_creator() -> Kind:
    c = "CC_Base_"
    kind = Kind("character_creator", body(45)).chain(
        None, (c + "BoneRoot", "root", "hips"), (c + "Hip", "hips", "waist"), (c + "Waist", "waist", "spine2"),
        (c + "Spine01", "spine2", "spine3"), (c + "Spine02", "spine3", "neck"), (c + "NeckTwist01", "neck", "neck2"),
        (c + "NeckTwist02", "neck2", "head"), (c + "Head", "head", "top"),
    )  # fmt: skip
    kind.chain(c + "Hip", (c + "Pelvis", "hips", "waist"))
    names = "Clavicle,Upperarm,Forearm,Hand,Thigh,Calf,Foot,ToeBase"
    return kind.limbs(c + "Spine02", c + "Pelvis", names, (c + "L_{}", c + "R_{}"))


def daz_genesis() -> Kind:
    kind = Kind("daz_genesis", body(3)).chain(
        None, ("hip", "hips", "waist"), ("abdomenLower", "waist", "spine2"), ("abdomenUpper", "spine2", "spine3"),
        ("chestLower", "spine3", "spine4"), ("chestUpper", "spine4", "neck"), ("neckLower", "neck", "neck2"),
        ("neckUpper", "neck2", "head"), ("head", "head", "top"),
    )  # fmt: skip
    kind.chain("hip", ("pelvis", "hips", "waist"))
    names = "Collar,ShldrBend,ForearmBend,Hand,ThighBend,Shin,Foot,Toe"
    return kind.limbs("chestUpper", "pelvis", names, ("l{}", "r{}"), ("ShldrTwist", "ForearmTwist"))


def cmu() -> Kind:
    kind = Kind("cmu_bvh", body(0)).chain(
        None, ("Hips", "hips", "waist"), ("LowerBack", "waist", "spine2"), ("Spine", "spine2", "spine3"),
        ("Spine1", "spine3", "neck"), ("Neck", "neck", "neck2"), ("Neck1", "neck2", "head"), ("Head", "head", "top"),
    )  # fmt: skip
    names = "Shoulder,Arm,ForeArm,Hand,UpLeg,Leg,Foot,ToeBase"
    return kind.limbs("Spine1", "Hips", names, ("Left{}", "Right{}"))


def smpl() -> Kind:
    kind = Kind("smpl", body(0)).chain(
        None, ("Pelvis", "hips", "spine1"), ("Spine1", "spine1", "spine2"), ("Spine2", "spine2", "spine3"),
        ("Spine3", "spine3", "neck"), ("Neck", "neck", "head"), ("Head", "head", "top"),
    )  # fmt: skip
    names = "Collar,Shoulder,Elbow,Wrist,Hip,Knee,Ankle,Foot"
    return kind.limbs("Spine3", "Pelvis", names, ("L_{}", "R_{}"))


def bare() -> Kind:
    """As little as can dance: one spine bone, no collars, no toes, no neck; Mixamo names without a prefix."""
    kind = Kind("mixamo", body(30)).chain(None, ("Hips", "hips", "spine2"), ("Spine", "spine2", "neck"))
    kind.chain("Spine", ("Head", "head", "top"))
    return kind.limbs("Spine", "Hips", ",Arm,ForeArm,Hand,UpLeg,Leg,Foot,", ("Left{}", "Right{}"))


KINDS = {
    "Mixamo": mixamo, "VRM": vrm, "VRM, hands down": lambda: vrm(60), "UE4": unreal, "UE5": lambda: unreal(5),
    "MMD": mmd, "MMD, English": lambda: mmd(english=True), "CC": character_creator, "Daz": daz_genesis, "CMU": cmu,
    "SMPL": smpl, "bare": bare,
}  # fmt: skip


def put_character(  # noqa: PLR0917
    kind: Kind, units: float = 1.0, y_up: bool = False, seed: int = 0, odd_axes: bool = False, size: float = 1.0
):
    """An armature object of that kind, active.

    units: armature units per metre (100 for centimetres); the object is scaled to make up for it. y_up: the armature's
    y axis is up, and the object is turned to make up for that. Rolls are random; odd_axes: the bones' directions too.
    """
    random = np.random.default_rng(seed)
    data = bpy.data.armatures.new(kind.family)
    character = bpy.data.objects.new(kind.family, data)
    bpy.context.collection.objects.link(character)
    bpy.context.view_layer.objects.active = character
    bpy.ops.object.mode_set(mode="EDIT")
    turn = Matrix.Rotation(np.radians(-90), 3, "X") if y_up else Matrix.Identity(3)
    for name, parent, start, end in kind.bones:
        bone = data.edit_bones.new(name)
        bone.head = turn @ Vector(kind.points[start]) * units * size
        tail = turn @ Vector(kind.points[end]) * units * size
        if odd_axes or (tail - bone.head).length < 1e-4 * units:
            tail = bone.head + Vector(random.normal(0, 0.05 * units, 3))
        bone.tail = tail
        bone.roll = float(random.uniform(-np.pi, np.pi))
        bone.parent = data.edit_bones[parent] if parent else None
    bpy.ops.object.mode_set(mode="OBJECT")
    character.scale = (1 / units,) * 3
    character.rotation_euler = Euler((np.radians(90) if y_up else 0, 0, 0))
    bpy.context.view_layer.update()
    return character


def put_rigify(human: bool = False):
    """A rig that Rigify generates from its metarig, active. human: with fingers and a face, which takes long."""
    import addon_utils  # noqa: PLC0415

    addon_utils.enable("rigify", default_set=True)
    if human:
        bpy.ops.object.armature_human_metarig_add()
    else:
        bpy.ops.object.armature_basic_human_metarig_add()
    metarig = bpy.context.object
    bpy.ops.pose.rigify_generate()
    rig = bpy.context.object
    bpy.data.objects.remove(metarig)
    return rig


@dataclass
class Controls:
    """Names of a control rig's bones, each of a leg by what it does.

    central: root, torso, hips, spine, chest, neck, head. limbs: as in `Kind.limbs`. ik: thigh, shin, foot control,
    pole, toes. org: prefix of the bones that follow. switches: arms and legs, the bone and the property that say 1 for
    IK (fk_is_one: for FK).
    """

    central: str
    limbs: str
    sides: tuple[str, str]
    ik: str
    org: str
    switches: dict[str, tuple[str, str]]
    fk_is_one: bool = False


SNOW = Controls(
    "root,MSTR-Spine_Torso,MSTR-Spine_Hips,FK-Spine,FK-RibCage,FK-Chest,FK-Neck,FK-Head",
    "FK-Shoulder,FK-UpperArm,FK-Forearm,FK-Wrist,FK-Thigh,FK-Knee,FK-Foot,FK-Toes", ("{}.L", "{}.R"),
    "IK-Thigh,IK-Knee,IK-MSTR-Foot,IK-POLE-Thigh,IK-Toes", "ORG",
    {"leg.L": ("Properties", "ik_left_thigh"), "leg.R": ("Properties", "ik_right_thigh")},
)  # fmt: skip
RAIN = Controls(
    "root,MSTR-Torso,MSTR-Pelvis,FK-Spine,FK-RibCage,FK-Chest,FK-Neck,FK-Head",
    "FK-Shoulder,FK-Upperarm,FK-Forearm,FK-Hand,FK-Thigh,FK-Shin,FK-Foot,FK-Toes", ("{}.L", "{}.R"),
    "IK-Thigh,IK-Shin,MSTR-Foot,IK-Pole-Shin,IK-Toes", "ORG",
    {"leg.L": ("Properties_IKFK", "ik_leg_left"), "leg.R": ("Properties_IKFK", "ik_leg_right")},
)  # fmt: skip
AUTO_RIG_PRO = Controls(
    "c_traj,c_root_master.x,c_root.x,c_spine_01.x,c_spine_02.x,c_spine_03.x,c_neck.x,c_head.x",
    "c_shoulder,c_arm_fk,c_forearm_fk,c_hand_fk,c_thigh_fk,c_leg_fk,c_foot_fk,c_toes_fk", ("{}.l", "{}.r"),
    "thigh_ik,leg_ik,c_foot_ik,c_leg_pole,c_toes_ik", "",
    {"leg.L": ("c_foot_ik.l", "ik_fk_switch"), "leg.R": ("c_foot_ik.r", "ik_fk_switch")}, fk_is_one=True,
)  # fmt: skip


def put_controls(controls: Controls):
    """A control rig: FK chains, IK chains with a foot control and a pole, bones that follow either by a driven switch.

    The IK is solved by Blender's own constraint; the names are the public ones of the kind.
    """
    root, torso, hips, *spine, neck, head = controls.central.split(",")
    points = body(40, knee_back=-0.02)
    kind = Kind("controls", points).chain(None, (root, "root", "centre"), (torso, "hips", "waist"))
    kind.chain(torso, (hips, "hips", "waist"))
    chain = zip(spine, ("waist", "spine2", "spine3"), ("spine2", "spine3", "neck"), strict=True)
    kind.chain(torso, *chain, (neck, "neck", "head"), (head, "head", "top"))
    kind.limbs(spine[-1], hips, controls.limbs, controls.sides)
    thigh, shin, foot, pole, toes = controls.ik.split(",")
    parts = controls.limbs.split(",")[4:]
    for side, template in zip("LR", controls.sides, strict=True):
        points[f"pole.{side}"] = (points[f"shin.{side}"][0], -0.6, 0.5)
        points[f"pole_tip.{side}"] = (points[f"shin.{side}"][0], -0.7, 0.5)
        kind.chain(hips, (template.format(thigh), f"thigh.{side}", f"shin.{side}"),
                   (template.format(shin), f"shin.{side}", f"foot.{side}"))  # fmt: skip
        kind.chain(root, (template.format(foot), f"foot.{side}", f"toes.{side}"),
                   (template.format(toes), f"toes.{side}", f"tip.{side}"))  # fmt: skip
        kind.chain(root, (template.format(pole), f"pole.{side}", f"pole_tip.{side}"))
        if controls.org:
            places = [f"{part}.{side}" for part in ("thigh", "shin", "foot", "toes", "tip")]
            names = [template.format(part.replace("FK", controls.org)) for part in parts]
            kind.chain(hips, *((name, *ends) for name, ends in zip(names, pairwise(places), strict=True)))
    for bone in dict.fromkeys(bone for bone, _ in controls.switches.values()):
        if bone.startswith("Properties"):
            kind.chain(None, (bone, "root", "centre"))
    character = put_character(kind)
    _same_rolls(character)
    for side, template in zip("LR", controls.sides, strict=True):
        _solve(character, template.format(shin), template.format(foot), template.format(pole))
        bone, name = controls.switches[f"leg.{side}"]
        character.pose.bones[bone][name] = 1.0 if not controls.fk_is_one else 0.0
        if controls.org:
            followed = [template.format(one) for one in (thigh, shin, foot, toes)]
            for part, ik_bone in zip(parts, followed, strict=True):
                follower = character.pose.bones[template.format(part.replace("FK", controls.org))]
                _follow(character, follower, template.format(part), None)
                _follow(character, follower, ik_bone, (bone, name))
    return character


def _solve(character, shin: str, foot: str, pole: str) -> None:
    """Blender's IK from the shin to the foot control, with the pole's angle at which the rest pose stays as it is."""
    constraint = character.pose.bones[shin].constraints.new("IK")
    constraint.target = constraint.pole_target = character
    constraint.subtarget, constraint.pole_subtarget, constraint.chain_count = foot, pole, 2
    thigh = character.pose.bones[shin].parent.bone
    hip, ankle = thigh.head_local, character.data.bones[foot].head_local
    towards = character.data.bones[pole].head_local - hip
    axis = (ankle - hip).normalized()
    towards -= axis * towards.dot(axis)
    x = thigh.matrix_local.to_3x3().col[0]
    along = (thigh.tail_local - thigh.head_local).normalized()
    normal = along.cross(towards).normalized()
    projected = normal.cross(along)
    angle = x.angle(projected)
    constraint.pole_angle = -angle if x.cross(projected).dot(along) > 0 else angle


def _follow(character, bone, target: str, switch: tuple[str, str] | None) -> None:
    """Copy the pose of a bone of the same rest; a switch says how much."""
    constraint = bone.constraints.new("COPY_TRANSFORMS")
    constraint.target, constraint.subtarget = character, target
    if switch:
        driver = constraint.driver_add("influence").driver
        variable = driver.variables.new()
        variable.targets[0].id = character
        variable.targets[0].data_path = f'pose.bones["{switch[0]}"]["{switch[1]}"]'
        driver.type = "AVERAGE"


def _same_rolls(character) -> None:
    """Bones that lie alike get the same roll, as generated rigs have it."""
    bpy.ops.object.mode_set(mode="EDIT")
    seen = {}
    for bone in character.data.edit_bones:
        bone.roll = seen.setdefault((*np.round(bone.head, 4), *np.round(bone.tail, 4)), bone.roll)
    bpy.ops.object.mode_set(mode="OBJECT")
