"""--verbose: what commands log, where, and how much of it."""

import logging
import re
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest
from pipeline_fixtures import write_song, write_weights

from edge_backend.cli.log_output import log_of
from edge_backend.cli.main import main
from edge_backend.cli.progress_bar import ProgressBar
from edge_backend.protocol.codec import decode
from edge_backend.protocol.messages import Log

ROOT = Path(__file__).parents[3]
ROW = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING|ERROR) ([\w.]+): (.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("log")
    write_weights(made)
    write_song(made / "song.wav", seconds=6)
    return made


@pytest.fixture
def generate(folder, tmp_path, capfd):
    def run(*options):
        arguments = ["generate", str(folder / "song.wav"), "-o", str(tmp_path / "dance.npz"), "--weights", "tiny"]
        assert main([*arguments, "--weights-folder", str(folder), "--steps", "2", "--device", "cpu", *options]) == 0
        return capfd.readouterr()

    return run


def rows(text):
    return [(level, name, sentence) for level, name, sentence in ROW.findall(text)]


def test_a_quiet_command_logs_nothing(generate):
    assert not rows(generate().err)


def test_verbose_says_what_a_report_needs(generate):
    found = rows(generate("-v").err)
    assert {level for level, _, _ in found} == {"INFO"}
    said = "\n".join(sentence for _, _, sentence in found)
    assert re.search(r"(ONNX Runtime|PyTorch) [\w.+]+ on cpu, \d+ CPU threads", said)
    assert re.search(r"weights tiny loaded in \d+\.\d\d s", said)
    assert re.search(r"a dance of 180 frames: weights tiny, seed 0, dpmpp with 2 steps", said)
    assert re.findall(r"^(\w+) took \d+\.\d\d s$", said, re.MULTILINE) == ["loading", "features", "sampling", "feet"]
    names = {name for _, name, _ in found}
    assert {"edge_backend.generation.model_cache", "edge_backend.generation.stage_times"} <= names


def test_twice_verbose_says_more(generate):
    assert {level for level, _, _ in rows(generate("-vv").err)} >= {"DEBUG", "INFO"}


def test_json_stays_on_stdout_alone(generate):
    done = generate("--json", "-v")
    assert all(not isinstance(decode(line.encode()), Log) for line in done.out.splitlines())
    assert rows(done.err)


def test_a_child_of_blender_logs_in_messages(folder, tmp_path):
    command = [sys.executable, "-m", "edge_backend", "generate", str(folder / "song.wav"), "--json", "--child"]
    command += ["-o", str(tmp_path / "dance.npz"), "--weights", "tiny", "--weights-folder", str(folder), "--steps", "2"]
    child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with child:
        sent = [decode(line.rstrip(b"\n")) for line in child.stdout]
        assert not rows(child.stderr.read().decode())
    assert any(isinstance(one, Log) and "sampling took" in one.text for one in sent)


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_commands_with_their_own_options_have_it_too(command):
    arguments = [sys.executable, "-m", "edge_backend", command, *(["run"] if command == "train" else []), "--help"]
    shown = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "--verbose" in shown and "--debug" in shown


def test_every_command_has_it():
    shown = subprocess.run(
        [sys.executable, "-c", EACH_COMMAND], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert shown.split() == []


EACH_COMMAND = """
import argparse
from edge_backend.cli.parser import build_parser
def leaves(parser):
    inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return [leaf for action in inner for one in action.choices.values() for leaf in leaves(one)] or [parser]
print(*(leaf.prog for leaf in leaves(build_parser()) if "--verbose" not in leaf.format_help()))
"""


def test_no_bar_is_drawn_into_a_log():
    class Terminal:
        text, encoding = "", "utf-8"

        def isatty(self):
            return True

        def write(self, text):
            self.text += text

        def flush(self):
            pass

    for verbose, drawn in ((0, True), (1, False)):
        terminal = Terminal()
        with log_of(Namespace(verbose=verbose)):
            bar = ProgressBar(terminal)
            bar("sampling", 0, 2)
            bar("sampling", 1, 2)
            bar.close()
        assert ("\r" in terminal.text) is drawn
    assert logging.getLogger("edge_backend").level == logging.NOTSET
