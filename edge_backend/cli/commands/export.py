"""`export DANCE.npz -o FILE`: writes a dance in the formats of other programs."""

import argparse
from collections.abc import Callable
from pathlib import Path

from ...motion.amass import save_amass
from ...motion.bvh import save_bvh
from ...motion.edge_pickle import save_edge_pickle
from ...motion.files import load_motion
from ...motion.motion import Motion
from ..console import check_target, finish

WRITERS: dict[str, tuple[str, Callable[[Path, Motion], None]]] = {
    ".bvh": ("BVH: Blender, Maya, MotionBuilder, Unreal", save_bvh),
    ".npz": ("AMASS: SMPL-H's poses", save_amass),
    ".pkl": ("the pickle of EDGE's own scripts", save_edge_pickle),
}


def run(options: argparse.Namespace) -> None:
    """Write the file in the format of its suffix. Raises EdgeError as check_target, motion.files; OSError."""
    target: Path = options.output
    check_target(target, *WRITERS, inputs=[options.dance])
    motion = load_motion(options.dance)
    words, write = WRITERS[target.suffix.lower()]
    write(target, motion)
    finish(options, target, f"{motion.frames} frames, {words}")
