"""Dances without a window: `blender -b scene.blend --command edge_dance ...`, and `python -m edge_dance ...` where the
bpy package is installed."""

import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import bpy

from ..backend.service import service
from ..edge_backend.errors.exit_codes import FAILED, INTERRUPTED, of_many
from ..edge_backend.errors.from_exception import explain
from .batch import run
from .options import COMMAND, parse
from .report import report_to
from .stopping import ending_at

_registered: list[Any] = []


def main(arguments: Sequence[str], program: str = f"blender --command {COMMAND}") -> int:
    """Run the command; the exit status as exit_status has it."""
    try:
        options = parse(arguments, program)
    except SystemExit as told:
        return int(told.code or 0)
    with ending_at(_leave), report_to(options.json) as report:
        try:
            count = run(options, report)
            return of_many(count["asked"], count["failed"])
        except Exception as error:
            report.failed(explain(error))
            return FAILED
        finally:
            service.stop()


def main_of_program(arguments: Sequence[str]) -> int:
    """`main`, as Blender's program calls it, which ends with it.

    Its greeting still waits to be written when the command begins: that goes to stderr, and so does what it says at
    its end.
    """
    status = main(arguments)
    sys.stdout.flush()
    with suppress(OSError):  # on Windows a program without a console has neither
        os.dup2(2, 1)
    return status


def register() -> None:
    """Let Blender know of the command."""
    utils: Any = bpy.utils
    _registered.append(utils.register_cli_command(COMMAND, main_of_program))


def unregister() -> None:
    """Undo `register`."""
    while _registered:
        bpy.utils.unregister_cli_command(_registered.pop())


def _leave() -> None:
    """Ctrl-C: at once. Files are renamed into place when they are whole: nothing to clean but the job and the
    folder that Blender removes when it ends by itself."""
    with suppress(Exception):
        service.stop()
        shutil.rmtree(bpy.app.tempdir)
    os._exit(INTERRUPTED)
