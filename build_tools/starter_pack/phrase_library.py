"""Writes the starter library of phrases, from the training part of the starter weights' motion capture.

python -m build_tools.starter_pack.phrase_library dance_smpl24_30fps.npz weights/phrases
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_backend.choreography.library import add_clips
from edge_backend.choreography.phrases import drawn_onto_stops
from edge_backend.motion.beat_alignment import motion_beats
from edge_backend.motion.contacts import edge_contacts
from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.motion import Motion
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.schema.frames import FPS

from .pack_writer import KNOWN_BEAT

LICENCES = {"g1_moves": "CC BY 4.0 (G1 Moves)"}
OTHERS = "CMU mocap, free for all uses, not to be resold by itself"


def main() -> None:
    """Read the source file, and write the library."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, metavar="DANCES.npz")
    parser.add_argument("library", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    with np.load(options.source, allow_pickle=False) as file:
        count, refused = add_clips(options.library, clips({name: file[name] for name in file.files}))
    print(f"{count} phrases; {[error.message for error in refused]}")


def clips(data: dict[str, NDArray]) -> Iterator[tuple[str, Motion, dict[str, Any]]]:
    """The pieces of the training part, with the arguments of choreography.library.add_clips."""
    for number in np.flatnonzero(data["split"] == "train"):
        part = slice(data["start"][number], data["start"][number] + data["length"][number])
        rotations = axis_angle_to_matrix(data["poses"][part]).astype(np.float32)
        root = data["root"][part].astype(np.float32)
        motion = Motion(rotations, root, edge_contacts(forward_kinematics(rotations, root)))
        licence = LICENCES.get(str(data["source"][number]), OTHERS)
        about = {"style": str(data["style"][number]), "licence": licence, "tempo": None}
        yield str(data["name"][number]), motion, about
        if data["bpm_confidence"][number] >= KNOWN_BEAT:
            turns = np.unwrap(2 * np.pi * data["beat_phase"][part].astype(np.float64)) / (2 * np.pi)
            counts = np.interp(np.arange(np.ceil(turns[0]), turns[-1]), turns, np.arange(len(turns)))
            stops = motion_beats(motion.joints()) * FPS
            motion.beats = (drawn_onto_stops(counts, stops, motion.frames) / FPS).astype(np.float32)
            yield str(data["name"][number]), motion, about


if __name__ == "__main__":
    main()
