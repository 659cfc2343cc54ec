"""Dances on skeletons of real characters: limbs point where the model's do, feet stay at the ends of their legs."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from real_rigs import FILES, rig
from some_rigs import dance, posed

from edge_backend.motion.contacts import edge_contacts
from edge_backend.motion.feet import FootSettings
from edge_backend.motion.motion import Motion
from edge_backend.motion.retarget import Fit, Rig, RigBone, fit, pose_rig, read_rig
from edge_backend.motion.retarget.bone_map import BoneName, find_bone_map
from edge_backend.motion.retarget.contacts import standing_feet
from edge_backend.motion.rotations import axis_angle_to_matrix

REFUSED = {"bevy_fox.glb", "rokoko_jesse_dance.bvh", "quaternius_skeleton.blend"}
LIMBS = [("thigh", "shin", 1, 4), ("shin", "foot", 4, 7), ("upper_arm", "forearm", 16, 18), ("forearm", "hand", 18, 20)]


def fitted(name: str) -> Fit:
    """The rig with random axes in every bone."""
    return fitted_with_fingers(name)[0]


def fitted_with_fingers(name: str) -> tuple[Fit, Mapping[str, tuple[str, ...]]]:
    """The rig with random axes in every bone, and its fingers."""
    random = np.random.default_rng(3)
    armature = rig(name)["armatures"][0]
    bones, named = [], []
    for bone in armature["bones"]:
        rest = np.eye(4)
        rest[:3, :3] = np.linalg.qr(random.normal(size=(3, 3)))[0]
        rest[:3, 0] *= np.linalg.det(rest[:3, :3])
        rest[:3, 3] = bone["head"]
        bones.append(RigBone(bone["name"], bone["parent"], rest, np.array(bone["tail"])))
        named.append(BoneName(bone["name"], bone["parent"], tuple(bone["head"]), tuple(bone["tail"])))
    found = find_bone_map(named, None, tuple(map(tuple, armature["matrix_world"])))
    assert not found.problems
    return fit(Rig(bones), found.bones), found.fingers


@pytest.mark.parametrize("name", [name for name in FILES if name not in REFUSED])
def test_limbs_point_where_the_models_do_and_feet_stay_on_their_legs(name: str) -> None:
    measured, motion = fitted(name), dance()
    places = posed(measured.rig, pose_rig(measured, motion), motion.frames)
    heads = {name: place[:, :3, 3] for name, place in places.items()}
    joints, bones = motion.joints(), measured.bones
    for right, side in enumerate("LR"):
        for upper, lower, first, last in LIMBS:
            if f"{lower}.{side}" not in bones:
                continue
            way = (heads[bones[f"{lower}.{side}"]] - heads[bones[f"{upper}.{side}"]]) @ measured.axes
            there = joints[:, last + right] - joints[:, first + right]
            cosine = np.sum(way * there, axis=1) / np.linalg.norm(way, axis=1) / np.linalg.norm(there, axis=1)
            # A section of two bones that are not quite in line turns its end a little as the second takes the twist.
            split = f"{upper}_twist.{side}" in bones
            assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).max() < (0.5 if split else 0.1)
        leg = np.linalg.norm(heads[bones[f"foot.{side}"]] - heads[bones[f"shin.{side}"]], axis=1)
        assert np.ptp(leg) < 1e-5 * leg.mean()  # loose feet, too, that hang on the root
    assert "toes.L" in bones or name.startswith("quaternius")


@pytest.mark.parametrize("name", [name for name in FILES if name not in REFUSED])
def test_what_a_rig_shows_is_read_and_put_back_to_the_same_place(name: str) -> None:
    """Short and round legs too: what the cleanup has changed is in what is read."""
    measured, motion = fitted(name), dance(frames=60)
    bones = {slot: bone for slot, bone in measured.bones.items() if slot != "travel"}
    shown = posed(measured.rig, pose_rig(measured, motion, FootSettings()), motion.frames)
    back = read_rig(measured, {slot: shown[bone] for slot, bone in bones.items()})
    again = posed(measured.rig, pose_rig(measured, back), motion.frames)
    off = [np.linalg.norm(shown[bone][:, :3, 3] - again[bone][:, :3, 3], axis=1) for bone in bones.values()]
    assert np.max(off) < 0.001 * measured.scale  # a millimetre of the model


@pytest.mark.parametrize("name", [name for name in FILES if name not in REFUSED])
def test_planted_feet_are_as_high_as_at_rest(name: str) -> None:
    """Of CMU's body one leg is 16 mm shorter, so that its foot does not reach the floor at rest; quaternius_platformer
    has hips twice as wide as its legs are long."""
    with np.load(Path(__file__).parents[3] / "data/feet/dances.npz") as file:
        turns = axis_angle_to_matrix(file["salsa_poses"].reshape(-1, 24, 3)[:150]).astype(np.float32)
        root = file["salsa_root"][:150].astype(np.float32)
    motion = Motion(turns, root, np.zeros((150, 4), np.float32))
    motion = replace(motion, contacts=edge_contacts(motion.joints()).astype(np.float32))
    measured, planted = fitted(name), standing_feet(motion) > 0
    places = posed(measured.rig, pose_rig(measured, motion, FootSettings()), motion.frames)
    slot = "toes" if "toes.L" in measured.bones else "foot"
    lowest = min(measured.head(f"{slot}.{side}")[2] for side in "LR")
    for number, side in enumerate("LR"):
        stands = planted[:, 2 + number] & (planted[:, number] if slot == "foot" else True)
        shown = places[measured.bones[f"{slot}.{side}"]][:, :3, 3] - measured.floor_offset
        above = measured.to_model(shown)[stands, 2] - lowest
        assert len(above) > 15
        assert above.min() > -0.002 and above.max() < 0.005  # metres of the model
