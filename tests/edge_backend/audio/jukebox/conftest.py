"""A tiny Jukebox: the real encoder, a prior of the real structure but narrow, shallow and random, and results of the
original code with it (tests/data/jukebox/README.md)."""

import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from tiny_jukebox import DATA, HEADS, LAYERS

from edge_backend.audio.jukebox.conversion import ENCODER_SOURCE, PRIOR_SOURCE, convert
from edge_backend.audio.jukebox.folder import JukeboxFolder
from edge_backend.audio.jukebox.sound import RATE, prepare
from edge_backend.audio.loading import Audio, load

CLIP_START_S = 3.2


@pytest.fixture(scope="session")
def golden() -> dict[str, NDArray]:
    with np.load(DATA / "golden.npz", allow_pickle=False) as file:
        return dict(file)


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both files under OpenAI's names in the format that they have."""
    folder = tmp_path_factory.mktemp("originals")
    (folder / PRIOR_SOURCE).write_bytes((DATA / PRIOR_SOURCE).read_bytes())
    model = load_file(DATA / "vqvae_level2_random.safetensors")
    model["decoders.2.not.needed"] = torch.zeros(3)
    content = {"hps": {}, "model": model, "opt": None, "step": 1}
    torch.save(content, folder / ENCODER_SOURCE, _use_new_zipfile_serialization=False)
    return folder


@pytest.fixture(scope="session")
def jukebox(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> JukeboxFolder:
    return convert(sources, tmp_path_factory.mktemp("weights") / "jukebox-5b", layers=LAYERS, heads=HEADS)


@pytest.fixture(scope="session")
def song() -> Audio:
    """30 s."""
    return load(DATA / "song.flac")


@pytest.fixture(scope="session")
def clip(song: Audio) -> NDArray[np.float32]:
    """5 s of the song, as Jukebox hears them."""
    first = round(CLIP_START_S * song.rate)
    return prepare(song.samples[first : first + 5 * song.rate], song.rate)


@pytest.fixture(autouse=True)
def one_thread(torch_threads):
    torch_threads(1)


@pytest.fixture
def stand_in(monkeypatch) -> list[dict]:
    """jukemirlib is rarely installed: this answers as it does, and notes what it is asked."""
    asked: list[dict] = []
    library = types.ModuleType("jukemirlib")
    constants = types.ModuleType("jukemirlib.constants")
    constants.CACHE_DIR = "its own"  # type: ignore[attr-defined]

    def extract(audio, layers, downsample_target_rate):
        asked.append({"shape": audio.shape, "layers": layers, "folder": constants.CACHE_DIR})
        frames = round(len(audio) / RATE * downsample_target_rate)
        return {layers[-1]: np.full((frames, 64), np.abs(audio).max(), np.float64)}

    library.extract = extract  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "jukemirlib", library)
    monkeypatch.setitem(sys.modules, "jukemirlib.constants", constants)
    return asked
