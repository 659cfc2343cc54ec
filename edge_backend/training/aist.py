"""Makes a training pack of AIST++ (Li et al. 2021) from its official folders, in the slices of EDGE's authors."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np

from ..audio.baseline import baseline_slices
from ..audio.jukebox.settings import JukeboxSettings
from ..audio.jukebox.song import jukebox_windows, opened
from ..audio.loading import load
from ..audio.rhythm import rhythm_features
from ..errors import EdgeError, any_exception_as
from ..fileio.object_file import read_object_file
from ..motion.aist import from_aist
from ..numerics.array import Array
from ..runtime.child_processes import process_pool
from ..schema.frames import FPS
from .pack_file import Dance, write_pack

SLICE = 150  # frames, 5 s
STRIDE = 15  # frames, 0.5 s
SPLITS = {"crossmodal_train": False, "crossmodal_test": True}  # split file -> whether its motions are hold-out
KINDS = ("baseline", "rhythm", "jukebox")


def prepare_aist(
    folder: Path,
    wavs: Path,
    target: Path,
    *,
    kind: str,
    workers: int = 1,
    jukebox: JukeboxSettings | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Write a pack of AIST++.

    folder: with motions/*.pkl, splits/crossmodal_train.txt, splits/crossmodal_test.txt and optionally ignore_list.txt.
    wavs: folder with a wav for each motion, named after it or after its song (mBR0.wav). kind: of music features, one
    of KINDS. workers: processes; 1 for Jukebox. jukebox: settings for features of that kind. say: is called with lines
    of progress. All files are looked up before the first is read. Raises EdgeError `motion_missing`, `audio_missing`,
    `motion_unreadable`, and those of `write_pack` and Jukebox.
    """
    if kind == "jukebox":
        opened(jukebox or JukeboxSettings())
        workers = 1
    names = _listed(folder)
    for name in names:
        if not _motion_path(folder, name).is_file():
            message = f"The motion {_motion_path(folder, name)} is missing, which the splits name."
            raise EdgeError("motion_missing", message, "Unpack AIST++'s motions again.")
        wav_of(wavs, name)
    dances = []
    with process_pool(workers) as pool:
        # With one worker the work is done in this process: starting another takes seconds.
        mapped = pool.map if workers > 1 else map
        for dance in mapped(partial(_dance, folder, wavs, kind, jukebox), names.keys(), names.values()):
            dances.append(dance)
            say(f"{len(dances)} of {len(names)}: {dance.name}, {len(dance.music)} stretches")
    about = {"features": kind, "sources": ["AIST++"], "licences": ["AIST++: CC BY 4.0; AIST's music: its own terms"]}
    write_pack(target, dances, about)


def wav_of(wavs: Path, name: str) -> Path:
    """Path of the music of a motion such as gBR_sBM_cAll_d04_mBR0_ch01. Raises EdgeError `audio_missing`."""
    tries = [wavs / f"{name}.wav", wavs / f"{name.split('_')[4]}.wav"]
    for path in tries:
        if path.is_file():
            return path
    message = f"The music of {name} is missing: neither {tries[0]} nor {tries[1].name} is there."
    raise EdgeError("audio_missing", message, "Put AIST's wav files there.")


def slice_starts(frames: int) -> range:
    """First frames, at 30 fps, of the slices of a motion."""
    return range(0, frames - SLICE + 1, STRIDE)


def _listed(folder: Path) -> dict[str, bool]:
    """Names of the splits' motions, without those of the ignore list -> whether each is hold-out."""
    ignored = set(_lines(folder / "ignore_list.txt")) if (folder / "ignore_list.txt").exists() else set()
    names: dict[str, bool] = {}
    for split, holdout in SPLITS.items():
        names |= dict.fromkeys(_lines(folder / "splits" / f"{split}.txt"), holdout)
    return {name: holdout for name, holdout in sorted(names.items()) if name not in ignored}


def _lines(path: Path) -> Iterable[str]:
    try:
        lines = path.read_text(encoding="utf-8").split()
    except OSError as error:
        message = f"The list {path} cannot be read."
        raise EdgeError("motion_missing", message, "Unpack AIST++'s splits again.", str(error)) from error
    for name in lines:
        if name.count("_") < 5:
            raise EdgeError("motion_missing", f"{path} names {name}, which is no motion of AIST++.", "Check the list.")
    return lines


def _motion_path(folder: Path, name: str) -> Path:
    return folder / "motions" / f"{name}.pkl"


def _dance(  # noqa: PLR0917 - arguments bound by partial come first
    folder: Path, wavs: Path, kind: str, jukebox: JukeboxSettings | None, name: str, holdout: bool
) -> Dance:
    path = _motion_path(folder, name)
    content = read_object_file(path)
    with any_exception_as(EdgeError("motion_unreadable", f"{path} is no motion of AIST++.", "Download it again.")):
        poses = np.asarray(content["smpl_poses"], dtype=np.float64)
        root = np.asarray(content["smpl_trans"], dtype=np.float64) / np.asarray(content["smpl_scaling"])
        motion = from_aist(poses, root)
    return Dance(name, motion, holdout, _music_features(wav_of(wavs, name), kind, motion.frames, jukebox))


def _music_features(wav: Path, kind: str, frames: int, jukebox: JukeboxSettings | None) -> list[tuple[int, Array]]:
    audio = load(wav)
    if kind == "rhythm":
        return [(0, rhythm_features(audio, frames)[0])]
    # Features are computed for each slice separately, as in the authors' code. The longer of motion and music is cut.
    starts = slice_starts(min(frames, int(audio.duration * FPS)))
    if kind == "jukebox" and starts:
        features = jukebox_windows(audio, starts[-1] + SLICE, jukebox or JukeboxSettings(), stride=STRIDE)
        return list(zip(starts, features.astype(np.float16), strict=True))
    return list(zip(slice_starts(frames), baseline_slices(audio, STRIDE / FPS), strict=False))
