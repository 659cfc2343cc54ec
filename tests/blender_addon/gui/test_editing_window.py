"""Editing in Blender's real window, where undo is. Needs Xvfb, xdotool and ImageMagick on Linux."""

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
    pytest.mark.timeout(1200),
    pytest.mark.skipif(
        sys.platform != "linux" or platform.machine() != "x86_64" or not all(map(shutil.which, PROGRAMS)),
        reason=f"the window needs {', '.join(PROGRAMS)} on Linux",
    ),
]


@pytest.fixture(scope="module")
def facts(addon_zip, worker_python, tmp_path_factory):
    """What the scenario saw. Its pictures go to EDGE_DANCE_PICTURES where that is set."""
    folder = tmp_path_factory.mktemp("editing")
    pictures = Path(os.environ.get("EDGE_DANCE_PICTURES") or folder / "pictures") / bpy.app.version_string.split()[0]
    pictures.mkdir(parents=True, exist_ok=True)
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    variables = {
        "ADDON_ZIP": str(addon_zip),
        "SONG": str(write_song(folder / "song.wav", seconds=5)),
        "STRIP_FILE": str(STRIP_FILE),
        "WEIGHTS": "",  # the bundled ones: poses that no body has are refused where they are to be kept
        "WORKER_PYTHON": str(worker_python),
        "OUT": str(pictures),
        "SEED": os.environ.get("EDGE_DANCE_SEED", "1"),
        "BLENDER_USER_RESOURCES": str(folder / "blender"),
        "XDG_RUNTIME_DIR": str(runtime),
        "LIBGL_ALWAYS_SOFTWARE": "1",
    }
    screen = ["xvfb-run", "-a", "-s", "-screen 0 1600x1400x24"]
    command = [*screen, sys.executable, str(HERE / "window.py"), str(HERE / "editing.py")]
    surroundings = os.environ | variables
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=1000, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads((pictures / "facts.json").read_text())


def test_one_undo_takes_an_edit_back_to_the_bit_and_one_redo_brings_it(facts):
    assert len(facts["undone"]) == 5
    for name, (changed, undone, redone, problem) in facts["undone"].items():
        assert (changed, undone, redone, problem) == (True, True, True, "None"), name


def test_fifty_calls_in_any_order_leave_nothing_behind_and_nothing_breaks(facts):
    """Greyed and refused calls are among them; most do something."""
    assert len(facts["log"]) == 50 and facts["orphans"] == [] and facts["busy"] is False
    assert sum(answer == "FINISHED" for _, answer in facts["log"]) > 20
