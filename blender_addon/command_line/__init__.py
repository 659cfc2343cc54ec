"""Dances without a window: `blender -b scene.blend --command edge_dance ...`, or `python -m edge_dance ...` with the
bpy package. Imported by registration."""

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
    """Run the command. Returns the exit status, one of edge_backend.errors.exit_codes."""
    try:
        options = parse(arguments, program)
    except SystemExit as request:
        return int(request.code or 0)
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
    """`main` for Blender's program, which exits afterwards.

    Blender's greeting, which is still buffered when the command starts, and its last lines go to stderr.
    """
    status = main(arguments)
    sys.stdout.flush()
    with suppress(OSError):  # on Windows a program without a console has no such descriptors
        os.dup2(2, 1)
    return status


def register() -> None:
    """Register the command with Blender."""
    utils: Any = bpy.utils
    _registered.append(utils.register_cli_command(COMMAND, main_of_program))


def unregister() -> None:
    """Undo `register`."""
    while _registered:
        bpy.utils.unregister_cli_command(_registered.pop())


def _leave() -> None:
    """Exit at once, for Ctrl-C. Files are renamed into place when they are complete: only the job and Blender's
    temporary folder are left to remove."""
    with suppress(Exception):
        service.stop()
    # Even where the interrupted work could not be stopped in good order.
    shutil.rmtree(bpy.app.tempdir, ignore_errors=True)
    os._exit(INTERRUPTED)
