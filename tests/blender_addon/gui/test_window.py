"""The extension in Blender's real window: button, progress, Esc, undo. Needs Xvfb, xdotool and ImageMagick on Linux."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import bpy
import pytest
from blender_stage import STRIP_FILE, write_song

HERE = Path(__file__).parent
PROGRAMS = ("xvfb-run", "xdotool", "import")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux" or platform.machine() != "x86_64" or not all(map(shutil.which, PROGRAMS)),
        reason=f"the window needs {', '.join(PROGRAMS)} on Linux",
    ),
]


@pytest.fixture(scope="module")
def facts(addon_zip, tiny_weights, worker_python, tmp_path_factory):
    """What the scenario saw. Its pictures go to EDGE_DANCE_PICTURES where that is set."""
    folder = tmp_path_factory.mktemp("window")
    pictures = Path(os.environ.get("EDGE_DANCE_PICTURES") or folder / "pictures") / bpy.app.version_string.split()[0]
    pictures.mkdir(parents=True, exist_ok=True)
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    variables = {
        "ADDON_ZIP": str(addon_zip),
        "SONG": str(write_song(folder / "song.wav", seconds=6)),
        "STRIP_FILE": str(STRIP_FILE),
        "WEIGHTS": str(tiny_weights),
        "WORKER_PYTHON": str(worker_python),
        "OUT": str(pictures),
        "BLENDER_USER_RESOURCES": str(folder / "blender"),
        "XDG_RUNTIME_DIR": str(runtime),
        "LIBGL_ALWAYS_SOFTWARE": "1",
    }
    screen = ["xvfb-run", "-a", "-s", "-screen 0 1400x900x24"]
    command = [*screen, sys.executable, str(HERE / "window.py"), str(HERE / "scenario.py")]
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads((pictures / "facts.json").read_text())


def test_blender_is_not_blocked_while_a_dance_is_made(facts):
    assert facts["background"] is False and facts["running"] is True


def test_escape_cancels_and_changes_nothing(facts):
    assert facts["after_escape"] == {"actions": [], "problem": "None", "busy": False}


def test_the_button_makes_a_dance(facts):
    assert facts["after_generate"] == {"actions": ["song 0"], "problem": "None"}


def test_one_undo_takes_the_whole_dance_back_and_one_redo_brings_it(facts):
    assert facts["after_undo"] == {"actions": [], "hips": [0, 0, 0]}
    assert facts["after_redo"] == {"actions": ["song 0"]}


def test_the_cancel_button_stops_the_job(facts):
    assert facts["after_cancel_button"] == {"actions": ["song 0"], "busy": False}


def test_what_went_wrong_stays_in_the_panel(facts):
    assert facts["after_error"]["actions"] == ["song 0"]
    assert "The backend's Python is not there" in facts["after_error"]["problem"]


def test_loading_another_file_lets_the_job_go_on_and_keeps_its_dance(facts):
    assert facts["goes_on"] and facts["after_loading_a_file"] == {"kept": 1, "problem": "None"}


def test_disabling_the_extension_ends_the_job_and_removes_its_folder(facts):
    assert facts["after_disabling"] == {"busy": False, "folder": False}
