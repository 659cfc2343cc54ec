"""The editing options of `generate`: the examples of docs/editing.md are run as written."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_fixtures import swaying, write_motion, write_song, write_weights

from edge_backend.cli import main as cli
from edge_backend.cli.commands.edit_options import keep_rows
from edge_backend.errors import EdgeError
from edge_backend.motion.files import load_motion
from edge_backend.schema.edits import KeepBody, KeepContacts, KeepPath, Source

DOCS = (Path(__file__).parents[3] / "docs/editing.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    python -m edge_backend (generate .* -o (\S+))$", DOCS, re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("edit")
    write_weights(folder)
    write_song(folder / "song.ogg", seconds=12.0)
    old = swaying(300)
    old.meta["song"] = {"start": 0.5}
    write_motion(folder / "dance.npz", old)
    write_motion(folder / "other.npz", swaying(300, seed=5))
    (folder / "keeps.json").write_text(re.findall(r"```json\n(.*?)```", DOCS, re.DOTALL)[0])
    return folder


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


def quick(command: str) -> list[str]:
    return [*shlex.split(command), "--weights", "tiny.safetensors", "--steps", "2"]


@pytest.mark.parametrize(("command", "output"), COMMANDS, ids=[output for _, output in COMMANDS])
def test_the_examples_do_as_they_stand_in_the_docs(here: Path, command: str, output: str) -> None:
    if output == "dance.npz":
        command = command.replace(output, "first.npz")  # the others edit a dance that is no random network's
    assert cli.main(quick(command)) == 0


def test_every_option_of_editing_has_an_example() -> None:
    tasks = ["--continue-from", "--vary", "--strength", "--regenerate", "--frames", "--joints"]
    for option in (*tasks, "--source", "--keep", "--keeps"):
        assert any(f" {option} " in command for command, _ in COMMANDS), option


@pytest.mark.parametrize(
    ("command", "start", "frames"),
    [
        ("generate song.ogg --continue-from dance.npz -o a.npz", 0.5, 345),  # to the end of the song
        ("generate song.ogg --vary dance.npz -o a.npz", 0.5, 300),
        ("generate song.ogg --vary dance.npz --start 0 --duration 5 -o a.npz", 0.0, 150),
        ("generate song.ogg --regenerate dance.npz --frames 10:20 --duration 11 -o a.npz", 0.5, 330),
    ],
)
def test_a_dance_brings_its_stretch_of_the_song_along(here: Path, command: str, start: float, frames: int) -> None:
    assert cli.main(quick(command)) == 0
    motion = load_motion("a.npz")
    assert (motion.meta["song"]["start"], motion.frames) == (start, frames)


def test_a_constrained_pose_is_in_the_dance(here: Path) -> None:
    assert cli.main(quick("generate song.ogg --duration 5 --keep whole 120 from=dance.npz@40 -o b.npz")) == 0
    new, old = load_motion("b.npz"), load_motion("dance.npz")
    assert np.abs(new.rotations[120] - old.rotations[40]).max() < 1e-3
    assert np.abs(new.root[120] - old.root[40]).max() < 1e-3


def test_guidance_options_reach_the_dance(here: Path) -> None:
    more = "--guidance-ramp rising --guidance-interval 100:900 --eta 0.3"
    assert cli.main(quick(f"generate song.ogg --duration 2 {more} -o c.npz")) == 0
    meta = load_motion("c.npz").meta
    assert (meta["guidance_ramp"], meta["guidance_interval"], meta["eta"]) == ("rising", [100, 900], 0.3)


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ("whole 120", [KeepBody(120, 121)]),
        ("upper 0:240 weight=0.5 fade=10", [KeepBody(0, 240, "upper", weight=0.5, fade=10)]),
        (
            "head,left_arm,pelvis,spine1 3:9",
            [KeepBody(3, 9, "left_arm"), KeepBody(3, 9, "head"), KeepBody(3, 9, joints=("pelvis", "spine1"))],
        ),
        ("whole 150 from=a@b.npz@90", [KeepBody(150, 151, source=Source("a@b.npz", 60))]),
        ("whole 150 from=a@b.npz", [KeepBody(150, 151, source=Source("a@b.npz"))]),
        ("path 0:9 through=-1,0/1,2", [KeepPath(0, 9, ((-1.0, 0.0), (1.0, 2.0)))]),
        ("path 0:9 from=a.npz height", [KeepPath(0, 9, height=True, source=Source("a.npz"))]),
        ("contacts 5:8", [KeepContacts(5, 8, ("left_foot", "right_foot"))]),
        ("contacts 5:8 feet=left_toes up", [KeepContacts(5, 8, ("left_toes",), down=False)]),
    ],
)
def test_words_and_what_they_keep(words: str, rows: list[object]) -> None:
    assert keep_rows(words.split()) == rows


@pytest.mark.parametrize(
    ("words", "because"),
    [
        ("whole", "at which frames"),
        ("tail 0:9", "tail is no part"),
        ("whole 0:nine", "0:nine"),
        ("whole 0:9 wieght=1", "wieght=1 is none of from=, weight=, fade="),
        ("whole 0:9 weight=much", "much"),
        ("path 0:9 through=0,0/x", "x"),
        ("contacts 0:9 from=a.npz", "from=a.npz is none of feet=, up"),
    ],
)
def test_words_that_make_no_sense_are_named(words: str, because: str) -> None:
    with pytest.raises(EdgeError, match=re.escape(because)) as caught:
        keep_rows(words.split())
    assert caught.value.code == "keep_unreadable"


@given(st.lists(st.text(max_size=12), min_size=1, max_size=5))
def test_any_words_are_rows_or_one_sentence(words: list[str]) -> None:
    try:
        assert keep_rows(words)
    except EdgeError as error:
        assert error.code == "keep_unreadable"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ("--vary gone.npz", "motion_missing"),
        ("--vary song.ogg", "motion_unreadable"),
        ("--vary dance.npz --strength 2", "request_invalid"),
        ("--regenerate dance.npz", "keep_unreadable"),
        ("--regenerate dance.npz --frames 0:9 --joints tail", "keep_unreadable"),
        ("--keep whole 0:9", "source_missing"),
        ("--keep whole 0:9 from=gone.npz", "motion_missing"),
        ("--keep contacts 0:9 feet=left_hand", "request_invalid"),
        ("--keeps gone.json", "keeps_unreadable"),
        ("--keeps song.ogg", "keeps_unreadable"),
        ("--keeps unknown.json", "keeps_unreadable"),
        ("--continue-from dance.npz --duration 9", "constraint_length"),
    ],
)
def test_every_failure_is_one_sentence(here: Path, more: str, code: str, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "unknown.json").write_text(json.dumps({"bodies": [{"start": 0, "stop": 9, "part": "tail"}]}))
    assert cli.main(quick(f"generate song.ogg {more} -o d.npz")) == 2
    assert capfd.readouterr().err.splitlines()[-1].endswith(f"[{code}]")


def test_tasks_that_exclude_each_other_are_wrong_usage(here: Path) -> None:
    for more in ("--vary a.npz --continue-from a.npz", "--regenerate a.npz --frames 9:3", "--guidance-interval 5"):
        with pytest.raises(SystemExit) as caught:
            cli.main(quick(f"generate song.ogg {more} -o e.npz"))
        assert caught.value.code == 2
