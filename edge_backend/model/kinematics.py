"""Rotations and forward kinematics in torch, for the losses: batched over the joints of each level of the skeleton.

The same mathematics as motion.rotations and motion.kinematics. Everything is computed in the precision of its input,
also under autocast.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from ..motion.representation import ROOT, ROTATIONS
from ..motion.skeleton import SMPL, Skeleton


def rot6d_to_matrix(rot6d: Tensor) -> Tensor:
    """Rotation matrices (..., 3, 3) from 6D vectors (..., 6): two rows, made orthonormal (Zhou et al. 2019, eq. 15)."""
    first = functional.normalize(rot6d[..., :3], dim=-1)
    second = rot6d[..., 3:]
    second = functional.normalize(second - (first * second).sum(dim=-1, keepdim=True) * first, dim=-1)
    return torch.stack([first, second, torch.linalg.cross(first, second)], dim=-2)


def forward_kinematics(
    rotations: Tensor, root: Tensor, skeleton: Skeleton = SMPL, offsets: Tensor | None = None
) -> Tensor:
    """World positions of all joints.

    rotations: (..., J, 3, 3) local rotation matrices. root: (..., 3) metres, world, z up, the position of joint 0.
    offsets: (J, 3) the skeleton's, on the device; None = copied there. Returns (..., J, 3) metres.
    """
    levels, order = _levels(skeleton)
    # No indexing with lists: on a GPU it synchronises, and its gradient is a slow scatter.
    bone_of = (torch.from_numpy(skeleton.offsets).to(rotations) if offsets is None else offsets).unbind()
    local = rotations.unbind(dim=-3)
    turned: Sequence[Tensor] = [local[0]]
    joints: Sequence[Tensor] = [root]
    all_joints = [root]
    for numbers, parents in levels:
        above = torch.stack([turned[parent] for parent in parents], dim=-3)
        start = torch.stack([joints[parent] for parent in parents], dim=-2)
        bones = torch.stack([bone_of[number] for number in numbers])
        below = start + (above * bones[:, None, :]).sum(dim=-1)
        # A product of 3x3 matrices as a sum, which autocast does not change and compilers fuse.
        own = torch.stack([local[number] for number in numbers], dim=-3)
        turned = (above[..., None] * own[..., None, :, :]).sum(dim=-2).unbind(dim=-3)
        joints = below.unbind(dim=-2)
        all_joints += joints
    return torch.stack([all_joints[place] for place in order], dim=-2)


def vector_joints(vectors: Tensor, offsets: Tensor | None = None) -> Tensor:
    """Joint positions (..., 24, 3) of motion vectors (..., 151). offsets: as in `forward_kinematics`."""
    rotations = rot6d_to_matrix(vectors[..., ROTATIONS].unflatten(-1, (len(SMPL), 6)))
    return forward_kinematics(rotations, vectors[..., ROOT], offsets=offsets)


def _levels(skeleton: Skeleton) -> tuple[list[tuple[list[int], list[int]]], list[int]]:
    """The joints below joint 0 by level, and the position of each joint in that order.

    A level is (joint numbers, the position of each joint's parent within the level above).
    """
    levels = []
    above, seen = [0], [0]
    while len(seen) < len(skeleton):
        numbers = [joint for joint, parent in enumerate(skeleton.parents) if parent in above]
        levels.append((numbers, [above.index(skeleton.parents[joint]) for joint in numbers]))
        above = numbers
        seen += numbers
    return levels, [seen.index(joint) for joint in range(len(skeleton))]
