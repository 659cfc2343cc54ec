"""A folder of own motion capture as a training pack, with or without its music."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..audio.loading import load
from ..audio.rhythm import CHANNELS, rhythm_features
from ..audio.song_source import song_beside
from ..motion_import.reader import motion_paths, read_all
from ..schema.frames import FPS
from .pack_file import Dance, write_pack

HOLDOUT_EVERY = 10  # every tenth file, sorted by name, is hold-out


def prepare_mocap(
    folder: Path,
    target: Path,
    style: str,
    licence: str,
    say: Callable[[str], None] = print,
    *,
    skip: bool = False,
) -> None:
    """Write a pack of all motions under a folder, with the audio file of the same name beside each, if any.

    The files are what motion_import reads. All are read before anything is written. skip: go on without those that
    cannot be used. Raises EdgeError `motion_missing`, `motions_unusable`, those of `load` and `write_pack`.
    """
    read, unusable = read_all(motion_paths([folder]), skip=skip)
    for one in unusable:
        say(f"Left out: {one.error.message}")
    dances = []
    for number, (path, imported) in enumerate(read, 1):
        motion = imported.motion
        music = song_beside(path)
        features = np.zeros((motion.frames, len(CHANNELS)), np.float32)
        if music is not None:
            features, _ = rhythm_features(load(music), motion.frames)
        holdout = number % HOLDOUT_EVERY == 0
        dances.append(Dance(f"{path.parent}/{imported.name}", motion, holdout, [(0, features)], style))
        say(f"{number} of {len(read)}: {imported.name}, {motion.frames / FPS:.1f} s, music {music and music.name}")
    write_pack(target, dances, {"features": "rhythm", "sources": [folder.name], "licences": [licence]})
