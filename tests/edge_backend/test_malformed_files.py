"""Malformed songs, weights and motions: a code each, in time, nothing run, nothing left. All of them: marked slow."""

import random
import threading
import time
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import torch
from malformed import headers_that_lie, npz_that_lie, pickles, spoilt
from pipeline_fixtures import swaying, write_song, write_weights

from edge_backend.audio.loading import load
from edge_backend.body.smpl_file import read_smpl_file
from edge_backend.errors import EdgeError
from edge_backend.errors.from_exception import explain
from edge_backend.model.authors_checkpoint import read_checkpoint
from edge_backend.model.weights_file import load_weights
from edge_backend.motion.amass import save_amass
from edge_backend.motion.bvh import save_bvh
from edge_backend.motion.edge_pickle import save_edge_pickle
from edge_backend.motion.files import load_motion, save_motion
from edge_backend.motion_import.reader import read_motions

LIMIT_S = 5.0
SOME, MANY = 48, 200
how_many = pytest.mark.parametrize("count", [SOME, pytest.param(MANY, marks=pytest.mark.slow)])


def codes(files, read, folder: Path, whole) -> list[str]:
    """What becomes of each file. whole: what a file that is read all the same must be."""
    found = []
    for number, (suffix, content) in enumerate(files):
        path = folder / f"{number}{suffix}"
        path.write_bytes(content)
        began = time.process_time()  # this process's own work: other programs do not count
        try:
            whole(read(path))
            found.append("whole")
        except EdgeError as error:
            assert error.message and "\n" not in error.message
            found.append(error.code)
        except Exception as error:
            raise AssertionError(f"{path.name}: {explain(error).detail}") from error
        assert time.process_time() - began < LIMIT_S, path
        path.unlink()
    assert not list(folder.iterdir())
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "files").mkdir()
    return tmp_path / "files"


@how_many
def test_malformed_songs(folder, tmp_path, count):
    draw = random.Random(1)
    good = {}
    song = write_song(tmp_path / "song.wav", seconds=1.5)
    samples, rate = soundfile.read(song)
    for suffix, kind in ((".wav", "WAV"), (".flac", "FLAC"), (".ogg", "OGG"), (".aiff", "AIFF"), (".mp3", "MP3")):
        soundfile.write(tmp_path / f"good{suffix}", samples, rate, format=kind)
        good[suffix] = (tmp_path / f"good{suffix}").read_bytes()
    good[".m4a"] = m4a(samples, rate, tmp_path / "good.m4a")
    cases = sorted(good.items())
    files = [(suffix, spoilt(content, draw, n)) for n in range(count) for suffix, content in [cases[n % len(cases)]]]

    def whole(audio):
        assert np.isfinite(audio.samples).all() and audio.rate > 0

    found = codes(files, load, folder, whole)
    assert set(found) <= {"audio_unreadable", "audio_too_short", "audio_silent", "whole"}
    assert found.count("whole") < count // 2  # what a player would play, too


def m4a(samples, rate, path: Path) -> bytes:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=rate)
        frame = av.AudioFrame.from_ndarray(samples.astype(np.float32)[None], format="fltp", layout="mono")
        frame.rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return path.read_bytes()


@how_many
def test_malformed_weights(folder, tmp_path, count):
    draw, sign = random.Random(2), tmp_path / "executed"
    good = write_weights(tmp_path).read_bytes()
    files = [(".safetensors", content) for content in [*headers_that_lie(), *pickles(sign)]]
    files += [(".safetensors", spoilt(good, draw, n)) for n in range(count - len(files))]

    def whole(weights):
        assert all(np.isfinite(value).all() for value in weights.parameters.values())

    found = codes(files, load_weights, folder, whole)
    assert set(found) <= {"weights_unreadable", "weights_not_ours", "weights_nan", "whole"}
    assert found.count("whole") < count // 4 and not sign.exists()


@how_many
def test_malformed_checkpoints_and_bodies(folder, tmp_path, count):
    """Pickles, read by a list of names; every one of those that want to run something is refused."""
    draw, sign = random.Random(3), tmp_path / "executed"
    good = []
    for zipped in (True, False):
        path = tmp_path / f"{zipped}.pt"
        torch.save({"ema_state_dict": {"a": torch.zeros(30)}}, path, _use_new_zipfile_serialization=zipped)
        good.append(path.read_bytes())
    executing = [(".pt", content) for content in pickles(sign)]
    files = executing + [(".pt", spoilt(good[n % 2], draw, n // 2)) for n in range(count - len(executing))]
    found = codes(files, read_checkpoint, folder, lambda _: None)
    assert set(found) <= {"weights_unreadable", "weights_not_ours", "checkpoint_forbidden"}
    assert found.count("checkpoint_forbidden") >= len(executing) // 2

    bodies = [(".pkl", content) for _, content in files] + [(".npz", content) for _, content in executing]
    found = codes(bodies, read_smpl_file, folder, lambda _: None)
    assert set(found) <= {"body_unreadable", "body_forbidden", "body_not_smpl"}
    assert not sign.exists()


@how_many
def test_malformed_motions(folder, tmp_path, count):
    draw, sign = random.Random(4), tmp_path / "executed"
    save_motion(tmp_path / "good.npz", swaying(30))
    good = (tmp_path / "good.npz").read_bytes()
    files = [(".npz", content) for content in [*npz_that_lie(), *pickles(sign)]]
    files += [(".npz", spoilt(good, draw, n)) for n in range(count - len(files))]

    def whole(motion):
        assert np.isfinite(motion.vectors()).all()

    found = codes(files, load_motion, folder, whole)
    assert set(found) <= {"motion_unreadable", "motion_nan", "whole"}
    assert found.count("whole") < count // 4 and not sign.exists()
    assert threading.active_count() < 20


@how_many
def test_malformed_motions_of_other_programs(folder, tmp_path, count):
    """Every format that can be imported, spoilt in the same ways."""
    draw, sign = random.Random(5), tmp_path / "executed"
    motion = swaying(30)
    save_bvh(tmp_path / "a.bvh", motion)
    save_amass(tmp_path / "a.npz", motion)
    save_edge_pickle(tmp_path / "a.pkl", motion)
    np.save(tmp_path / "a.npy", motion.joints()[:, :22])
    params = {
        "global_orient": torch.zeros(30, 3), "body_pose": torch.zeros(30, 63), "transl": torch.zeros(30, 3)
    }  # fmt: skip
    torch.save({"smpl_params_global": params}, tmp_path / "a.pt")
    torch.save({"smpl_params_global": params}, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    good = {path.suffix: path.read_bytes() for path in tmp_path.glob("a.*")}
    files = [(suffix, content) for content in pickles(sign) for suffix in (".pkl", ".pt", ".npy")]
    files += [(".npz", content) for content in npz_that_lie()]
    kinds = sorted(good)
    files += [(kinds[n % len(kinds)], spoilt(good[kinds[n % len(kinds)]], draw, n)) for n in range(count)]

    def whole(found):
        assert all(np.isfinite(one.motion.vectors()).all() for one in found)

    found = codes(files, read_motions, folder, whole)
    allowed = {"motion_unreadable", "motion_unknown", "motion_nan", "motion_skeleton", "whole"}
    assert set(found) <= allowed
    assert found.count("whole") < len(files) // 3 and not sign.exists()
