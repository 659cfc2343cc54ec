"""How long Blender takes to place a dance's keys, in steps between which it draws and listens.

    .venv/bin/python bench/keying.py                         # three rigs, one minute each
    .venv/bin/python bench/keying.py --minutes 1 3 10 --density FRAMES --rigs dancer

Needs the bpy package. The extension is installed from these sources into a user folder that is removed afterwards.
Times are processor seconds of the whole process, which other programs do not change much. `python -m edge_backend bench
--keys` runs this.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Generator, Iterable
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

# Blender reads its user folder's place when it starts, which is when bpy is imported.
USER_FOLDER = tempfile.mkdtemp(prefix="edge_dance_bench_")
os.environ["BLENDER_USER_RESOURCES"] = USER_FOLDER

# What Blender prints, from its start on, goes to stderr, so that stdout has the result alone.
RESULT = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

import bpy  # noqa: E402
import numpy as np  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/blender_addon/rig")]  # the latter for characters

from characters import mixamo, put_character, put_rigify  # noqa: E402

from build_addon import build_zip  # noqa: E402

EXTENSION = "bl_ext.user_default.edge_dance"
DANCES = ROOT / "tests/data/feet/dances.npz"
RIGS = ("dancer", "mixamo", "rigify")
DENSITIES = ("CURVES", "FRAMES")
FPS = 30
SHOWN = (150, 150, 300, 600)  # frames of each partial result; the last goes on
LONG_S = 0.05


@dataclass
class Steps:
    """Durations of steps, processor seconds: the longest, how many, how many above LONG_S, and all together.

    most_mb: the most memory of the process after a step.
    """

    longest_s: float = 0.0
    count: int = 0
    long: int = 0
    seconds: float = 0.0
    most_mb: float = 0.0

    def run(self, steps: Generator[float, None, Any]) -> Any:
        """Run the steps to their end and return their result."""
        while True:
            began = time.process_time()
            try:
                next(steps)
            except StopIteration as end:
                return end.value
            finally:
                self.note(time.process_time() - began)

    def note(self, seconds: float) -> None:
        """Count a step."""
        self.longest_s = max(self.longest_s, seconds)
        self.most_mb = max(self.most_mb, memory_mb())
        self.count += 1
        self.long += seconds > LONG_S
        self.seconds += seconds


@dataclass
class Keying:
    """The keying of one dance of `seconds` on each of the characters of a kind.

    placing: steps from the dance to its keys in an action. applying_s: the last step, in which that becomes a take.
    showing: steps of the partial results, on one character; showing_s: of the first and the last of them, for a second
    of dance each.
    keys: of all takes. memory_mb: by which the memory of the process has grown at most, after a step.
    """

    rig: str
    characters: int
    bones: int
    density: str
    seconds: float
    placing: Steps
    applying_s: float
    showing: Steps
    showing_s: tuple[float, float]
    keys: int
    memory_mb: float


def main(options: argparse.Namespace) -> None:
    """Measure, and print a table, or JSON."""
    install()
    measure(options.rigs[0], options.density, 5.0, 1)  # initialisation that happens once
    found = [
        measure(rig, options.density, 60 * minutes, options.characters)
        for rig in options.rigs
        for minutes in options.minutes
    ]
    text = json.dumps([asdict(one) for one in found]) if options.json else "\n".join(table(found))
    print(text, file=RESULT, flush=True)


def table(found: Iterable[Keying]) -> list[str]:
    """A row for each length of dance, milliseconds; of all characters together."""
    lines = [f"Keys in Blender {bpy.app.version_string}; processor milliseconds"]
    lines.append(
        f"{'rig':<8}{'number':>7}{'bones':>6}{'density':>9}{'dance s':>9}{'keys':>10}{'ms for 1 s':>12}"
        f"{'longest step':>14}{'over 50':>9}{'take':>7}"
        f"{'partial, 1 s: first, last':>27}{'longest':>9}{'MB for 1 s':>12}"
    )
    for one in found:
        lines.append(
            f"{one.rig:<8}{one.characters:>7}{one.bones:>6}{one.density:>9}{one.seconds:>9.0f}{one.keys:>10}"
            f"{1e3 * one.placing.seconds / one.seconds:>12.1f}{1e3 * one.placing.longest_s:>14.0f}"
            f"{one.placing.long + one.showing.long:>9}{1e3 * one.applying_s:>7.0f}"
            f"{1e3 * one.showing_s[0]:>18.1f},{1e3 * one.showing_s[1]:>8.1f}{1e3 * one.showing.longest_s:>9.0f}"
            f"{one.memory_mb / one.seconds:>12.2f}"
        )
    return lines


def measure(rig: str, density: str, seconds: float, characters: int) -> Keying:
    """Key a dance of `seconds` on new characters of that kind, on the first as partial results, then as takes."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.render.fps = FPS
    armatures, dance = put_rigs(rig, characters), long_dance(round(seconds * FPS))
    scene, before = bpy.context.scene, memory_mb()
    showing, each = Steps(), []
    preview = addon("takes.partial_preview").PartialPreview(1.0)
    for done, new in partial_results(dance.frames):
        began = showing.seconds
        showing.run(preview.show_in_steps(armatures[0], dance.part(slice(done + new)), scene))
        each.append((showing.seconds - began) / new * FPS)
    preview.remove()
    new_take, placing = addon("takes.new_take"), Steps()
    keys = [
        placing.run(new_take.written_in_steps(new_take.keys_in_steps(armature, dance, scene, 1.0, density=density)))
        for armature in armatures
    ]
    began = time.process_time()
    for armature, written in zip(armatures, keys, strict=True):
        new_take.add_take(armature, dance, scene, 1.0, keys=written, density=density)
    applying_s = time.process_time() - began
    count = sum(len(curve.keyframe_points) for take in bpy.data.actions for curve in addon("compat").fcurves_of(take))
    shown_s, memory, bones = (
        (each[0], each[-1]),
        max(showing.most_mb, placing.most_mb) - before,
        len(armatures[0].data.bones),
    )
    return Keying(rig, characters, bones, density, seconds, placing, applying_s, showing, shown_s, count, memory)


def partial_results(frames: int) -> Generator[tuple[int, int], None, None]:
    """Frames that were shown before, and new ones, of each partial result of a dance."""
    done = number = 0
    while done < frames:
        new = min(SHOWN[min(number, len(SHOWN) - 1)], frames - done)
        yield done, new
        done, number = done + new, number + 1


def long_dance(frames: int) -> Any:
    """A dance of so many frames: some seconds of motion capture, forwards and backwards."""
    motion, rotations = addon("edge_backend.motion.motion"), addon("edge_backend.motion.rotations")
    with np.load(DANCES) as file:
        turns = rotations.axis_angle_to_matrix(file["commercial_poses"].reshape(-1, 24, 3)).astype(np.float32)
        root = file["commercial_root"].astype(np.float32)
    there = np.abs((np.arange(frames) + len(root) - 1) % (2 * len(root) - 2) - (len(root) - 1))
    beats = np.arange(0, frames / FPS, 0.5, dtype=np.float32)
    return motion.Motion(turns[there], root[there], np.zeros((frames, 4), np.float32), beats, {"seed": 1})


def put_rigs(rig: str, count: int) -> list[Any]:
    """New characters of that kind; Rigify's, which takes minutes to generate often, is duplicated."""
    if rig != "rigify":
        return [put_rig(rig) for _ in range(count)]
    armatures = [put_rig(rig)]
    for _ in range(count - 1):
        bpy.ops.object.select_all(action="DESELECT")
        armatures[0].select_set(True)
        bpy.context.view_layer.objects.active = armatures[0]
        bpy.ops.object.duplicate()
        armatures.append(bpy.context.object)
    return armatures


def put_rig(rig: str) -> Any:
    """A new character of that kind."""
    if rig == "mixamo":
        return put_character(mixamo(), units=100, y_up=True)
    if rig == "rigify":
        return put_rigify(human=True)
    bpy.ops.edge_dance.add_dancer()
    return bpy.context.object


def install() -> None:
    """Install the extension, as a user does from the preferences."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    path = str(build_zip(Path(USER_FOLDER) / "zip"))
    bpy.ops.extensions.package_install_files(filepath=path, repo="user_default", enable_on_install=True)


def addon(module: str) -> ModuleType:
    """A module of the installed extension."""
    return import_module(f"{EXTENSION}.{module}")


def memory_mb() -> float:
    """The memory of this process now; where there is no /proc, 0."""
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6 if pages.exists() else 0.0


def parse() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rigs", nargs="+", choices=RIGS, default=list(RIGS))
    parser.add_argument("--minutes", nargs="+", type=float, default=[1.0], metavar="M", help="default: 1")
    parser.add_argument("--characters", type=int, default=1, metavar="N", help="that dance at once; default: 1")
    parser.add_argument("--density", choices=DENSITIES, default="CURVES")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main(parse())
    finally:
        shutil.rmtree(USER_FOLDER, ignore_errors=True)
    os._exit(0)  # some Blender versions hang or crash in the interpreter's own exit when add-ons are registered
