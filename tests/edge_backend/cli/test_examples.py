"""The examples at the end of each command's help."""

import shlex

import pytest

from edge_backend.cli.examples import EXAMPLES
from edge_backend.cli.parser import PROGRAM, build_parser

WITHOUT = {"worker", "train", "evaluate"}
"""The first is started by Blender; the others have parsers and words of their own."""


def _commands(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The commands that the help lists."""
    with pytest.raises(SystemExit):
        build_parser().parse_args(["--help"])
    rows = capsys.readouterr().out.splitlines()
    return {row.split()[0] for row in rows if row.startswith("    ") and row[4].isalpha()}


def test_every_command_that_people_type_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(EXAMPLES) == _commands(capsys) - WITHOUT


@pytest.mark.parametrize("command", EXAMPLES)
def test_examples_are_shown_whole_and_can_be_typed(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args([command, "--help"])
    rows = capsys.readouterr().out.splitlines()
    shown = [row.strip() for row in rows[rows.index("for example:") + 1 :] if row]
    assert len(shown) == len(EXAMPLES[command])
    for row in shown:
        assert row.startswith(f"{PROGRAM} {command}")
        build_parser().parse_args(shlex.split(row.removeprefix(PROGRAM)))
