"""AIST++'s official folders and folders of own motion capture become training packs; errors name bad files."""

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file
from scipy.spatial.transform import Rotation

from edge_backend.audio.jukebox.conversion import ENCODER_SOURCE, PRIOR_SOURCE, convert
from edge_backend.audio.jukebox.settings import JukeboxSettings
from edge_backend.audio.jukebox.song import jukebox_windows
from edge_backend.audio.loading import Audio, load
from edge_backend.cli.commands.train import main
from edge_backend.errors import EdgeError
from edge_backend.motion.files import save_motion
from edge_backend.motion.representation import Normaliser
from edge_backend.motion_import.reader import read_motions
from edge_backend.training.aist import prepare_aist, slice_starts
from edge_backend.training.mocap import prepare_mocap
from edge_backend.training.pack import load_pack

NAMES = [f"gBR_sBM_cAll_d04_mBR{number}_ch01" for number in range(4)]
JUKEBOX = Path(__file__).parents[2] / "data" / "jukebox"
QUANTISED = np.pi / 32767  # radians, of the pack's angles


class Malice:
    def __reduce__(self):
        return print, ("run",)


def write_pickle(path, content):
    path.write_bytes(pickle.dumps(content))


@pytest.fixture
def aist(tmp_path, golden):
    """The golden motions as AIST++ would hold them: three to train on, one to test; a fifth is on the ignore list."""
    folder, wavs = tmp_path / "aist", tmp_path / "wavs"
    for made in (folder / "motions", folder / "splits", wavs):
        made.mkdir(parents=True)
    for name, poses, root in zip(NAMES, golden["data.q_yup_60fps"], golden["data.pos_yup_60fps"], strict=True):
        scaling = np.array([90.0])
        motion = {"smpl_poses": poses, "smpl_trans": root * scaling, "smpl_scaling": scaling, "smpl_loss": 0.1}
        write_pickle(folder / "motions" / f"{name}.pkl", motion)
        clicks = np.zeros(5 * 22050, np.float32)
        clicks[::11025] = 0.9
        soundfile.write(wavs / f"{name}.wav", clicks, 22050)
    ignored = "gBR_sBM_cAll_d04_mBR5_ch09"
    (folder / "splits" / "crossmodal_train.txt").write_text("\n".join([*NAMES[:3], ignored]))
    (folder / "splits" / "crossmodal_test.txt").write_text(NAMES[3] + "\n")
    (folder / "ignore_list.txt").write_text(ignored + "\n")
    return folder, wavs


def test_parity_the_packs_slices_are_the_authors(aist, golden, tmp_path):
    pack = tmp_path / "aist.safetensors"
    assert main(["aist", str(aist[0]), str(aist[1]), str(pack), "--workers=1"]) == 0
    dances = load_pack(pack)
    assert dances.feature_type == "baseline"
    assert dances.features.shape == (4 * 150, 35)
    assert dances.holdout.tolist() == [False, False, False, True]
    normaliser = Normaliser(golden["normalizer.scale"], golden["normalizer.min"])
    ours = normaliser.normalise(dances.vectors.numpy().reshape(4, 150, 151))
    tolerance = np.abs(golden["normalizer.scale"]) * QUANTISED + 1e-5
    assert (np.abs(ours - golden["data.normalized_151"]) <= tolerance).all()


@pytest.fixture
def jukebox(tmp_path):
    """A tiny Jukebox, as `jukebox convert` makes it (tests/data/jukebox/README.md)."""
    originals = tmp_path / "originals"
    originals.mkdir()
    shutil.copy(JUKEBOX / PRIOR_SOURCE, originals)
    model = load_file(JUKEBOX / "vqvae_level2_random.safetensors")
    content = {"hps": {}, "model": model, "opt": None, "step": 1}
    torch.save(content, originals / ENCODER_SOURCE, _use_new_zipfile_serialization=False)
    return convert(originals, tmp_path / "jukebox", layers=6, heads=2)


def test_jukebox_features_are_computed_for_each_slice_separately(aist, jukebox, tmp_path, monkeypatch):
    monkeypatch.setenv("EDGE_DANCE_CACHE", str(tmp_path / "cache"))
    song = load(JUKEBOX / "song.flac", duration=7.0)  # 2 s longer than the motion
    soundfile.write(aist[1] / f"{NAMES[0]}.wav", song.samples, song.rate, subtype="FLOAT")
    pack = tmp_path / "aist.safetensors"
    options = ["--features=jukebox", f"--jukebox={jukebox.path}", "--device=cpu"]
    assert main(["aist", str(aist[0]), str(aist[1]), str(pack), *options]) == 0
    dances = load_pack(pack)
    assert dances.feature_type == "jukebox"
    assert dances.features.shape == (4 * 150, 64)
    alone = jukebox_windows(song, 150, JukeboxSettings(folder=jukebox.path, cache=None))
    np.testing.assert_allclose(dances.features[:150].numpy(), alone[0], rtol=2e-3, atol=2e-3)  # float16
    small = ["--latent=16", "--ff=32", "--layers=1", "--heads=2", "--batch=2", "--holdout-windows=2", "--steps=2"]
    assert main(["run", str(pack), f"--out={tmp_path / 'run'}", "--device=cpu", *small]) == 0


def test_windows_of_jukebox_may_follow_each_other_more_closely(jukebox):
    song = load(JUKEBOX / "song.flac", duration=6.2)
    settings = JukeboxSettings(folder=jukebox.path, precision="fp32", cache=None)
    close = jukebox_windows(song, 180, settings, stride=15)
    assert len(close) == 3
    later = Audio(song.samples[song.rate :], song.rate, song.path)
    np.testing.assert_allclose(close[2], jukebox_windows(later, 150, settings)[0], atol=1e-4)


def test_without_jukebox_nothing_is_begun(aist, tmp_path, capsys):
    pack = tmp_path / "aist.safetensors"
    options = ["--features=jukebox", f"--jukebox={tmp_path / 'nowhere'}"]
    assert main(["aist", str(aist[0]), str(aist[1]), str(pack), *options]) == 2
    assert "ukebox" in capsys.readouterr().err
    assert not pack.exists()


def test_slices_are_five_seconds_half_a_second_apart():
    assert list(slice_starts(149)) == []
    assert list(slice_starts(195)) == [0, 15, 30, 45]


def test_a_missing_wav_is_named_before_any_work(aist, tmp_path):
    (aist[1] / f"{NAMES[2]}.wav").unlink()
    with pytest.raises(EdgeError, match=NAMES[2]) as error:
        prepare_aist(*aist, tmp_path / "pack", kind="baseline")
    assert error.value.code == "audio_missing"


def test_the_song_itself_serves_where_a_motion_has_no_wav_of_its_own(aist, tmp_path):
    (aist[1] / f"{NAMES[2]}.wav").rename(aist[1] / "mBR2.wav")
    prepare_aist(*aist, tmp_path / "pack", kind="rhythm")
    assert load_pack(tmp_path / "pack").features.shape == (600, 12)


@pytest.mark.parametrize("content", [Malice(), {"smpl_poses": np.zeros((300, 72))}, [1]])
def test_a_pickle_of_something_else_is_refused_by_name_and_not_run(aist, tmp_path, capsys, content):
    write_pickle(aist[0] / "motions" / f"{NAMES[1]}.pkl", content)
    with pytest.raises(EdgeError, match=NAMES[1]) as error:
        prepare_aist(*aist, tmp_path / "pack", kind="rhythm")
    assert error.value.code == "motion_unreadable"
    assert "run" not in capsys.readouterr().out


def test_numbers_that_are_none_are_named_by_dance_and_frame(aist, golden, tmp_path):
    poses = golden["data.q_yup_60fps"][0].copy()
    poses[80, 5] = np.nan
    motion = {"smpl_poses": poses, "smpl_trans": golden["data.pos_yup_60fps"][0], "smpl_scaling": np.ones(1)}
    write_pickle(aist[0] / "motions" / f"{NAMES[0]}.pkl", motion)
    with pytest.raises(EdgeError, match=f"{NAMES[0]}.*frame 40") as error:
        prepare_aist(*aist, tmp_path / "pack", kind="rhythm")
    assert error.value.code == "motion_nan"


def spinning(seconds=8, rate=120):
    """AMASS arrays of someone who turns about up at one radian a second, 52 joints, 0.1 m above the floor."""
    times = np.arange(seconds * rate) / rate
    upright = Rotation.from_euler("x", 90, degrees=True)
    poses = np.zeros((len(times), 156))
    poses[:, :3] = (Rotation.from_rotvec(times[:, None] * [0, 0, 1]) * upright).as_rotvec()
    return {"poses": poses, "trans": np.tile([0.0, 0, 1.5], (len(times), 1)), "mocap_framerate": np.array(float(rate))}


def test_amass_motions_come_at_thirty_frames_and_on_the_floor(tmp_path):
    path = tmp_path / "spin.npz"
    np.savez(path, **spinning())
    motion = read_motions(path)[0].motion
    assert motion.frames == 240
    turned = Rotation.from_matrix(motion.rotations[90, 0] @ motion.rotations[0, 0].T).as_rotvec()
    np.testing.assert_allclose(turned, [0, 0, 3], atol=1e-4)
    assert motion.joints()[..., 2].min() == pytest.approx(0, abs=0.01)


def test_a_motion_file_of_our_own_comes_back_as_it_is(tmp_path):
    np.savez(tmp_path / "spin.npz", **spinning())
    motion = read_motions(tmp_path / "spin.npz")[0].motion
    save_motion(tmp_path / "own.npz", motion)
    again = read_motions(tmp_path / "own.npz")[0].motion
    np.testing.assert_allclose(again.rotations, motion.rotations, atol=1e-5)
    np.testing.assert_allclose(again.root, motion.root, atol=1e-5)


def test_a_folder_becomes_a_pack_that_trains(tmp_path):
    folder = tmp_path / "mocap"
    folder.mkdir()
    for number in range(10):
        np.savez(folder / f"take{number}.npz", **spinning())
    time = np.arange(8 * 22050)
    soundfile.write(folder / "take0.wav", 0.5 * np.sin(time * 0.1) * (time % 11025 < 900), 22050)
    pack = tmp_path / "own.safetensors"
    assert main(["mocap", str(folder), str(pack), "--style=modern", "--licence=mine"]) == 0
    dances = load_pack(pack)
    assert dances.holdout.sum() == 1
    known = dances.features[:, 11].reshape(10, 240)
    assert known[0].all()
    assert not known[1:].any()
    small = ["--latent=16", "--ff=32", "--layers=1", "--heads=2", "--batch=2", "--holdout-windows=2", "--steps=2"]
    assert main(["run", str(pack), f"--out={tmp_path / 'run'}", "--device=cpu", *small]) == 0


def test_broken_motions_are_named(tmp_path):
    spoilt = spinning()
    spoilt["trans"][400] = np.nan
    np.savez(tmp_path / "spoilt.npz", **spoilt)
    with pytest.raises(EdgeError, match=r"spoilt\.npz.*frame 400"):
        prepare_mocap(tmp_path, tmp_path / "pack", "any", "mine")
    np.savez(tmp_path / "spoilt.npz", poses=np.zeros((5, 3)), trans=np.zeros((5, 3)), mocap_framerate=30)
    (tmp_path / "also.bvh").write_text("nothing")
    np.savez(tmp_path / "good.npz", **spinning())
    with pytest.raises(EdgeError, match=r"(?s)also\.bvh.*spoilt\.npz") as error:
        prepare_mocap(tmp_path, tmp_path / "pack", "any", "mine")
    assert error.value.code == "motions_unusable"
    said: list[str] = []
    prepare_mocap(tmp_path, tmp_path / "pack", "any", "mine", said.append, skip=True)
    assert load_pack(tmp_path / "pack").length.tolist() == [240]
    assert [line.startswith("Left out") for line in said] == [True, True, False]


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(EdgeError, match="no motions"):
        prepare_mocap(tmp_path, tmp_path / "pack", "any", "mine")
