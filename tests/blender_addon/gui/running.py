"""Runs a scenario in Blender's real window under Xvfb. Needs Xvfb, xdotool and ImageMagick on Linux.

The window is that of the bpy package, or of the program that EDGE_DANCE_PROGRAM names.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import bpy
import pytest
import real_program
from blender_fixtures import LONG_STRIP_FILE, STRIP_FILE, write_song

HERE = Path(__file__).parent
PROGRAMS = ("xvfb-run", "xdotool", "import")

needs_window = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64" or not all(map(shutil.which, PROGRAMS)),
    reason=f"the window needs {', '.join(PROGRAMS)} on Linux",
)


def run(
    scenario: str,
    folder: Path,
    *,
    addon_zip: Path,
    worker_python: Path | str,
    song_s: float,
    size: str,
    offline: bool = False,
    **variables: str,
) -> dict[str, Any]:
    """Run the scenario; returns its facts. Its pictures go to EDGE_DANCE_PICTURES, if that is set.

    song_s: length of the song in seconds; in Blender 4.2 it is 6, or 60 for more than 10. size: of the screen, as
    1400x900. offline: without any network, as root on Linux. variables: further environment variables for the scenario.
    """
    user_folder = folder / "blender"
    if real_program.PROGRAM:
        version = f"program-{real_program.version(user_folder)}"
        real_program.install(user_folder, addon_zip)
    else:
        version = bpy.app.version_string.split()[0]
    pictures = Path(os.environ.get("EDGE_DANCE_PICTURES") or folder / "pictures") / version
    pictures.mkdir(parents=True, exist_ok=True)
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    surroundings = {
        "ADDON_ZIP": str(addon_zip),
        "SONG": str(write_song(folder / "song.wav", seconds=song_s)),
        "STRIP_FILE": str(LONG_STRIP_FILE if song_s > 10 else STRIP_FILE),
        "WEIGHTS": "",  # the bundled ones
        "WORKER_PYTHON": str(worker_python),
        "OUT": str(pictures),
        "XDG_RUNTIME_DIR": str(runtime),
    }
    screen = ["xvfb-run", "-a", "-s", f"-screen 0 {size}x24"]
    command = [*(("unshare", "--net") if offline else ()), *screen, *window(HERE / scenario, size)]
    everything = real_program.variables(user_folder) | surroundings | variables
    done = subprocess.run(command, env=everything, capture_output=True, text=True, timeout=1000, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Traceback" not in done.stdout + done.stderr, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads((pictures / "facts.json").read_text())


def window(scenario: Path, size: str) -> list[str]:
    """The command line that opens the window and runs a script in it."""
    if not real_program.PROGRAM:
        return [sys.executable, str(HERE / "window.py"), str(scenario)]
    place = ["--window-geometry", "0", "0", *size.split("x")]
    return [real_program.PROGRAM, *place, *real_program.script(scenario)]
