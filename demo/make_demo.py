"""The demo: in a real Blender, as a user would, put a song on the sequencer, add a dancer, press Generate, film it.

Run by `python3 build_addon.py demo`. Everything goes through the installed extension's operators; the film set is
the extension's too. Writes dance.blend, dance.mp4 and sheet.png. Blender's own output goes to blender.log beside them.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Blender reads its user folder's place when it starts, which is when bpy is imported.
USER_FOLDER = tempfile.mkdtemp(prefix="edge_dance_demo_")
os.environ["BLENDER_USER_RESOURCES"] = USER_FOLDER

import bpy  # noqa: E402
from film_set import film_in_set  # noqa: E402
from sheet import contact_sheet  # noqa: E402

HERE = Path(__file__).resolve().parent
EXTENSION = "bl_ext.user_default.edge_dance"
FPS = 30
FILM = (8.0, 10.0)  # seconds: from where, how long; past the intro
MOMENTS = 12  # pictures on the sheet


def main(arguments: argparse.Namespace) -> None:
    """Install, dance, light, save, film."""
    install(arguments.extension)
    scene = bpy.context.scene
    scene.render.fps = FPS
    scene.frame_end = 2  # grows with the song
    run("Song on the sequencer", bpy.ops.edge_dance.add_music, filepath=str(arguments.song))
    run("Dancer in the scene", bpy.ops.edge_dance.add_dancer)
    scene.edge_dance.seed = arguments.seed
    scene.edge_dance.style = arguments.style
    run("Generate Dance", bpy.ops.edge_dance.generate)

    with step("Contact sheet"):
        contact_sheet(scene, arguments.output / "sheet.png", arguments.moments)
    with step("Film set, lights, camera"):
        scene.sync_mode = "AUDIO_SYNC"
        film_in_set(scene, 640, 360, samples=4, video=True)
        scene.render.filepath = "//dance.mp4"
        look_through_camera()
    with step("Save dance.blend"):
        for sound in bpy.data.sounds:
            sound.pack()
        blend = arguments.output / "dance.blend"
        bpy.ops.wm.save_as_mainfile(filepath=str(blend), compress=True)
    scene.frame_start, scene.frame_end = film_range(scene, *arguments.film)
    with step(f"Film {scene.frame_end - scene.frame_start + 1} frames"):
        scene.render.filepath = str(arguments.output / "dance.mp4")
        bpy.app.handlers.render_write.append(report_frame)
        bpy.ops.render.render(animation=True)


def install(extension: Path) -> None:
    """Start from factory settings and install the zip, as a user does from the preferences."""
    with step(f"Blender {bpy.app.version_string}: install {extension.name}"):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.ops.extensions.package_install_files(filepath=str(extension), repo="user_default", enable_on_install=True)
        if EXTENSION not in bpy.context.preferences.addons:
            raise RuntimeError(f"Blender did not enable {extension.name}; blender.log says why")


def film_range(scene: bpy.types.Scene, start: float, duration: float) -> tuple[int, int]:
    """First and last frame of that part of the scene, times in seconds; cut where the scene ends."""
    first = min(scene.frame_start + round(start * FPS), scene.frame_end)
    return first, min(first + round(duration * FPS) - 1, scene.frame_end)


def look_through_camera() -> None:
    """Whoever opens the file sees the dancer through the camera."""
    for screen in bpy.data.screens:
        for area in screen.areas:
            if area.type == "VIEW_3D":
                area.spaces.active.region_3d.view_perspective = "CAMERA"


def report_frame(scene: bpy.types.Scene, _depsgraph: object = None) -> None:
    """Say how far the film is, once per second of film."""
    done, total = scene.frame_current - scene.frame_start + 1, scene.frame_end - scene.frame_start + 1
    if done % FPS == 0 or done == total:
        print(f"    {done}/{total}", flush=True)


def run(name: str, operator: object, **properties: object) -> None:
    """Call an operator. Raises RuntimeError if it did not finish."""
    with step(name):
        result = operator(**properties)  # type: ignore[operator]
        if result != {"FINISHED"}:
            raise RuntimeError(f"{name} ended as {result}")


@contextmanager
def step(name: str) -> Iterator[None]:
    """Say what is being done and how long it took."""
    print(f"  {name} ...", flush=True)
    began = time.monotonic()
    yield
    print(f"    {time.monotonic() - began:.1f} s", flush=True)


def divert_output(log: Path) -> None:
    """Send what Blender prints to a file; what Python prints goes on to the terminal."""
    sys.stdout.flush()
    terminal = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
    sys.stdout = terminal


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("extension", type=Path, help="the extension's zip")
    parser.add_argument("output", type=Path, help="folder for dance.blend, dance.mp4 and sheet.png")
    parser.add_argument("--song", type=Path, default=HERE / "song/training.ogg")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--style", default="modern")
    parser.add_argument("--film", type=float, nargs=2, default=FILM, metavar=("START", "SECONDS"), help="default: 8 10")
    parser.add_argument("--moments", type=int, default=MOMENTS, help="pictures on the sheet (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    code = 0
    options = parse()
    divert_output(options.output / "blender.log")
    try:
        main(options)
    except KeyboardInterrupt:
        code = 130
    except Exception:
        traceback.print_exc()
        code = 1
    shutil.rmtree(USER_FOLDER, ignore_errors=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # some Blender versions hang or crash in the interpreter's own exit when add-ons are registered
