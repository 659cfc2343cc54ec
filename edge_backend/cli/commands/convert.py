"""`convert IN... OUT`: converts motions of other programs, models and trackers to motion files or export formats."""

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

from ...errors import EdgeError
from ...fileio.output_folder import check_folder
from ...motion.amass import save_amass
from ...motion.bvh import save_bvh
from ...motion.edge_pickle import save_edge_pickle
from ...motion.feet import clean_motion
from ...motion.files import save_motion
from ...motion.motion import Motion
from ...motion_import.clip import Choices
from ...motion_import.reader import motion_paths, read_all
from ..console import check_target, finish

KINDS: dict[str, tuple[str, Callable[[Path, Motion], None]]] = {
    "motion": (".npz", save_motion),
    "bvh": (".bvh", save_bvh),
    "edge": (".pkl", save_edge_pickle),
    "amass": (".npz", save_amass),
}
"""Format -> suffix and writer."""

KIND_OF = {suffix: kind for kind, (suffix, _) in reversed(KINDS.items())}
"""Suffix -> format; of several formats with one suffix the first."""


def run(options: argparse.Namespace) -> None:
    """Read every file, then write. Raises EdgeError as check_target, motions_unusable, motion_missing; OSError."""
    target: Path = options.output
    if target.suffix:
        check_target(target, *([KINDS[options.to][0]] if options.to else KIND_OF), inputs=options.inputs)
    else:
        check_folder(target)
    kind = options.to or KIND_OF.get(target.suffix.lower(), "motion")
    read, unusable = read_all(
        motion_paths(options.inputs), Choices(options.up, options.unit, options.rate), skip=options.skip
    )
    for one in unusable:
        print(f"Left out: {one.error.message}", file=sys.stderr)
    if target.suffix and len(read) > 1:
        message = f"{len(read)} motions do not go into the one file {target}."
        raise EdgeError("output_impossible", message, "Give a folder, a name without a suffix.")
    names = _file_names([imported.name for _, imported in read])
    for name, (_, imported) in zip(names, read, strict=True):
        motion = clean_motion(imported.motion) if options.clean_feet else imported.motion
        path = target
        if not target.suffix:
            target.mkdir(parents=True, exist_ok=True)
            path = target / f"{name}{KINDS[kind][0]}"
        KINDS[kind][1](path, motion)
        for sentence in imported.notes:
            print(f"{imported.name}: {sentence}", file=sys.stderr)
        finish(options, path, f"{motion.frames} frames, {motion.frames / motion.fps:.1f} s")


def _file_names(names: list[str]) -> list[str]:
    """A file name without suffix for each motion, no two of them equal."""
    found: list[str] = []
    for name in names:
        plain = (
            re.sub(r"[^\w.-]+", "-", re.sub(r"\.(npz|npy|pkl|pickle|pt|pth|bvh)\b", "", name)).strip("-.") or "motion"
        )
        number, unique = 1, plain
        while unique.lower() in {one.lower() for one in found}:
            number += 1
            unique = f"{plain}-{number}"
        found.append(unique)
    return found
