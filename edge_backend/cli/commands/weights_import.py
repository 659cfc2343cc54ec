"""`weights import FILE`: converts a checkpoint of EDGE's authors to a weights file."""

import argparse

from ...model.authors_checkpoint import import_checkpoint
from ...model.catalogue import BUNDLED_FOLDER, SUFFIX, identify_source
from ..console import check_target, finish


def run(options: argparse.Namespace) -> None:
    """Convert a checkpoint. By default the weights are written to the weights folder.

    Their default name is the id that the index has for this file, or else the file's own. Raises EdgeError
    as check_target and import_checkpoint; OSError.
    """
    entry = identify_source(options.checkpoint) if options.checkpoint.is_file() else None
    folder = options.weights_folder or BUNDLED_FOLDER
    if options.output is None:
        folder.mkdir(parents=True, exist_ok=True)
    output = options.output or folder / f"{entry.id if entry else options.checkpoint.stem}{SUFFIX}"
    check_target(output, SUFFIX)
    info = import_checkpoint(
        options.checkpoint,
        output,
        id=entry.id if entry else output.stem,
        name=entry.name if entry else options.checkpoint.stem,
        licence="not stated",
        heads=options.heads,
    )
    finish(options, output, f"weights {info.id}, {info.feature_type} features")
