"""Shared by all parts: the repository's path, output, and running programs."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class BuildError(Exception):
    """A failure that the user can resolve, with one or a few sentences."""


def say(text: str) -> None:
    """Print a line and flush."""
    print(text, flush=True)


def run(command: Sequence[str]) -> int:
    """Run a program in the repository with its output shown; returns its exit code."""
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def check(command: Sequence[str]) -> None:
    """Run a program. Raises BuildError if it fails."""
    code = run(command)
    if code != 0:
        raise BuildError(f"{Path(command[0]).name} {' '.join(command[1:3])} ended with exit code {code}.")
