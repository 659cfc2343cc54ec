"""`weights fetch edge`: installs the checkpoint of EDGE's authors; `weights fetch jukebox`: Jukebox, which it needs."""

import argparse
import contextlib
import sys
from pathlib import Path

from ...audio.jukebox.conversion import SHA256, convert
from ...audio.jukebox.folder import open_folder
from ...audio.jukebox.place import MANIFEST, NAME
from ...errors import EdgeError
from ...fileio.download import alone_at, download
from ...fileio.hashing import sha256_of
from ...model.authors_checkpoint import import_checkpoint
from ...model.catalogue import BUNDLED_FOLDER, SUFFIX, KnownWeights, known
from ..console import finish, progress
from . import jukebox_fetch
from .jukebox_convert import whose

EDGE = "edge-jukebox"
"""Its id in the index of weights, which has the file's SHA-256."""

PAGE = "https://drive.google.com/file/d/1BAR712cVEqB8GR37fcEihRV_xOC-fZrZ/view"
"""The authors' download page. It has no direct address; the index names a mirror that has one."""

LICENCE = """The checkpoint is of EDGE's authors. Their code is under the MIT licence; of it they say nothing.
It learned from AIST++ (terms of the AIST Dance DB) and gets music features from Jukebox, whose licence allows neither
commercial use of it nor of what is made with it."""


def run(options: argparse.Namespace) -> None:
    """Install what options.name says. Raises as fetch_jukebox and fetch_edge."""
    fetch = fetch_jukebox if options.name == "jukebox" else fetch_edge
    fetch(options)


def fetch_jukebox(options: argparse.Namespace) -> None:
    """Download OpenAI's files, or read them from the folder --from, and convert them into the weights folder.

    Downloaded files are removed after the conversion, the user's own files are not.
    Raises EdgeError download_busy, and EdgeError, OSError as `jukebox fetch` and `jukebox convert` do.
    """
    jukebox_fetch.accept(options)
    folder = options.weights_folder or BUNDLED_FOLDER
    target = folder / NAME
    files = options.source or folder / "openai"
    if options.source is None:
        folder.mkdir(parents=True, exist_ok=True)
        with alone_at(target):
            _bring(options, files, target)
            for name in SHA256:
                (files / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # of an earlier run, or not empty
            files.rmdir()
    else:
        _bring(options, files, target)
    finish(options, target, f"Jukebox, from {whose(target)}; weights that listen through it can dance")


def _bring(options: argparse.Namespace, files: Path, target: Path) -> None:
    with progress(options) as report:
        if not (target / MANIFEST).is_file():
            if options.source is None:
                jukebox_fetch.fetch(files, report)
            convert(files, target, report)
        open_folder(target).verify(report)


def fetch_edge(options: argparse.Namespace) -> None:
    """Download the authors' checkpoint, or take the file --from, and import it into the weights folder.

    The downloaded file is removed after the import, the user's own is not. Raises EdgeError licence_not_accepted,
    weights_by_hand (it could not be downloaded; the hint says where the authors offer it), weights_missing,
    checkpoint_other (not the authors' file), and those of import_checkpoint; OSError.
    """
    entry = next(weights for weights in known(options.weights_folder) if weights.id == EDGE)
    folder: Path = options.weights_folder or BUNDLED_FOLDER
    if options.source is not None:
        print(LICENCE, file=sys.stderr)
        _check(options.source, entry)
        _import(options, options.source, entry)
        return
    jukebox_fetch.accept(options, LICENCE, "EDGE's licence")
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "checkpoint.pt"
    try:
        with progress(options) as report:
            download(entry.source_url, source, entry.source_sha256, report)
    except EdgeError as error:
        if error.code not in ("download_failed", "download_wrong"):
            raise
        raise EdgeError(
            "weights_by_hand",
            f"EDGE's checkpoint could not be fetched: {error.message}",
            f"Download it at {PAGE}, then: weights fetch edge --from checkpoint.pt.",
        ) from error
    _import(options, source, entry)
    source.unlink()


def _import(options: argparse.Namespace, source: Path, entry: KnownWeights) -> None:
    folder: Path = options.weights_folder or BUNDLED_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{EDGE}{SUFFIX}"
    info = import_checkpoint(source, target, id=entry.id, name=entry.name, licence="not stated")
    finish(options, target, f"weights {info.id}, {info.feature_type} features; next: docs/jukebox.md")


def _check(source: Path, entry: KnownWeights) -> None:
    if not source.is_file():
        raise EdgeError("weights_missing", f"There is no file {source}.", "Check the path.")
    if sha256_of(source) != entry.source_sha256:
        raise EdgeError(
            "checkpoint_other",
            f"{source} is not the file that EDGE's authors published: its checksum is another one.",
            "Download it again; for another checkpoint of EDGE there is `weights import`.",
        )
