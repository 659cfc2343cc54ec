"""The commands in the documents work, in a folder with the files that they name."""

import argparse
import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from doc_pages import COMMANDS, DOCS, ROOT

import build_addon
from edge_backend.cli import main as cli
from edge_backend.cli.parser import build_parser
from edge_backend.fileio.atomic_write import atomic_write

OWN_PARSERS = {"train": "edge_backend.cli.commands.train", "evaluate": "edge_backend.cli.commands.evaluate"}
KNOWN_PROGRAMS = (
    "python -m edge_backend",
    "python -m edge_dance",
    "blender ",
    "python3 build_addon.py",
    "pip install",
    ".venv/bin/",
)

NOT_RUN = {
    r"^python3 build_addon\.py": "the developers' own, of minutes each; tests/test_build_addon.py and test_demo.py",
    r"^pip install": "installs something",
    r"--ray": "needs Ray; tests/edge_backend/batch/test_ray.py",
    r"^python -m edge_dance": "needs Blender; tests/blender_addon/command_line",
    r"jukebox fetch|fetch jukebox": "a download of 10 GB; tests/blender_addon/gui fetches a small one",
    r"jukebox (convert|verify)": "needs that download; tests/edge_backend/audio/jukebox",
    r" weights fetch edge ": "needs the authors' own file; tests/edge_backend/cli/test_weights_fetch.py",
    r"train run starter_pack|train join": "an hour on a GPU; tests/edge_backend/training/test_trainer.py",
    r"bench --full-size": "many minutes on a CPU: a network of the paper's size; tests/edge_backend/bench",
    r"train aist|train run aist_pack": "needs AIST++; tests/edge_backend/training",
}
"""Commands, by a pattern, that no test here runs, why not, and where the same is tested."""

SLOW = {
    r" bench": "a minute or more, whatever the machine",
    r" evaluate -o report --songs": "dances two dozen dances",
    r"train mocap|train run|train energy": "prepares motions, and trains a network",
    r" batch ": "sixteen dances",
}
"""Those that the slow test runs."""

SMALL = {
    r"( generate .*)": r"\1 --steps 3 --no-feet",
    r"( batch .*)": r"\1 --steps 3 --duration 2 --jobs 1",
    r"( preview .*)": r"\1 --size 320x180",
    r"(--songs .*)": r"\1 --steps 3 --duration 3",
    r"(train run .*)": r"\1 --latent 32 --ff 64 --layers 1 --heads 2 --batch 2",
    r"--minutes 60": "--minutes 0.1 --batches 2",
    r"--steps 100000": "--steps 2",
    r"( train run PACK .*)": r"\1 --steps 2",
    r" bench(.*)": r" bench\1 --seconds 2 --repeat 1",
}
"""What is put in the place of what would take long: pattern and replacement."""


def test_the_pages_say_much_to_type() -> None:
    assert len(COMMANDS) > 60
    unknown = [row for row in COMMANDS if not row[1].startswith(KNOWN_PROGRAMS)]
    assert unknown == []


@pytest.mark.parametrize(("page", "command"), COMMANDS, ids=[f"{page}: {command}" for page, command in COMMANDS])
def test_what_is_to_be_typed_is_understood(page: str, command: str) -> None:
    words = shlex.split(command.replace("STEPS", "1000"), comments=True)
    try:
        if words[:2] == ["python3", "build_addon.py"]:
            build_addon.parse(words[2:])
        elif words[2] == "edge_backend" and words[3] in OWN_PARSERS:
            parser_of(OWN_PARSERS[words[3]]).parse_args(words[4:])
        elif words[2] == "edge_backend":
            build_parser().parse_args(words[3:])
    except SystemExit as end:
        assert end.code == 0, f"{page}: {command}"  # 0: it asked for --help


def parser_of(module: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = importlib.import_module(module)._parser()
    return parser


@pytest.mark.parametrize("pattern", [*NOT_RUN, *SLOW, *SMALL])
def test_the_lists_of_commands_name_only_what_the_pages_say(pattern: str) -> None:
    assert any(re.search(pattern, command) for _, command in COMMANDS)


# --- Commands that are run


def listed(command: str, patterns: dict[str, str]) -> bool:
    return any(re.search(pattern, command) for pattern in patterns)


def small(command: str) -> list[str]:
    """Its words, so that it takes seconds."""
    for pattern, replacement in SMALL.items():
        command = re.sub(pattern, replacement, command)
    return shlex.split(command, comments=True)


def run(words: list[str]) -> int:
    """In this process, as `python -m` does."""
    try:
        return cli.main(words[3:])
    except SystemExit as end:  # --help
        return int(end.code or 0)


def promised(words: list[str]) -> list[Path]:
    """What a command says that it writes."""
    return [
        Path(name) for option, name in pairwise(words) if option in ("-o", "--output", "--out", "--sheet", "--export")
    ]


def clicks(path: Path, seconds: float) -> None:
    time = np.arange(round(seconds * 22050)) / 22050
    samples = 0.5 * np.sin(2 * np.pi * 90 * time) * np.exp(-12 * (time % 0.5))
    with atomic_write(path) as unfinished:
        soundfile.write(unfinished, samples, 22050, format="OGG")


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a reader has: songs, dances of ten seconds, a checkpoint, motions; under the names that the pages give."""
    folder = tmp_path_factory.mktemp("reader")
    clicks(folder / "song.ogg", 10.5)
    for name in ("SONG", "a.ogg", "b.ogg", "songs/a.ogg", "songs/b.ogg"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(folder / "song.ogg", folder / name)
    truth = {"metre": 4, "beats": [[n / 2, n % 4 + 1] for n in range(21)], "sections": [[0, 10, "A"]]}
    (folder / "songs" / "a.json").write_text(json.dumps(truth), encoding="utf-8")
    (folder / "SONGS").symlink_to("songs")
    for name, seed in (("dance", "0"), ("other", "1")):
        words = ["generate", str(folder / "song.ogg"), "-o", str(folder / f"{name}.npz"), "--seed", seed]
        assert cli.main([*words, "--duration", "10", "--steps", "3"]) == 0
    assert cli.main(["export", str(folder / "dance.npz"), "-o", str(folder / "results.pkl")]) == 0
    for name in ("FOLDER", "other_dances"):
        (folder / name).mkdir()
        shutil.copy(folder / "other.npz", folder / name)
    shutil.copy(folder / "dance.npz", folder / "FOLDER")
    shutil.copy(ROOT / "tests/data/parity/edge_reference.pt", folder / "checkpoint.pt")
    shutil.copy(ROOT / "tests/data/rigs/godette_v4.vrm.json", folder / "RIG.json")
    (folder / "MY_WEIGHTS").mkdir()
    (keeps,) = re.findall(r"```json\n(.*?)```", (DOCS / "editing.md").read_text(encoding="utf-8"), re.DOTALL)
    (folder / "keeps.json").write_text(json.dumps(json.loads(keeps)))
    return folder


@pytest.fixture
def desk(page: str, brought: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own with all of that; where neither dances are edited nor bars are looped, songs of two seconds
    do."""
    folder = tmp_path / "desk"
    shutil.copytree(brought, folder, symlinks=True)
    if page not in ("docs/editing.md", "docs/loops.md"):
        for name in ("song.ogg", "SONG"):
            clicks(folder / name, 2.0)
    monkeypatch.chdir(folder)
    return folder


QUICK = [row for row in COMMANDS if not listed(row[1], NOT_RUN) and not listed(row[1], SLOW)]


@pytest.mark.parametrize("page", sorted({page for page, _ in QUICK}))
def test_a_page_s_commands_do_what_it_says(page: str, desk: Path) -> None:
    """One after the other, as one reads them, with the bundled weights and few steps."""
    for command in [command for where, command in QUICK if where == page]:
        words = small(command)
        assert run(words) == 0, command
        assert [path for path in promised(words) if not path.exists()] == [], command


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted({page for page, command in COMMANDS if listed(command, SLOW)}))
def test_what_takes_longer_does_what_its_page_says_too(page: str, desk: Path) -> None:
    """Each in a process of its own, after the page's other commands."""
    for name, command in COMMANDS:
        if name != page or listed(command, NOT_RUN):
            continue
        words = small(command)
        if "PACK" in words and not Path("PACK").exists():
            assert cli.main(["train", "mocap", "FOLDER", "PACK"]) == 0
        paths = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        done = subprocess.run([sys.executable, *words[1:]], env=os.environ | paths, check=False)
        assert done.returncode == 0, command
        assert [path for path in promised(words) if not path.exists()] == [], command
