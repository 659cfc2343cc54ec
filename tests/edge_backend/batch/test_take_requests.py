"""Which takes a batch consists of: names, seeds, manifests."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_fixtures import write_song, write_weights

from edge_backend.batch.manifest import Outcome, read_manifest, write_manifest
from edge_backend.batch.memory import PROCESS_BYTES, free_memory, suitable_jobs, usable_cores
from edge_backend.batch.seeds import seeds_in
from edge_backend.batch.take_requests import Take, TakeRequest, songs_in, state_of, takes_of
from edge_backend.errors import EdgeError
from edge_backend.generation.model_cache import ModelCache
from edge_backend.generation.pipeline import write_dance
from edge_backend.motion.files import load_motion, save_motion
from edge_backend.schema.requests import BeatsRequest, FeetRequest, GenerateRequest, LoopRequest


def code_of(call: object, *arguments: object) -> str:
    with pytest.raises(EdgeError) as caught:
        call(*arguments)  # type: ignore[operator]
    return caught.value.code


def test_seeds_are_written_as_ranges_and_lists() -> None:
    assert seeds_in("1-3") == (1, 2, 3)
    assert seeds_in("5, 1-2,2-3") == (5, 1, 2, 3)
    for words in ("", "a", "3-1", "1-", "-1", "1-99999", "1;2"):
        with pytest.raises(ValueError, match="seeds"):
            seeds_in(words)


def test_of_a_folder_the_sound_files_are_taken(tmp_path: Path) -> None:
    for name in ("b.OGG", "a.wav", "cover.png", "notes.txt"):
        (tmp_path / name).touch()
    named = tmp_path / "cover.png"  # who names a file means it
    assert songs_in([tmp_path, named]) == [tmp_path / "a.wav", tmp_path / "b.OGG", named]


def test_names_are_songs_and_seeds_and_never_the_same() -> None:
    songs = ["x/Song.wav", "x/song.ogg", "y/song.ogg"]  # one name to a system that does not know capitals
    takes = takes_of(TakeRequest(GenerateRequest(song, seed=1)) for song in [*songs, songs[0]])
    assert [take.name for take in takes] == ["Song-1", "song~2-1", "song~3-1"]
    assert [take.request.song for take in takes] == songs


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a\0b"])
def test_a_name_that_no_file_can_have_is_refused(name: str) -> None:
    assert code_of(takes_of, [TakeRequest(GenerateRequest("s.wav"), name)]) == "batch_name"


def test_two_takes_of_one_given_name_are_refused() -> None:
    requests = [TakeRequest(GenerateRequest("s.wav", seed=seed), "hero") for seed in (1, 2)]
    assert code_of(takes_of, requests) == "batch_name"
    assert len(takes_of(requests[:1] * 2)) == 1


# --- Manifests


def test_a_spreadsheet_says_song_by_song_what_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "tonight.csv"
    path.write_text(
        "\ufeffsong,seeds,style,energy,duration,name,on_beat\nmusic/a.ogg,1-2,salsa,0.5,,,\n/b.ogg,,,,10,finale,0.5\n",
        encoding="utf-8",
    )
    usual = GenerateRequest("", steps=4, energy=0.9)
    requests = read_manifest(path, usual, (7,))
    a = str(tmp_path / "music/a.ogg")
    assert requests == [
        TakeRequest(GenerateRequest(a, seed=1, style="salsa", energy=0.5, steps=4)),
        TakeRequest(GenerateRequest(a, seed=2, style="salsa", energy=0.5, steps=4)),
        TakeRequest(GenerateRequest("/b.ogg", seed=7, steps=4, energy=0.9, duration=10, on_beat=0.5), "finale"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"song": "a", "stile": "salsa"}]', "row 1 has no field"),
        ('[{"song": "a", "style": "polka"}]', "style cannot be"),
        ('[{"song": "a"}, {"seed": 1}]', "row 2 cannot be used: it names no song"),
        ('[{"song": "a", "seeds": "x"}]', "no list of seeds"),
        ('["a"]', "not an object"),
        ("{}", "not a list"),
        ("[", "Expecting"),
    ],
)
def test_a_manifest_that_makes_no_sense_says_where(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "m.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EdgeError, match=words) as caught:
        read_manifest(path, GenerateRequest(""), (0,))
    assert caught.value.code == "batch_manifest"


def test_a_manifest_that_is_not_there(tmp_path: Path) -> None:
    assert code_of(read_manifest, tmp_path / "none.csv", GenerateRequest(""), (0,)) == "batch_manifest"


REQUESTS = st.builds(
    GenerateRequest,
    song=st.sampled_from(["a.ogg", "music/b c.wav"]),
    seed=st.integers(0, 2**31),
    start=st.floats(0, 100),
    duration=st.none() | st.floats(1, 100),
    style=st.sampled_from(["any", "salsa"]),
    energy=st.none() | st.floats(0, 1),
    sequential=st.booleans(),
    guidance_interval=st.sampled_from([(20, 999), (10, 900)]),
    feet=st.builds(FeetRequest, enabled=st.booleans(), strength=st.floats(0, 1)),
    beats=st.builds(BeatsRequest, tempo=st.sampled_from(["heard", "half"]), bar=st.integers(0, 3)),
)


@given(request=REQUESTS, suffix=st.sampled_from(["csv", "json"]))
def test_what_comes_out_goes_in_again(
    request: GenerateRequest, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("round")
    path = folder / f"m.{suffix}"
    song = str(folder / request.song)
    take = Take("hero", GenerateRequest(song, **{f: getattr(request, f) for f in FIELDS}))
    write_manifest(path, [Outcome(take, "made", 60, 1.5), Outcome(take, "failed", error=EdgeError("x", "No."))])
    assert read_manifest(path, GenerateRequest(""), (0,)) == [TakeRequest(take.request, "hero")] * 2


FIELDS = ("seed", "start", "duration", "style", "energy", "sequential", "guidance_interval", "feet", "beats")


def test_the_report_has_the_outcome_of_each_take(tmp_path: Path) -> None:
    take = Take("a-1", GenerateRequest(str(tmp_path / "a.ogg"), seed=1))
    failure = EdgeError("audio_missing", "There is no song.", "Check the path.")
    write_manifest(tmp_path / "m.csv", [Outcome(take, "made", 60, 1.234), Outcome(take, "failed", error=failure)])
    with (tmp_path / "m.csv").open(encoding="utf-8", newline="") as file:
        made, failed = csv.DictReader(file)
    assert (made["song"], made["file"], made["frames"], made["seconds"]) == ("a.ogg", "a-1.npz", "60", "1.23")
    assert (failed["state"], failed["code"]) == ("failed", "audio_missing")
    assert failed["message"] == "There is no song. Check the path."


# --- What is there already


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Take, Path]:
    folder = tmp_path_factory.mktemp("made")
    weights, song = write_weights(folder), write_song(folder / "song.wav", seconds=2.0)
    request = GenerateRequest(str(song), steps=2, seed=3, weights=str(weights), guidance_interval=(0, 900))
    write_dance(request, folder / "song-3.npz", model_cache=ModelCache("cpu"))
    return Take("song-3", request), folder / "song-3.npz"


def test_a_take_is_there_if_its_file_was_made_from_the_same_request(made: tuple[Take, Path], tmp_path: Path) -> None:
    take, path = made
    assert state_of(take, path) == "there"
    assert state_of(take, tmp_path / "none.npz") == "absent"
    for change in ({"seed": 4}, {"guidance": 1.5}, {"start": 0.5}, {"duration": 1.0}, {"feet": FeetRequest(False)}):
        assert state_of(Take("x", _changed(take.request, change)), path) == "other"
    (tmp_path / "no dance.npz").write_bytes(b"x")
    assert state_of(take, tmp_path / "no dance.npz") == "other"


def test_a_dance_to_the_first_second_is_not_the_dance_to_the_whole_song(tmp_path: Path) -> None:
    weights, song = write_weights(tmp_path), write_song(tmp_path / "song.wav", seconds=2.0)
    short = GenerateRequest(str(song), steps=2, weights=str(weights), duration=1.0)
    write_dance(short, tmp_path / "short.npz", model_cache=ModelCache("cpu"))
    assert state_of(Take("short", short), tmp_path / "short.npz") == "there"
    assert state_of(Take("short", _changed(short, {"duration": None})), tmp_path / "short.npz") == "other"


def test_a_loop_is_found_again_by_what_was_asked_for(tmp_path: Path) -> None:
    weights, song = write_weights(tmp_path), write_song(tmp_path / "song.wav", seconds=8.0)
    loop = GenerateRequest(str(song), start=1.0, steps=2, weights=str(weights), loop=LoopRequest(1))
    write_dance(loop, tmp_path / "loop.npz", model_cache=ModelCache("cpu"))
    assert state_of(Take("loop", loop), tmp_path / "loop.npz") == "there"
    for change in ({"loop": LoopRequest(2)}, {"loop": LoopRequest(1, travel=True)}, {"loop": None}, {"start": 1.5}):
        assert state_of(Take("loop", _changed(loop, change)), tmp_path / "loop.npz") == "other"


def test_a_setting_that_came_later_had_its_default_before(made: tuple[Take, Path], tmp_path: Path) -> None:
    take, path = made
    old = load_motion(path)
    del old.meta["smoothness"]  # as if the program had not known it then
    save_motion(tmp_path / "old.npz", old)
    assert state_of(take, tmp_path / "old.npz") == "there"
    assert state_of(Take("x", _changed(take.request, {"smoothness": 0.5})), tmp_path / "old.npz") == "other"


def test_a_song_that_was_changed_is_another_take(made: tuple[Take, Path], tmp_path: Path) -> None:
    take, path = made
    moved = write_song(tmp_path / "song.wav", seconds=2.0)
    assert state_of(Take("x", _changed(take.request, {"song": str(moved)})), path) == "there"  # only moved
    write_song(moved, seconds=2.0, bpm=90)
    assert state_of(Take("x", _changed(take.request, {"song": str(moved)})), path) == "other"


def _changed(request: GenerateRequest, change: dict[str, object]) -> GenerateRequest:
    plain = {name: getattr(request, name) for name in GenerateRequest.__slots__}
    return GenerateRequest(**(plain | change))


# --- How many at a time


def test_as_many_at_a_time_as_there_are_cores_and_memory_for() -> None:
    assert suitable_jobs("cpu", 100 * PROCESS_BYTES, cores=8) == 8
    assert suitable_jobs("cpu", 3 * PROCESS_BYTES, cores=8) == 3
    assert suitable_jobs("cpu", 0, cores=8) == 1
    assert suitable_jobs("cuda", 100 * PROCESS_BYTES, cores=8) == 1
    assert usable_cores() >= 1
    assert free_memory() > 1 << 20


def test_json_is_written_for_people_too(tmp_path: Path) -> None:
    write_manifest(tmp_path / "m.json", [Outcome(Take("Übung-1", GenerateRequest("Übung.ogg", seed=1)), "waiting")])
    text = (tmp_path / "m.json").read_text("utf-8")
    assert "Übung" in text
    assert json.loads(text)[0]["state"] == "waiting"
