"""Spectrum and beat tracker equal librosa's, and are imported quickly."""

import subprocess
import sys
from pathlib import Path

import librosa
import numpy as np
import pytest
from made_sound import audio, clicks, hats, kicks, snares

from edge_backend.audio import rhythm
from edge_backend.audio.beat_tracking import track_beats
from edge_backend.audio.features import song_features
from edge_backend.audio.loading import Audio, load
from edge_backend.audio.mel import decibels, mel_frequencies, mel_spectrum
from edge_backend.audio.onsets import BANDS, FFT, HOP, RATE, onset_strength
from edge_backend.audio.resampling import resampled
from edge_backend.schema.requests import BeatsRequest

SECONDS = 20.0


def drums(bpm):
    beat = 60 / bpm
    at = np.arange(0.3, SECONDS, beat)
    return kicks(at, SECONDS) + snares(at[1::2], SECONDS) + hats(at + beat / 2, SECONDS) + 0.3 * clicks(at, SECONDS)


@pytest.fixture(scope="module", params=["track", "drums", "noise"])
def sound(request, parity_folder):
    """A recorded song, drums, and noise, at 22050 Hz."""
    if request.param == "track":
        song = load(parity_folder / "track.wav")
        return librosa.resample(song.samples, orig_sr=song.rate, target_sr=RATE, res_type="soxr_mq")
    if request.param == "drums":
        made = audio(drums(118))
        return librosa.resample(made.samples, orig_sr=made.rate, target_sr=RATE, res_type="soxr_mq")
    return np.random.default_rng(0).normal(0, 0.1, RATE * 8).astype(np.float32)


def test_the_mel_scale_is_slaneys():
    np.testing.assert_allclose(mel_frequencies(82, 11025), librosa.mel_frequencies(82, fmax=11025), rtol=1e-12)
    np.testing.assert_allclose(mel_frequencies(9, 800), librosa.mel_frequencies(9, fmax=800), rtol=1e-12)


def test_the_spectrum_is_librosas(sound):
    ours = decibels(mel_spectrum(sound, RATE, FFT, HOP, BANDS), 80.0)
    power = librosa.feature.melspectrogram(y=sound, sr=RATE, n_fft=FFT, hop_length=HOP, n_mels=BANDS)
    theirs = librosa.power_to_db(power, ref=np.max, top_db=80.0)
    np.testing.assert_allclose(ours, theirs, atol=2e-3)  # dB; float32 at -80 dB


@pytest.mark.parametrize("bpm", [61.0, 97.5, 120.0, 174.0])
def test_beats_are_librosas(sound, bpm):
    curve = librosa.onset.onset_strength(y=sound, sr=RATE, hop_length=HOP)
    found = track_beats(curve, round(60 * RATE / HOP / bpm), 300.0)
    _, theirs = librosa.beat.beat_track(
        onset_envelope=curve, sr=RATE, hop_length=HOP, bpm=bpm, tightness=300.0, trim=False, units="frames"
    )
    # One path may be as good as another up to float32 rounding.
    assert np.isin(found, theirs).mean() > 0.95 and abs(len(found) - len(theirs)) <= 1


def test_silence_has_no_beats():
    assert len(track_beats(np.zeros(500, np.float32), 40, 300.0)) == 0
    late = np.zeros(2000, np.float32)
    late[1000::40] = 1
    assert track_beats(late, 40, 300.0)[0] > 900


def test_listening_to_a_song_needs_no_compiler():
    """librosa takes seconds to load, and numba some more to compile, in each process that uses them."""
    code = (
        "import sys, numpy as np; from pathlib import Path\n"
        "from edge_backend.audio.features import song_features; from edge_backend.audio.loading import Audio\n"
        "sound = np.random.default_rng(0).normal(0, 0.1, 44100 * 4).astype(np.float32)\n"
        "song_features(Audio(sound, 44100, Path('x')), 'rhythm', 120)\n"
        "print([name for name in ('librosa', 'numba', 'scipy', 'torch') if name in sys.modules])"
    )
    root = Path(__file__).parents[3]
    told = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert told.stdout.strip() in ("[]", "['torch']")


def test_a_song_is_analysed_once(monkeypatch):
    heard = []

    def listening(audio):
        heard.append(len(audio.samples))
        return onset_strength(audio)

    monkeypatch.setattr("edge_backend.audio.beat_detection.onset_strength", listening)
    song, other = audio(drums(119)), audio(drums(121))
    first = song_features(song, "rhythm", 300)
    again = song_features(audio(drums(119)), "rhythm", 300)
    assert len(heard) == 1
    assert again.values.tobytes() == first.values.tobytes()
    song_features(other, "rhythm", 300)
    assert len(heard) == 2
    corrected = song_features(song, "rhythm", 290, correction=BeatsRequest(offset=0.1))
    assert len(heard) == 2  # neither its beats as the user corrects them nor another length is another song
    assert corrected.beats.beats[1] != first.beats.beats[1]


@pytest.mark.parametrize("seconds", [3.0, 34.1, 34.2, 68.3])  # within, at the end of, and past a block of 1024 frames
def test_a_song_is_as_loud_in_blocks_as_in_one_piece(monkeypatch, seconds):
    song = Audio(np.random.default_rng(1).normal(0, 0.1, round(seconds * 22050)).astype(np.float32), 22050, Path("x"))
    in_blocks, _ = rhythm.rhythm_features(song, round(seconds * 30))
    monkeypatch.setattr(rhythm, "BLOCK", 10**6)
    whole, _ = rhythm.rhythm_features(song, round(seconds * 30))
    assert in_blocks.tobytes() == whole.tobytes()


def test_only_baseline_features_need_librosa():
    """The backend that set-up makes has no librosa: all else is heard, and of those it is said what to install."""
    code = (
        "import sys; sys.modules['librosa'] = None\n"
        "import numpy as np; from pathlib import Path\n"
        "from edge_backend.audio.features import song_features; from edge_backend.audio.loading import Audio\n"
        "from edge_backend.audio.jukebox.sound import prepare; from edge_backend.errors import EdgeError\n"
        "sound = np.random.default_rng(0).normal(0, 0.1, 48000 * 6).astype(np.float32)\n"
        "print(len(song_features(Audio(sound, 48000, Path('x')), 'rhythm', 180).values), len(prepare(sound, 48000)))\n"
        "try: song_features(Audio(sound, 48000, Path('x')), 'baseline', 180)\n"
        "except EdgeError as error: print(error.code, error.hint)"
    )
    root = Path(__file__).parents[3]
    told = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True).stdout
    sizes, refusal = told.splitlines()
    assert sizes == "180 264600"
    assert refusal.startswith("librosa_missing") and f'"{sys.executable}" -m pip install' in refusal


@pytest.mark.parametrize(("rate", "target"), [(48000, 44100), (44100, 15360), (22050, 44100), (44100, 44100)])
def test_sound_is_resampled_as_librosa_does_it(rate, target):
    sound = np.random.default_rng(1).normal(0, 0.1, rate + 7).astype(np.float32)
    np.testing.assert_array_equal(
        resampled(sound, rate, target), librosa.resample(sound, orig_sr=rate, target_sr=target)
    )
