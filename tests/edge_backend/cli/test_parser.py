"""The command line, in real processes except for tests of arguments alone."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from pipeline_fixtures import write_song, write_weights

from edge_backend.cli import main as cli
from edge_backend.cli.parser import build_parser
from edge_backend.cli.progress_bar import ProgressBar
from edge_backend.motion.files import load_motion
from edge_backend.protocol.codec import decode
from edge_backend.protocol.messages import Error, Message, Progress, Result
from edge_backend.worker.progress_messages import ProgressMessages

REPOSITORY = Path(__file__).parents[3]
PARITY = REPOSITORY / "tests/data/parity"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    write_weights(folder)
    write_song(folder / "song.wav", seconds=3.0)
    return folder


def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    command = [sys.executable, "-m", "edge_backend", *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)


def dance(folder: Path, output: Path, *more: object) -> list[str]:
    """Arguments that make a quick dance."""
    weights = folder / "tiny.safetensors"
    return list(map(str, ["generate", folder / "song.wav", "-o", output, "--weights", weights, "--steps", 2, *more]))


def test_help_imports_nothing_heavy() -> None:
    """Help in 0.3 s: what could make it slow is torch, numpy, librosa, and none of them is touched."""
    code = (
        "import sys; from edge_backend.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print(sorted({'torch', 'numpy', 'librosa', 'scipy', 'av', 'PIL'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert shown.stdout.endswith("[]\n")
    for command in ("generate", "features", "weights", "preview", "doctor", "worker", "train", "evaluate"):
        assert command in shown.stdout


def test_a_dance_from_the_command_line_for_people_and_for_programs(folder: Path, tmp_path: Path) -> None:
    people = run(*dance(folder, tmp_path / "a.npz", "--seed", 3))
    assert people.returncode == 0, people.stderr
    assert people.stdout == f"{tmp_path / 'a.npz'}: 90 frames, 3.0 s, seed 3\n"
    assert "Dancing" in people.stderr
    programs = run(*dance(folder, tmp_path / "b.npz", "--seed", 3, "--json"))
    assert programs.returncode == 0, programs.stderr
    frames = [decode(line.encode()) for line in programs.stdout.splitlines()]
    assert frames[-1] == Result("generate", str(tmp_path / "b.npz"))
    assert {frame.stage for frame in frames[:-1] if isinstance(frame, Progress)} >= {"features", "sampling", "feet"}
    assert programs.stderr == ""
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_options_reach_the_dance(folder: Path, tmp_path: Path) -> None:
    more = ["--sampler", "dpmpp", "--guidance", "1.5", "--style", "salsa", "--energy", "0.25", "--start", "0.5"]
    more += ["--duration", "1.5", "--no-feet", "--sequential", "--device", "cpu", "--threads", "1"]
    assert cli.main(dance(folder, tmp_path / "d.npz", *more)) == 0
    motion = load_motion(tmp_path / "d.npz")
    meta = motion.meta
    later = cli.main(dance(folder, tmp_path / "later.npz", *more, "--beat-offset", "0.1", "--smoothness", "0.5"))
    calm = load_motion(tmp_path / "later.npz")
    assert later == 0 and set(np.round(motion.beats + 0.1, 3)) & set(np.round(calm.beats, 3))
    assert not np.array_equal(calm.rotations, motion.rotations)
    assert motion.frames == 45
    assert (meta["sampler"], meta["guidance"], meta["style"], meta["energy"]) == ("dpmpp", 1.5, "salsa", 0.25)
    assert (meta["song"]["start"], meta["sequential"], meta["feet"]["enabled"]) == (0.5, True, False)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["generate", "{}/gone.ogg", "-o", "{}/d.npz", "--weights", "{}/tiny.safetensors"], "audio_missing"),
        (["generate", "{}", "-o", "{}/d.npz", "--weights", "{}/tiny.safetensors"], "audio_folder"),
        (["generate", "{}/song.wav", "-o", "{}/d.npz", "--weights", "{}/song.wav"], "weights_unreadable"),
        (["generate", "{}/song.wav", "-o", "{}/no/d.npz"], "output_impossible"),
        (["generate", "{}/song.wav", "-o", "{}"], "output_impossible"),
        (["generate", "{}/song.wav", "-o", "{}/d.npz", "--seed=-1"], "request_invalid"),
        (["features", "{}/tiny.safetensors", "-o", "{}/f.npz"], "audio_unreadable"),
        (["preview", "{}/song.wav", "-o", "{}/d.mp4"], "motion_unreadable"),
        (["preview", "{}/song.wav"], "preview_nothing"),
        (["weights", "show", "nobody-knows"], "weights_missing"),
        (["weights", "import", "{}/song.wav", "-o", "{}/w.safetensors"], "weights_unreadable"),
    ],
)  # fmt: skip
def test_every_failure_is_one_sentence_and_exit_status_2(
    folder: Path, arguments: list[str], code: str, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = [argument.replace("{}", str(folder)) for argument in arguments]
    assert cli.main(arguments) == 2
    out, err = capfd.readouterr()
    assert out == ""
    sentence = err.splitlines()[-1]  # a progress bar may stand above
    assert sentence.endswith(f"[{code}]")
    assert "Traceback" not in err
    assert cli.main([*arguments, "--json"]) == 2
    error = decode(capfd.readouterr().out.splitlines()[-1].encode())
    assert isinstance(error, Error)
    assert error.code == code
    assert sorted(file.name for file in folder.iterdir()) == ["song.wav", "tiny.safetensors"]  # nothing half-written


def test_debug_shows_where_an_error_came_from(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["weights", "show", "nobody-knows", "--debug"]) == 2
    assert "Traceback" in capfd.readouterr().err


def test_wrong_usage_is_exit_status_2(capfd: pytest.CaptureFixture[str]) -> None:
    for words in ("", "dance", "generate", "generate song.ogg", "generate s -o d --seed x", "preview d.npz --size 7x7"):
        with pytest.raises(SystemExit) as caught:
            cli.main(words.split())
        assert caught.value.code == 2
    assert "even" in capfd.readouterr().err


def test_features_and_preview_follow_each_other(folder: Path, tmp_path: Path) -> None:
    assert cli.main(["features", str(folder / "song.wav"), "-o", str(tmp_path / "f.npz"), "--type", "rhythm"]) == 0
    with np.load(tmp_path / "f.npz", allow_pickle=False) as file:
        assert file["values"].shape == (90, 12)
    assert cli.main(dance(folder, tmp_path / "d.npz", "--duration", "1.0")) == 0
    assert cli.main([
        "preview", str(tmp_path / "d.npz"), "--audio", str(folder / "song.wav"), "--size", "320x180",
        "-o", str(tmp_path / "d.mp4"), "--sheet", str(tmp_path / "d.png"), "--moments", "2",
    ]) == 0  # fmt: skip
    assert (tmp_path / "d.mp4").stat().st_size > 5000
    assert (tmp_path / "d.png").stat().st_size > 5000


def test_weights_are_imported_shown_and_listed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    checkpoint, target = PARITY / "edge_reference.pt", tmp_path / "mine.safetensors"
    assert cli.main(["weights", "import", str(checkpoint), "-o", str(target)]) == 0
    capfd.readouterr()
    assert cli.main(["weights", "show", str(target), "--json"]) == 0
    facts = json.loads(capfd.readouterr().out)
    assert (facts["id"], facts["features"], facts["architecture"]["latent"]) == ("mine", "baseline", 64)
    assert cli.main(["weights", "list", "--weights-folder", str(tmp_path), "--json"]) == 0
    listed = {entry["id"]: entry for entry in map(json.loads, capfd.readouterr().out.splitlines())}
    assert listed["mine"]["here"]
    assert {"starter", "edge-jukebox"} <= listed.keys()


def test_the_doctor_finds_a_good_installation_good_and_a_bad_one_bad(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("USERPROFILE", str(folder.parent))
    assert cli.main(["doctor", "--weights-folder", str(folder), "--json"]) == 0
    report = capfd.readouterr().out
    findings = {finding["name"]: finding for finding in json.loads(report)["findings"]}
    assert findings["torch"]["ok"]
    assert "tiny" in findings["weights"]["words"]
    assert "2 s" in findings["dance"]["words"]
    assert str(folder.parent) not in report

    (folder.parent / "broken").mkdir()
    (folder.parent / "broken" / "a.safetensors").write_bytes(b"no weights")
    assert cli.main(["doctor", "--weights-folder", str(folder.parent / "broken")]) == 2
    out, err = capfd.readouterr()
    bad = [line for line in out.splitlines() if line.startswith("BAD")]
    assert len(bad) == 1
    assert "weights" in bad[0]
    assert str(folder.parent) not in out
    assert "[doctor_found_faults]" in err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no way to send Ctrl-C to one process")
def test_ctrl_c_ends_cleanly_and_leaves_nothing_behind(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edge_backend", *dance(folder, tmp_path / "d.npz", "--steps", "1000")]
    listening = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # whatever started the tests may not listen
    with subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True, preexec_fn=listening) as process:  # noqa: PLW1509
        assert process.stderr
        assert any("Dancing" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(60) == 130
    assert rest.strip() == "Stopped."
    assert list(tmp_path.iterdir()) == []


def test_a_reader_who_has_seen_enough_is_no_failure() -> None:
    command = [sys.executable, "-m", "edge_backend", "weights", "list"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_the_bar_is_one_line_per_stage_that_ends_full() -> None:
    terminal = Terminal()
    bar = ProgressBar(terminal)
    for done in range(51):
        bar("sampling", done, 50)
    bar("feet", 0, 1)
    bar.close()
    sampling, feet, rest = terminal.getvalue().split("\n")
    assert sampling.split("\r")[-1].split() == ["Dancing", "█" * 24, "100%"]
    assert feet.split("\r")[-1].split() == ["Placing", "feet", "░" * 24, "0%"]
    assert rest == ""


def test_the_estimate_is_the_pace_so_far_and_frames_are_at_most_ten_a_second() -> None:
    now = 0.0
    sent: list[Message] = []
    report = ProgressMessages("1", sent.append, clock=lambda: now)
    for done in range(101):
        now = done * 0.02
        report("sampling", done, 100)
    etas = {p.done: p.eta for p in sent if isinstance(p, Progress)}
    assert etas[0] is None
    assert etas[100] == 0
    assert all(etas[done] == pytest.approx((100 - done) * 0.02, abs=0.01) for done in etas if done)
    assert len(sent) <= 22  # 2 s


@pytest.mark.timing
def test_time_to_answer_help() -> None:
    """0.3 s on a quiet machine; the bound leaves room for a busy one, and torch alone takes longer than it."""
    best = min(_seconds("--help") for _ in range(3))
    assert best < 1.0


def _seconds(*arguments: str) -> float:
    began = time.monotonic()
    assert run(*arguments).returncode == 0
    return time.monotonic() - began


@pytest.mark.parametrize("rate", ["nan", "-5", "0", "inf", "fast"])
def test_a_rate_that_is_none_is_refused(rate, capsys):
    with pytest.raises(SystemExit) as end:
        build_parser().parse_args(["convert", "in.bvh", "out.npz", "--rate", rate])
    assert end.value.code == 2 and f"{rate} is no number above 0" in capsys.readouterr().err
