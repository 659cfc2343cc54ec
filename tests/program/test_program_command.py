"""docs/command_line.md in Blender's real program: exit codes, JSON, films, Ctrl-C, resuming after a kill."""

import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import av
import pytest
import real_program

SIGNALS = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal to send as Ctrl-C")
Line = dict[str, Any]


@pytest.fixture
def given(song: Path, worker_python: Path) -> list[object]:
    """A song, and options for a fast dance."""
    quick = ["--quality", "draft", "--engine", "workbench", "--size", "64x36", "--threads", 1]
    return ["--song", song, "--backend-python", worker_python, *quick]


def command(user_folder: Path, *words: object, before: tuple[object, ...] = ("-b",)) -> tuple[int, list[Line], str]:
    """Run the command; returns the exit code, the JSON lines and stderr.

    Lines that Blender prints before the command starts are ignored; there must be none after it.
    """
    code, out, errors = real_program.finish(user_folder, *before, "--command", "edge_dance", *words, "--json")
    return code, [json.loads(line) for line in from_first_event(out.splitlines())], errors


def from_first_event(lines: list[str]) -> list[str]:
    return lines[next((at for at, line in enumerate(lines) if line.startswith("{")), len(lines)) :]


def events(lines: list[Line], kind: str) -> list[Line]:
    return [line for line in lines if line["event"] == kind]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_extension_is_installed(user_folder: Path) -> None:
    code, out, errors = real_program.finish(user_folder, "--command", "extension", "list")
    assert code == 0 and "edge_dance" in out, out + errors


def test_help_is_printed(user_folder: Path) -> None:
    code, out, errors = real_program.finish(user_folder, "--command", "edge_dance", "--help")
    assert code == 0 and "--seeds SEEDS" in out and "Traceback" not in errors


def test_a_dry_run_prints_the_plan_and_writes_nothing(user_folder: Path, given: list[object], song: Path) -> None:
    words = [*given, "--save", song.parent / "out", "--dry-run", "--seeds", "1-2"]
    code, lines, errors = command(user_folder, *words, before=())
    assert code == 0 and "Traceback" not in errors, errors
    assert [line["event"] for line in lines] == ["plan", "plan", "done"]
    assert names_in(song.parent) == ["song.wav"]


@pytest.mark.parametrize(
    ("words", "code"), [(["--save", "x"], "music_none"), (["--scene", "nowhere.blend", "--save", "x"], "scene_missing")]
)
def test_what_cannot_be_done_ends_with_2(user_folder: Path, words: list[str], code: str) -> None:
    status, lines, errors = command(user_folder, *words)
    assert (status, [line["code"] for line in lines]) == (2, [code]) and "Traceback" not in errors


def test_options_that_make_no_sense_end_with_2(user_folder: Path) -> None:
    status, lines, errors = command(user_folder, "--style", "polka")
    assert (status, lines) == (2, []) and "--style" in errors and "Traceback" not in errors


def test_where_every_take_fails_the_code_is_2(user_folder: Path, song: Path) -> None:
    words = ["--song", song, "--save", song.parent / "out", "--backend-python", song.parent / "none"]
    status, lines, _ = command(user_folder, *words)
    assert status == 2 and [line["code"] for line in events(lines, "error")] == ["backend_python_missing"]


def test_where_one_song_fails_the_others_are_danced_and_the_code_is_1(
    user_folder: Path, given: list[object], song: Path
) -> None:
    words = ["--song", song.with_name("gone.wav"), *given[1:], "--save", song.parent / "out"]
    status, lines, _ = command(user_folder, *words)
    assert status == 1 and events(lines, "error")[0]["code"] == "music_missing"
    assert lines[-1] == {"event": "done", "asked": 2, "takes": 1, "films": 0, "skipped": 0, "failed": 1}


def test_takes_are_saved_and_filmed_and_a_second_run_finds_them_there(
    user_folder: Path, given: list[object], song: Path
) -> None:
    status, lines, errors = command(user_folder, *given, "--save", song.parent / "first")
    assert status == 0 and "Traceback" not in errors, errors
    assert {line["stage"] for line in events(lines, "progress")} & {"loading", "features", "sampling", "feet"}
    scene = song.parent / "first/song.blend"
    dance = ["--seeds", "1-2", "--render", "//films", *given[2:]]  # to the song in the scene, beside the scene
    status, lines, errors = command(user_folder, *dance, before=("-b", scene))
    assert status == 0 and "Traceback" not in errors, errors
    assert lines[-1] == {"event": "done", "asked": 2, "takes": 2, "films": 2, "skipped": 0, "failed": 0}
    films = scene.parent / "films"
    assert names_in(films) == ["song dance 1.mp4", "song dance 2.mp4", "song dance.blend"]
    with av.open(str(films / "song dance 1.mp4")) as film:
        picture, sound = film.streams.video[0], film.streams.audio[0]
        assert (picture.width, picture.height) == (64, 36) and picture.frames > 24 * 2.5
        assert sum(frame.samples for frame in film.decode(sound)) > 2.5 * sound.rate

    (films / "song dance 2.mp4").unlink()
    status, lines, _ = command(user_folder, *dance, before=("-b", scene))
    assert [line["todo"] for line in events(lines, "plan")] == ["there already", "film"]
    assert lines[-1] == {"event": "done", "asked": 2, "takes": 0, "films": 1, "skipped": 1, "failed": 0}


@pytest.mark.parametrize("engine", ["cycles", "eevee", "scene"])
def test_every_engine_films(user_folder: Path, given: list[object], song: Path, engine: str) -> None:
    """With a scene of few frames, a camera, and Blender's default cube."""
    scene = song.with_name("slow.blend")
    lines = "import bpy; render = bpy.context.scene.render; render.fps, render.engine = 4, 'BLENDER_WORKBENCH';"
    lines += f"bpy.ops.wm.save_as_mainfile(filepath={str(scene)!r})"
    assert real_program.finish(user_folder, "-b", "--factory-startup", "--python-expr", lines)[0] == 0
    lines = "import bpy; bpy.ops.edge_dance.add_dancer(); bpy.ops.wm.save_mainfile()"
    code, out, errors = real_program.finish(user_folder, "-b", scene, "--python-exit-code", "1", "--python-expr", lines)
    assert code == 0, out + errors
    words = ["--engine", engine, "--samples", 1, "--film-set", "always", "--render", "//films"]
    status, told, errors = command(user_folder, *given, *words, before=("-b", scene))
    assert status == 0 and "Traceback" not in errors, (told, errors)
    with av.open(str(song.parent / "films/slow song 0.mp4")) as film:
        assert film.streams.video[0].frames in (12, 13)


def test_output_for_people_is_in_sentences(user_folder: Path, given: list[object], song: Path) -> None:
    words = ["-b", "--command", "edge_dance", *given, "--save", song.parent / "out"]
    code, out, errors = real_program.finish(user_folder, *words)
    assert code == 0 and "takes: 1 made, 0 there already, 0 failed; films: 0 made" in out, out + errors


STAGES = ("loading", "features", "sampling", "feet", "saving")


def until(user_folder: Path, wanted: str, *words: object) -> Any:
    """The running command, as soon as it reports an event or a stage; a very short stage may not be reported."""
    late_enough = STAGES[STAGES.index(wanted) :] if wanted in STAGES else (wanted,)
    running = real_program.start(user_folder, "-b", "--command", "edge_dance", *words, "--json")
    assert running.stdout
    for line in running.stdout:
        told = json.loads(line) if line.startswith("{") else {"event": ""}
        if {told["event"], told.get("stage")} & set(late_enough):
            return running
    raise AssertionError(f"{wanted} was not told of: {running.communicate()[1]}")


@SIGNALS
@pytest.mark.parametrize("where", ["plan", "loading", "sampling", "saved", "rendering"])
def test_ctrl_c_ends_it_at_once_with_130_and_leaves_whole_files(
    user_folder: Path, given: list[object], song: Path, temporary: Path, where: str
) -> None:
    out = song.parent / "out"
    running = until(user_folder, where, *given, "--quality", "best", "--size", "640x360", "--render", out)
    both = real_program.living(temporary)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=10)
    assert running.returncode == 130, errors
    if sys.platform == "linux":
        assert len(both) > (where != "plan")  # the worker, too
        gone = time.monotonic() + 5
        while real_program.living(temporary) and time.monotonic() < gone:
            time.sleep(0.05)
        assert real_program.living(temporary) == []
    assert [path.name for path in temporary.iterdir() if path.name.startswith(("blender_", "edge_dance"))] == []
    written = names_in(out) if out.exists() else []
    assert [name for name in written if not name.startswith(".")] == (
        ["song.blend"] * (where in ("saved", "rendering"))
    )


@SIGNALS
def test_a_run_that_is_killed_anywhere_goes_on_where_it_stopped(
    user_folder: Path, given: list[object], song: Path
) -> None:
    out, made = song.parent / "out", 0
    words = [*given, "--seeds", "1-3", "--render", out]
    for stop_after in ("saved", "progress", "film", "take"):
        running = real_program.start(user_folder, "-b", "--command", "edge_dance", *words, "--json")
        assert running.stdout
        for line in running.stdout:
            event = json.loads(line)["event"] if line.startswith("{") else ""
            made += event == "take"
            if event == stop_after:
                break
        running.kill()
        running.communicate()
    code, lines, errors = command(user_folder, *words)
    assert code == 0, errors
    made += len(events(lines, "take"))
    assert 3 <= made <= 4  # the last kill came before its take's save
    whole = [name for name in names_in(out) if not name.startswith(".")]
    assert whole == ["song 1.mp4", "song 2.mp4", "song 3.mp4", "song.blend"]
    code, lines, _ = command(user_folder, *words)
    assert (code, lines[-1]["skipped"]) == (0, 3)
