"""`jukebox fetch -o FOLDER`: downloads OpenAI's files."""

import argparse
import sys
from pathlib import Path

from ...audio.jukebox.conversion import SHA256
from ...errors import EdgeError
from ...fileio.download import download
from ...fileio.output_folder import check_folder
from ...schema.progress import Report
from ..console import finish, progress

PLACE = "https://openaipublic.azureedge.net/jukebox/models/5b/"
_LICENCE = """Jukebox is OpenAI's, under the Noncommercial Use License of github.com/openai/jukebox:
it, and what is made with it, may be used for purposes that are not commercial.
Two files, 10.3 GB, will be fetched and converted to 9.3 GB. Five seconds of music then take two minutes on two
processor cores, a song of three minutes more than an hour; a GPU is much faster."""


def run(options: argparse.Namespace) -> None:
    """Download OpenAI's files after the licence is accepted. Raises EdgeError as accept and fetch do; OSError."""
    check_folder(options.output)
    accept(options)
    with progress(options) as report:
        fetch(options.output, report)
    finish(options, options.output, f"OpenAI's files; next: jukebox convert {options.output}")


def accept(options: argparse.Namespace, licence: str = _LICENCE, name: str = "Jukebox's licence") -> None:
    """Show a licence and ask, unless --accept-licence is given. Raises EdgeError licence_not_accepted."""
    print(licence, file=sys.stderr)
    if options.accept_licence:
        return
    if not sys.stdin.isatty() or input("Accept? [y/N] ").strip().lower() not in ("y", "yes"):
        raise EdgeError(
            "licence_not_accepted",
            f"{name} was not accepted; nothing was fetched.",
            "Read it, then give --accept-licence.",
        )


def fetch(folder: Path, report: Report) -> None:
    """Download OpenAI's files to the folder; complete files are not downloaded again.

    Raises EdgeError as download does; OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, digest in SHA256.items():
        download(PLACE + name, folder / name, digest, report)
