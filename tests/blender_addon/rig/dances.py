"""Recorded dances, with contacts as EDGE labels them."""

from pathlib import Path

import numpy as np
from blender_fixtures import addon

DANCES = Path(__file__).parents[2] / "data" / "feet" / "dances.npz"


def dance(name="salsa", frames=120):
    rotations, contacts = addon("edge_backend.motion.rotations"), addon("edge_backend.motion.contacts")
    motion = addon("edge_backend.motion.motion").Motion
    with np.load(DANCES, allow_pickle=False) as file:
        root = file[f"{name}_root"][:frames]
        turns = rotations.axis_angle_to_matrix(file[f"{name}_poses"].reshape(-1, 24, 3)[:frames])
    first = motion(turns, root, np.zeros((len(root), 4), np.float32))
    return motion(turns, root, contacts.edge_contacts(first.joints()), meta={"seed": 1})
