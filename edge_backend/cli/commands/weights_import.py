"""`weights import FILE`."""

import argparse

from ...model.authors_checkpoint import import_checkpoint
from ...model.catalogue import BUNDLED_FOLDER, SUFFIX, identify_source
from ..console import check_target, finish


def run(options: argparse.Namespace) -> None:
    """Make weights from a checkpoint of EDGE's authors; unless told otherwise, in the weights folder and under the
    name that the index has for exactly this file, else under the file's own.

    Raises EdgeError output_impossible and as import_checkpoint does; OSError.
    """
    entry = identify_source(options.checkpoint) if options.checkpoint.is_file() else None
    folder = options.weights_folder or BUNDLED_FOLDER
    if options.output is None:
        folder.mkdir(parents=True, exist_ok=True)
    output = options.output or folder / f"{entry.id if entry else options.checkpoint.stem}{SUFFIX}"
    check_target(output)
    info = import_checkpoint(
        options.checkpoint,
        output,
        id=entry.id if entry else output.stem,
        name=entry.name if entry else options.checkpoint.stem,
        licence="not stated",
        heads=options.heads,
    )
    finish(options, output, f"weights {info.id}, {info.feature_type} features")
