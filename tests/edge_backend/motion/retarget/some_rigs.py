"""Rigs made of numbers: the model's skeleton in other proportions, bones with any axes, and what channels do."""

from pathlib import Path

import numpy as np

from edge_backend.motion.contacts import edge_contacts
from edge_backend.motion.motion import Motion
from edge_backend.motion.retarget import Rig, RigBone
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import SMPL, Y_UP_TO_Z_UP

DANCES = Path(__file__).parents[3] / "data" / "feet" / "dances.npz"
PARTS = {
    "hips": 0, "spine1": 3, "spine2": 6, "spine3": 9, "neck1": 12, "head": 15, "collar.L": 13, "collar.R": 14,
    "upper_arm.L": 16, "upper_arm.R": 17, "forearm.L": 18, "forearm.R": 19, "hand.L": 20, "hand.R": 21,
    "thigh.L": 1, "thigh.R": 2, "shin.L": 4, "shin.R": 5, "foot.L": 7, "foot.R": 8, "toes.L": 10, "toes.R": 11,
}  # fmt: skip
MAP = {slot: SMPL.names[joint] for slot, joint in PARTS.items()}


def dance(name="salsa", frames=150):
    with np.load(DANCES, allow_pickle=False) as file:
        root = file[f"{name}_root"][:frames]
        turns = axis_angle_to_matrix(file[f"{name}_poses"].reshape(-1, 24, 3)[:frames])
    contacts = edge_contacts(Motion(turns, root, np.zeros((len(root), 4))).joints())
    return Motion(turns, root, contacts)


def make_rig(lengths=None, turn=None, units=1.0, arms_down=0.0, seed=0):
    """The model's rest pose with bones lengthened by joint number, arms lowered by so many degrees, turned as a whole.

    Returns the rig; its toe joints stand 25 mm above the armature's origin.
    """
    random = np.random.default_rng(seed)
    offsets = SMPL.offsets.astype(np.float64) @ Y_UP_TO_Z_UP.T
    for joint, factor in (lengths or {}).items():
        offsets[joint] *= factor
    for joint in (18, 19, 20, 21, 22, 23):
        sign = 1 if joint % 2 == 0 else -1
        offsets[joint] = axis_angle_to_matrix(np.array([0, sign * np.radians(arms_down), 0])) @ offsets[joint]
    heads = np.zeros((24, 3))
    for joint, parent in enumerate(SMPL.parents[1:], start=1):
        heads[joint] = heads[parent] + offsets[joint]
    heads[:, 2] += 0.025 - heads[[10, 11], 2].min()
    turn = np.eye(3) if turn is None else turn
    bones = []
    for joint, parent in enumerate(SMPL.parents):
        rest = np.eye(4)
        rest[:3, :3] = turn @ axis_angle_to_matrix(random.normal(0, 2, 3))
        rest[:3, 3] = turn @ heads[joint] * units
        tail = rest[:3, 3] + random.normal(0, 0.1 * units, 3)
        bones.append(RigBone(SMPL.names[joint], SMPL.names[parent] if parent >= 0 else None, rest, tail))
    return Rig(bones)


def posed(rig, poses, frames):
    """Where the bones are (T, 4, 4) by name, as Blender reckons: parent, rest, channels with the bone's scale."""
    channels = {pose.bone: pose for pose in poses}
    matrices = {}
    for name, bone in rig.items():
        own = np.tile(bone.pose, (frames, 1, 1))
        if name in channels:
            own[:, :3, :3] = channels[name].rotations * np.linalg.norm(bone.pose[:3, :3], axis=0)
            if (location := getattr(channels[name], "location", None)) is not None:
                own[:, :3, 3] = location
        local = bone.rest if bone.parent is None else np.linalg.inv(rig[bone.parent].rest) @ bone.rest
        matrices[name] = (np.eye(4) if bone.parent is None else matrices[bone.parent]) @ local @ own
    return matrices
