"""Songs of every format, exact ranges of samples, and errors."""

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from made_sound import FFMPEG_FORMATS, SOUNDFILE_FORMATS, clicks, write

from edge_backend.audio import blocks
from edge_backend.audio.loading import Audio, load
from edge_backend.errors import EdgeError

FORMATS = [*SOUNDFILE_FORMATS, *FFMPEG_FORMATS]
RATE = 48000  # the one rate that all of them take
CLICK_S, LENGTH_S = 1.5, 4.0


@pytest.fixture(scope="module")
def song_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("songs")
    sound = clicks(np.array([CLICK_S]), LENGTH_S, RATE)
    return {suffix: write(folder / f"song.{suffix}", sound, RATE) for suffix in FORMATS}


@pytest.fixture(scope="module")
def whole_songs(song_files: dict[str, Path]) -> dict[str, Audio]:
    return {suffix: load(path) for suffix, path in song_files.items()}


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_song_sounds_at_its_time_in_every_format(suffix: str, whole_songs: dict[str, Audio]) -> None:
    song = whole_songs[suffix]
    assert song.samples.dtype == np.float32
    assert song.rate == RATE
    assert song.duration == pytest.approx(LENGTH_S, abs=0.02)  # a coded block at the end may be cut or padded
    loud = np.flatnonzero(np.abs(song.samples) > 0.3)
    assert loud[0] / song.rate == pytest.approx(CLICK_S, abs=0.002)  # a tone of 1 kHz reaches 0.3 in 0.05 ms


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100, 96000])
def test_a_song_keeps_its_own_rate(rate: int, tmp_path: Path) -> None:
    sound = clicks(np.array([0.5]), 1.5, rate)
    song = load(write(tmp_path / "song.flac", sound, rate))
    assert song.rate == rate
    np.testing.assert_allclose(song.samples, sound, atol=2**-15)  # 16-bit steps


@settings(max_examples=60, deadline=None)
@given(
    suffix=st.sampled_from(FORMATS),
    start=st.floats(0, LENGTH_S - 1.1),
    duration=st.one_of(st.none(), st.floats(1.0, 2 * LENGTH_S)),
)
def test_a_stretch_is_the_same_samples_as_in_the_whole_song(
    suffix: str, start: float, duration: float | None, song_files: dict[str, Path], whole_songs: dict[str, Audio]
) -> None:
    stretch = load(song_files[suffix], start, duration)
    first = round(start * RATE)
    last = None if duration is None else first + round(duration * RATE)
    np.testing.assert_array_equal(stretch.samples, whole_songs[suffix].samples[first:last])


@pytest.mark.parametrize("suffix", ["wav", "m4a"])
def test_two_channels_become_their_mean(suffix: str, tmp_path: Path) -> None:
    left = clicks(np.array([0.5]), 2.0, RATE)
    song = load(write(tmp_path / f"song.{suffix}", np.stack([left, np.zeros_like(left)], axis=1), RATE))
    assert np.abs(song.samples).max() == pytest.approx(np.abs(left).max() / 2, rel=0.05)


@pytest.fixture
def without_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in Blender's own Python."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "av" else find_spec(name))
    monkeypatch.setattr(blocks, "find_spec", importlib.util.find_spec)


@pytest.mark.usefixtures("without_pyav")
@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "opus"])
def test_without_pyav_usual_songs_are_read_all_the_same(suffix: str, song_files: dict[str, Path]) -> None:
    song = load(song_files[suffix])
    assert song.rate == RATE
    assert song.duration == pytest.approx(LENGTH_S, abs=0.06)  # a coded block at the end may be cut or padded
    assert np.flatnonzero(np.abs(song.samples) > 0.3)[0] / RATE == pytest.approx(CLICK_S, abs=0.002)


@pytest.mark.usefixtures("without_pyav")
def test_without_pyav_other_songs_are_refused_with_what_to_do(song_files: dict[str, Path]) -> None:
    error = refusal(song_files["m4a"])
    assert error.code == "audio_unreadable" and "PyAV" in error.hint


def test_a_path_may_be_a_string_in_any_script(tmp_path: Path) -> None:
    path = write(tmp_path / "Ça plane 舞.flac", clicks(np.array([0.5]), 1.5), 22050)
    assert load(str(path)).duration == pytest.approx(1.5)


def refusal(path: Path, start: float = 0.0, duration: float | None = None) -> EdgeError:
    with pytest.raises(EdgeError) as caught:
        load(path, start, duration)
    error = caught.value
    assert error.message.endswith(".")
    assert ". " not in error.message  # one sentence
    assert error.hint
    return error


def test_a_missing_song_is_named(tmp_path: Path) -> None:
    error = refusal(tmp_path / "nowhere.mp3")
    assert error.code == "audio_missing"
    assert "nowhere.mp3" in error.message


def test_a_folder_is_not_a_song(tmp_path: Path) -> None:
    assert refusal(tmp_path).code == "audio_folder"


@pytest.mark.parametrize("content", [b"", b"not a song at all", bytes(range(256)) * 40], ids=["empty", "text", "bytes"])
@pytest.mark.parametrize("suffix", ["mp3", "wav", "m4a"])
def test_what_is_no_sound_is_refused(content: bytes, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"song.{suffix}"
    path.write_bytes(content)
    assert refusal(path).code == "audio_unreadable"


def test_a_file_that_breaks_off_is_read_as_far_as_it_goes_or_refused(
    song_files: dict[str, Path], tmp_path: Path
) -> None:
    for suffix, whole in song_files.items():
        content = whole.read_bytes()
        path = tmp_path / whole.name
        path.write_bytes(content[: len(content) // 2])
        try:
            assert load(path).duration < LENGTH_S + 0.02
        except EdgeError as error:
            assert error.code in ("audio_unreadable", "audio_too_short"), suffix


def flac_header(samples: int = round(LENGTH_S * RATE), channels: int = 1, bits: int = 16) -> Callable[[bytes], bytes]:
    """A FLAC file with that in the place of what its header says."""

    def changed(content: bytes) -> bytes:
        fields = RATE << 44 | channels - 1 << 41 | bits - 1 << 36 | samples  # bytes 10 to 17 of STREAMINFO
        return content[:18] + fields.to_bytes(8, "big") + content[26:]

    return changed


def mp3_header(frames: int) -> Callable[[bytes], bytes]:
    """An MP3 file whose first frame says that it has so many."""

    def changed(content: bytes) -> bytes:
        place = re.search(b"Xing|Info", content).end() + 4  # type: ignore[union-attr]
        return content[:place] + frames.to_bytes(4, "big") + content[place + 4 :]

    return changed


def wav_header(size: int) -> Callable[[bytes], bytes]:
    """A WAV file that says that it has so many bytes of sound."""

    def changed(content: bytes) -> bytes:
        place = content.index(b"data") + 4
        return content[:place] + size.to_bytes(4, "little") + content[place + 4 :]

    return changed


NOISE = np.random.default_rng(0).integers(0, 256, 3000, np.uint8).tobytes()


@pytest.mark.parametrize(
    ("suffix", "damage"),
    [
        pytest.param("flac", flac_header(samples=0), id="flac without a length"),
        pytest.param("flac", flac_header(samples=RATE), id="flac with too short a length"),
        pytest.param("flac", flac_header(samples=9 * RATE), id="flac with too long a length"),
        pytest.param("flac", flac_header(channels=2), id="flac with too many channels"),
        pytest.param("flac", flac_header(channels=6), id="flac with far too many channels"),
        pytest.param("flac", flac_header(bits=24), id="flac with another depth"),
        pytest.param("flac", lambda content: content + NOISE, id="flac with a tail"),
        pytest.param("mp3", mp3_header(frames=0), id="mp3 without a length"),
        pytest.param("mp3", mp3_header(frames=100), id="mp3 with too short a length"),
        pytest.param("mp3", mp3_header(frames=1000), id="mp3 with too long a length"),
        pytest.param("mp3", lambda content: content + NOISE, id="mp3 with a tail"),
        pytest.param("mp3", lambda content: content[:-300] + NOISE[:300], id="mp3 with a broken tail"),
        pytest.param("mp3", lambda content: content[:-100], id="mp3 that breaks off in a frame"),
        pytest.param("wav", wav_header(size=0), id="wav without a length"),
        pytest.param("wav", wav_header(size=2**32 - 1), id="wav with the longest length"),
        pytest.param("ogg", lambda content: content + NOISE, id="ogg with a tail"),
    ],
)
def test_a_songs_length_is_that_of_the_decoded_sound_whatever_its_header_says(
    suffix: str, damage: Callable[[bytes], bytes], song_files: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / f"song.{suffix}"
    path.write_bytes(damage(song_files[suffix].read_bytes()))
    song = load(path)
    assert song.duration == pytest.approx(LENGTH_S, abs=0.08)  # a block of mp3 and what comes of its tail
    assert song.rate == RATE
    assert np.flatnonzero(np.abs(song.samples) > 0.3)[0] / RATE == pytest.approx(CLICK_S, abs=0.002)


@pytest.mark.parametrize("suffix", ["flac", "mp3"])
def test_a_song_goes_on_behind_a_broken_spot(suffix: str, tmp_path: Path) -> None:
    path = write(tmp_path / f"song.{suffix}", clicks(np.array([1.5, 7.0]), 8.0, RATE), RATE)
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(content[:middle] + NOISE[:300] + content[middle + 300 :])
    song = load(path)
    assert song.duration > 7.5
    assert np.flatnonzero(np.abs(song.samples) > 0.3)[-1] / RATE > 6.5


def test_opus_in_webm_without_a_duration_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "recorded.webm", clicks(np.array([CLICK_S]), LENGTH_S, RATE), RATE)
    with av.open(str(path)) as container:
        assert container.duration is None
    song = load(path)
    assert song.duration == pytest.approx(LENGTH_S, abs=0.02)
    assert np.flatnonzero(np.abs(song.samples) > 0.3)[0] / RATE == pytest.approx(CLICK_S, abs=0.002)


def test_a_colon_in_a_songs_name_begins_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "mix.m4a", clicks(np.array([0.5]), 1.5, RATE), RATE).rename(tmp_path / "mix:1.m4a")
    monkeypatch.chdir(tmp_path)
    assert load("mix:1.m4a").duration == pytest.approx(1.5, abs=0.02)


def test_a_film_without_sound_says_so(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        container.mux(stream.encode(None))
    error = refusal(path)
    assert (error.code, error.message) == ("audio_unreadable", "There is no sound in film.mp4.")


def test_a_fifth_of_a_second_is_too_short(tmp_path: Path) -> None:
    error = refusal(write(tmp_path / "blip.wav", clicks(np.array([0.1]), 0.2), 22050))
    assert error.code == "audio_too_short"
    assert error.message == "blip.wav gives 0.20 s of sound; a dance needs at least 1 s."


def test_a_start_near_or_past_the_end_is_too_short(song_files: dict[str, Path]) -> None:
    for start in (LENGTH_S - 0.5, LENGTH_S, 100.0):
        error = refusal(song_files["flac"], start)
        assert error.code == "audio_too_short"
        assert f"from {start:g} s on" in error.message


@pytest.mark.parametrize(("start", "duration"), [(-1.0, None), (float("nan"), None), (0.0, 0.0), (0.0, -2.0)])
def test_times_that_mean_nothing_are_refused(start: float, duration: float | None, song_files: dict[str, Path]) -> None:
    assert refusal(song_files["wav"], start, duration).code == "audio_range"


def test_silence_is_refused(tmp_path: Path) -> None:
    assert refusal(write(tmp_path / "still.wav", np.zeros(44100), 22050)).code == "audio_silent"


def test_a_silent_stretch_of_a_song_is_refused(tmp_path: Path) -> None:
    sound = np.zeros(4 * 22050)
    sound[:22050] = clicks(np.array([0.1]), 1.0)
    path = write(tmp_path / "song.wav", sound, 22050)
    assert load(path).duration == 4.0
    assert refusal(path, start=2.0).code == "audio_silent"


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30, -1e9])
def test_samples_that_are_not_numbers_or_too_large_are_refused(bad: float, tmp_path: Path) -> None:
    sound = clicks(np.array([0.5]), 2.0)
    sound[30000] = bad
    soundfile.write(tmp_path / "song.wav", sound, 22050, subtype="FLOAT")
    assert refusal(tmp_path / "song.wav").code == "audio_unreadable"
