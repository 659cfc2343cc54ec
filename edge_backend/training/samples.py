"""Samples dances during training, always to the same music from the same noise, so that they can be compared."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from ..diffusion.song import SamplerSettings, sample_song
from ..drawing.preview import preview_sheet
from ..model.controls import ANY_STYLE, control_channels
from ..model.decoder import DanceDecoder
from ..model.torch_engine import TorchEngine
from ..motion.files import save_motion
from ..numerics.array import Array
from .pack import DanceSet

LONGEST = 300  # frames, 10 s
MOMENTS = 10  # pictures on the sheet

_SETTINGS = SamplerSettings("dpmpp", steps=20, guidance=1.0)


def draw_sample(model: DanceDecoder, dances: DanceSet, folder: Path, step: int) -> Path:
    """Sample a dance to music of the pack, hold-out if there is any; write a motion file and a sheet of pictures.

    model: in eval mode, on its device. step: for the files' names. torch's random state is not changed. Returns the
    sheet's path. Raises OSError.
    """
    music = _music(dances)
    cond = np.concatenate([music, control_channels(ANY_STYLE, None, len(music))], axis=1)
    motion = sample_song(TorchEngine(model), dances.normaliser, cond, len(music), _SETTINGS)
    folder.mkdir(parents=True, exist_ok=True)
    motion = replace(motion, meta={"step": step})
    path = folder / f"step-{step:08d}.npz"
    save_motion(path, motion)
    preview_sheet(motion, path.with_suffix(".png"), MOMENTS)
    return path.with_suffix(".png")


def _music(dances: DanceSet) -> Array:
    """Music features (150 to LONGEST frames, F) of the beginning of the longest dance."""
    half = dances.holdout if bool(dances.holdout.any()) else ~dances.holdout
    longest = int(torch.argmax(dances.length * half))
    frames = min(int(dances.length[longest]), LONGEST)
    start = int(dances.start[longest])
    return dances.features[start : start + frames].float().cpu().numpy()
