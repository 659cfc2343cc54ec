"""`jukebox convert FOLDER`: converts OpenAI's files to the format that this program reads."""

import argparse
from pathlib import Path

from ...audio.jukebox.conversion import convert, is_openais
from ...audio.jukebox.place import NAME
from ...fileio.output_folder import check_folder
from ...model.catalogue import BUNDLED_FOLDER
from ..console import finish, progress


def run(options: argparse.Namespace) -> None:
    """Convert OpenAI's files. Raises EdgeError as convert does; OSError."""
    target = options.output or (options.weights_folder or BUNDLED_FOLDER) / NAME
    check_folder(target)
    with progress(options) as report:
        folder = convert(options.folder, target, report, layers=options.layers, heads=options.heads)
    shape = f"{folder.shape.layers} layers of width {folder.shape.width}"
    finish(options, target, f"Jukebox, {shape}, from {whose(target)}")


def whose(folder: Path) -> str:
    """Text that says from whose files the folder was made."""
    return "OpenAI's own files" if is_openais(folder) else "files that are not the ones OpenAI published"
