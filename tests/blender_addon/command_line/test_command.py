"""The registered command, called as Blender calls it, with the real worker, on files."""

import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import bpy
import pytest
from blender_fixtures import CAN_MAKE_STRIPS, addon, put_song, write_song

needs_strips = pytest.mark.skipif(not CAN_MAKE_STRIPS, reason="Blender 4.2's package makes no sound strips")


@pytest.fixture
def scene_file(tmp_path, song_file):
    """A blend file with a character that renders quickly, a camera, and a song of two seconds in the sequencer."""
    song = write_song(tmp_path / "own.wav", 2)
    put_song(song)
    scene = bpy.context.scene
    scene.render.fps, scene.frame_end = 10, 10
    bpy.ops.edge_dance.add_dancer()
    hero = bpy.context.object
    hero.name = "Hero"
    bpy.data.objects.remove(hero.children[0])
    bpy.ops.object.camera_add(location=(0, -6, 1), rotation=(1.57, 0, 0))
    scene.camera = bpy.context.object
    scene.edge_dance.quality = "draft"
    path = tmp_path / "scene.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


def command(capfd, *arguments):
    """Run the command; returns the exit code and the lines of stdout."""
    capfd.readouterr()
    code = addon("command_line").main([*map(str, arguments), "--json"])
    out, _ = capfd.readouterr()
    return code, [json.loads(line) for line in out.splitlines()]


def events(lines, kind):
    return [line for line in lines if line["event"] == kind]


def takes_in(blend):
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    return [take.name for take in addon("takes.take_list").takes_of(bpy.data.objects["Hero"])]


def test_the_command_is_registered_with_blender():
    assert addon("command_line")._registered


@pytest.fixture
def first_handlers_in_c(monkeypatch):
    """Make Python see Ctrl-C's first handler as None, as in Blender's program, which has one in C."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    listen, met = signal.signal, set()

    def replaced(number, handler):
        told = listen(number, handler)
        first = number not in met
        met.add(number)
        return None if first else told

    monkeypatch.setattr(signal, "signal", replaced)
    yield met
    for number, handler in before.items():
        listen(number, handler)


def test_a_handler_that_python_does_not_know_is_no_failure(capfd, scene_file, first_handlers_in_c):
    code, lines = command(capfd, "--scene", scene_file, "--save", "//out", "--dry-run")
    assert code == 0 and lines[-1]["event"] == "done"
    assert first_handlers_in_c == {signal.SIGINT, signal.SIGTERM}


def test_blenders_last_output_is_not_among_the_json(capfd, scene_file):
    capfd.readouterr()
    stdout = os.dup(1)
    try:
        given = ["--scene", str(scene_file), "--save", "//out", "--dry-run", "--json"]
        assert addon("command_line").main_of_program(given) == 0
        os.write(1, b"Blender quit")
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)
    out, errors = capfd.readouterr()
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["plan", "done"]
    assert "Blender quit" in errors


def test_takes_are_made_saved_and_filmed_and_a_second_run_finds_them_there(
    capfd, scene_file, quick_worker, monkeypatch
):
    monkeypatch.setattr(addon("command_line.report"), "_TICK_S", 0.005)  # a dance of two seconds takes a tenth of one
    out = scene_file.parent / "out"
    given = ["--armature", "Hero", "--seeds", "1-2", "--engine", "workbench", "--size", "64x36", "--render", "//out/"]
    code, lines = command(capfd, *given)
    assert code == 0, lines
    title = events(lines, "take")[0]["song"]
    assert [line["name"].rsplit(" ", 1)[1] for line in events(lines, "take")] == ["1", "2"]
    assert {line["stage"] for line in events(lines, "progress")} & {"loading", "features", "sampling", "feet"}
    names = ["scene dance 1.mp4", "scene dance 2.mp4", "scene dance.blend"]
    assert sorted(file.name for file in out.iterdir()) == names
    assert lines[-1] == {"event": "done", "asked": 2, "takes": 2, "films": 2, "skipped": 0, "failed": 0}

    when = {name: (out / name).stat().st_mtime_ns for name in names}
    bpy.ops.wm.open_mainfile(filepath=str(scene_file))
    (out / names[1]).unlink()
    code, lines = command(capfd, *given)
    assert lines[-1] == {"event": "done", "asked": 2, "takes": 0, "films": 1, "skipped": 1, "failed": 0} and code == 0
    assert [line["todo"] for line in events(lines, "plan")] == ["there already", "film"]
    assert all((out / name).stat().st_mtime_ns == when[name] for name in (names[0], names[2]))

    bpy.ops.wm.open_mainfile(filepath=str(scene_file))
    code, lines = command(capfd, *given, "--style", "salsa", "--dry-run")
    assert [(line["song"], line["todo"]) for line in events(lines, "plan")] == [(title, "dance and film")] * 2
    assert all((out / name).stat().st_mtime_ns == when[name] for name in (names[0], names[2]))
    assert len(takes_in(out / names[2])) == 2
    assert len(takes_in(scene_file)) == 0  # never written to


def test_obstacles_are_reported_with_the_take(capfd, scene_file, quick_worker):
    bpy.data.objects["Hero"].data.pose_position = "REST"
    bpy.ops.wm.save_as_mainfile(filepath=str(scene_file))
    code, lines = command(capfd, "--save", scene_file.parent / "out")
    assert code == 0
    (warning,) = events(lines, "warning")
    assert warning["message"] == "Hero is in Rest Position, which shows no animation." and warning["seed"] == 0


def test_the_rig_is_taken_and_not_its_metarig(capfd, scene_file):
    rig = bpy.data.objects["Hero"]
    metarig = bpy.data.objects.new("Metarig", rig.data.copy())
    bpy.context.collection.objects.link(metarig)
    metarig.data["rigify_target_rig"] = rig
    bpy.ops.wm.save_as_mainfile(filepath=str(scene_file))
    code, lines = command(capfd, "--save", scene_file.parent / "out", "--dry-run")
    assert code == 0 and len(events(lines, "plan")) == 1, lines


@needs_strips
def test_each_song_has_a_file_of_its_own_and_one_that_fails_does_not_stop_the_others(capfd, scene_file, tmp_path):
    songs = [write_song(tmp_path / f"{name}.wav", 1.5) for name in ("a", "b")]
    missing, out = tmp_path / "gone.ogg", tmp_path / "saved"
    out.mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(out / "scene b.blend"), copy=True)  # of an earlier run
    given = ["--scene", scene_file, "--song", songs[0], missing, songs[1], "--save", out, "--style", "salsa"]
    code, lines = command(capfd, *given, "--dry-run")
    assert code == 1 and lines[-1]["failed"] == 1
    assert [(line["where"], line["code"]) for line in events(lines, "error")] == [("gone.ogg", "music_missing")]
    assert [line["song"] for line in events(lines, "plan")] == ["a.wav", "b.wav"]
    assert bpy.data.filepath == str(out / "scene b.blend") and bpy.context.scene.edge_dance.style == "salsa"
    heard = [strip.name for strip in bpy.context.scene.sequence_editor.strips_all if not strip.mute]
    assert heard == ["b"]


def test_where_every_take_fails_the_code_is_2(capfd, scene_file, quick_worker, tmp_path):
    quick_worker.backend_python = str(tmp_path / "no python")
    code, lines = command(capfd, "--scene", scene_file, "--seeds", "1-2", "--save", tmp_path / "out")
    assert code == 2 and [line["code"] for line in events(lines, "error")] == ["backend_python_missing"] * 2
    assert lines[-1]["failed"] == 2 and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (["--save", "x"], "music_none"),
        (["--scene", "nowhere.blend", "--save", "x"], "scene_missing"),
        (["--scene", "SCENE"], "save_nowhere"),
        (["--scene", "SCENE", "--save", "x", "--armature", "Nobody"], "armature_missing"),
        (["--song", "a/s.wav", "b/s.ogg", "--save", "x"], "songs_same_name"),
    ],
)
def test_errors_are_reported_with_a_code_and_nothing_is_written(capfd, scene_file, given, code, tmp_path):
    bpy.ops.wm.read_homefile(use_empty=True)
    words = [str(scene_file) if word == "SCENE" else word.replace("x", str(tmp_path / "x")) for word in given]
    status, lines = command(capfd, *words)
    assert status == 2 and [line["code"] for line in lines] == [code]
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("option", ["--save", "--render"])
def test_a_folder_that_cannot_be_made_is_refused_before_the_dance(capfd, scene_file, option):
    status, lines = command(capfd, "--scene", scene_file, "--seeds", 1, option, scene_file / "out")
    assert status == 2 and [line.get("code") for line in lines] == ["output_impossible"]


@pytest.mark.parametrize(("text", "wanted"), [("1-3", [1, 2, 3]), ("5", [5]), ("3,1-3, 9", [3, 1, 2, 9]), ("0", [0])])
def test_seeds_are_written_as_ranges_and_lists(text, wanted):
    assert addon("command_line.options").seeds(text) == wanted


@pytest.mark.parametrize("words", [["--seeds", "8-1"], ["--seeds", "x"], ["--size", "big"], ["--style", "polka"]])
def test_what_it_does_not_understand_ends_with_2(capfd, words):
    assert addon("command_line").main(words) == 2
    assert words[0] in capfd.readouterr().err


@pytest.fixture(scope="session")
def unpacked(addon_zip, tmp_path_factory):
    """The folder that contains the extension's folder."""
    folder = tmp_path_factory.mktemp("unpacked")
    zipfile.ZipFile(addon_zip).extractall(folder / "edge_dance")
    return folder


def start(unpacked, *arguments):
    """Start `python -m edge_dance` with a user folder of its own."""
    variables = os.environ | {"BLENDER_USER_RESOURCES": str(unpacked / "user"), "PYTHONPATH": str(unpacked)}
    words = [sys.executable, "-m", "edge_dance", *map(str, arguments)]
    return subprocess.Popen(words, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_python_runs_the_command_where_there_is_only_the_package(unpacked, scene_file):
    running = start(unpacked, "--scene", scene_file, "--seeds", "1-2", "--save", "//out", "--dry-run", "--json")
    out, errors = running.communicate(timeout=120)
    assert running.returncode == 0, errors
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["plan", "plan", "done"]
    assert not (scene_file.parent / "out").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="locks one of its C library's locks twice")
def test_ctrl_c_ends_it_at_once_while_blender_is_busy_in_c(unpacked):
    """The main thread waits for a lock that never opens; signals do not interrupt that, as in a long rendering."""
    code = """if True:
        import ctypes, importlib, os
        from edge_dance.__main__ import enable
        command_line = importlib.import_module(enable() + ".command_line")
        lock, library = ctypes.create_string_buffer(64), ctypes.CDLL(None)

        def busy(options, report):
            print("busy", flush=True)
            for _ in range(2):
                library.pthread_mutex_lock(lock)

        command_line.run = busy
        os._exit(command_line.main([]))
    """
    variables = os.environ | {"BLENDER_USER_RESOURCES": str(unpacked / "user"), "PYTHONPATH": str(unpacked)}
    with subprocess.Popen([sys.executable, "-c", code], env=variables, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert any(line == "busy\n" for line in running.stdout)
            running.send_signal(signal.SIGINT)
            assert running.wait(timeout=20) == 130
        finally:
            running.kill()


@pytest.mark.slow
def test_a_run_that_is_killed_anywhere_goes_on_where_it_stopped(
    unpacked, scene_file, worker_python, tiny_weights, tmp_path
):
    given = ["--scene", scene_file, "--seeds", "1-3", "--engine", "workbench", "--size", "64x36", "--render", "//out"]
    given += ["--backend-python", worker_python, "--weights-folder", tiny_weights, "--threads", 1, "--json"]
    out = scene_file.parent / "out"
    made = 0
    for stop_after in ("saved", "progress", "film", "take"):
        running = start(unpacked, *given)
        for line in running.stdout:
            event = json.loads(line)["event"]
            made += event == "take"
            if event == stop_after:
                break
        running.kill()
        running.communicate()
        for film in out.glob("scene*.mp4"):
            assert film.stat().st_size > 1000  # whole, or not there
    running = start(unpacked, *given)
    text, errors = running.communicate(timeout=300)
    lines = [json.loads(line) for line in text.splitlines()]
    assert running.returncode == 0, errors
    made += len(events(lines, "take"))
    assert 3 <= made <= 4 and len(takes_in(out / "scene dance.blend")) == 3  # the last kill came before its take's save
    assert sorted(file.name for file in out.glob("[!.]*")) == [
        *(f"scene dance {seed}.mp4" for seed in (1, 2, 3)),
        "scene dance.blend",
    ]
    assert Path(out / ".scene dance 1.part.mp4").exists() is False
