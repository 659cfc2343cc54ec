"""Output of commands: a progress bar and text, or messages of the protocol with --json."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..errors import EdgeError
from ..fileio.output_folder import check_folder
from ..protocol.codec import encode
from ..protocol.messages import Message, Result
from ..schema.progress import Report
from ..worker.progress_messages import ProgressMessages
from .progress_bar import ProgressBar


@contextmanager
def progress(options: argparse.Namespace) -> Iterator[Report]:
    """A Report that shows a progress bar, or sends messages with --json."""
    if options.json:
        yield ProgressMessages(options.command, send)
        return
    bar = ProgressBar()
    try:
        yield bar
    finally:
        bar.close()


def send(message: Message) -> None:
    """Write one message to stdout."""
    sys.stdout.buffer.write(encode(message))
    sys.stdout.flush()


def finish(options: argparse.Namespace, path: Path, sentence: str) -> None:
    """Print, or send with --json, that the file at path is complete."""
    if options.json:
        send(Result(options.command, str(path)))
    else:
        print(f"{path}: {sentence}")


def check_target(path: Path, *suffixes: str, inputs: Sequence[Path] = ()) -> None:
    """Check before the work that a file can be written at path, and that its name ends in one of the suffixes.

    suffixes: in lower case, with the dot. inputs: files that are read and must stay.
    Raises EdgeError export_unknown, output_impossible.
    """
    if path.is_dir():
        raise EdgeError("output_impossible", f"{path} is a folder.", "Give the name of a file.")
    if path.suffix.lower() not in suffixes:
        ends = " or ".join(filter(None, (", ".join(suffixes[:-1]), suffixes[-1])))
        raise EdgeError("export_unknown", f"The name {path.name} does not end in {ends}.", "Give one that does.")
    if not path.parent.exists():
        raise EdgeError("output_impossible", f"The folder {path.parent} does not exist.", "Make it, or choose another.")
    check_folder(path.parent)
    if path.exists() and any(given.exists() and path.samefile(given) for given in inputs):
        raise EdgeError("output_impossible", f"{path} is a file that is read.", "Give another name.")
