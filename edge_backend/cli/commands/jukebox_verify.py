"""`jukebox verify`: checks the checksums of Jukebox's files."""

import argparse

from ...audio.jukebox.song import opened
from ...generation.model_cache import ModelCache
from ..console import finish, progress


def run(options: argparse.Namespace) -> None:
    """Compare every file of Jukebox with its checksum. Raises EdgeError jukebox_missing, jukebox_damaged."""
    folder = opened(ModelCache("cpu", options.weights_folder).jukebox)
    with progress(options) as report:
        folder.verify(report)
    finish(options, folder.path, f"{len(folder.files)} files are as they were made")
