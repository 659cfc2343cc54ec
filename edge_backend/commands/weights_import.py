"""`weights import FILE -o OUT.safetensors`."""

import argparse

from ..model.authors_checkpoint import import_checkpoint
from ..model.catalogue import identify_source
from .output import check_target, finish


def run(options: argparse.Namespace) -> None:
    """Make weights from a checkpoint of EDGE's authors. Raises EdgeError as import_checkpoint does; OSError."""
    check_target(options.output)
    entry = identify_source(options.checkpoint) if options.checkpoint.is_file() else None
    info = import_checkpoint(
        options.checkpoint,
        options.output,
        id=entry.id if entry else options.output.stem,
        name=entry.name if entry else options.checkpoint.stem,
        licence="not stated",
        heads=options.heads,
    )
    finish(options, options.output, f"weights {info.id}, {info.feature_type} features")
