"""Reads motion files for an import: cleans feet, and moves people to the origin."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..edge_backend.motion.feet import clean_motion
from ..edge_backend.motion_import.clip import Choices, Imported
from ..edge_backend.motion_import.reader import Unusable, read_all


def read_imported(
    paths: Sequence[Path], choices: Choices, *, clean_feet: bool, at_origin: bool
) -> tuple[list[Imported], list[Unusable]]:
    """The motions of the files, and the files that cannot be used. It uses no bpy, so it may run in a thread.

    clean_feet: clean the feet, except of this program's dances. at_origin: move each file so that its first person
    starts at the origin. Raises EdgeError motions_unusable if no file can be used.
    """
    read, unusable = read_all(paths, choices, skip=True)
    starts: dict[Path, np.ndarray] = {}
    motions = []
    for path, imported in read:
        motion = clean_motion(imported.motion) if clean_feet and not imported.ours else imported.motion
        if at_origin:
            start = starts.setdefault(path, motion.root[0] * np.array([1, 1, 0], motion.root.dtype))
            motion = replace(motion, root=motion.root - start)
        motions.append(replace(imported, motion=motion))
    return motions, unusable


def title(imported: Imported) -> str:
    """The name of the motion's take: the file's name without suffix, and the person's."""
    file, *person = imported.name.split(", ")
    return " ".join([Path(file).stem, *person])
