"""`weights list|show|import`."""

import argparse
import json
from dataclasses import asdict
from typing import Any

from ..model.authors_checkpoint import import_checkpoint
from ..model.catalogue import KnownWeights, identify_source, known, resolve
from ..model.weights_file import WeightsInfo, read_info
from .output import check_target, finish


def run(options: argparse.Namespace) -> None:
    """Do the action. Raises EdgeError as model.catalogue, model.weights_file and model.authors_checkpoint do."""
    {"list": _list, "show": _show, "import": _import}[options.action](options)


def _list(options: argparse.Namespace) -> None:
    for entry in known(options.weights_folder):
        if options.json:
            print(json.dumps({"id": entry.id, "name": entry.name, "here": entry.path is not None}))
        else:
            print(f"{entry.id:<16} {'here' if entry.path else 'not here':<9} {_words(entry)}")


def _words(entry: KnownWeights) -> str:
    return entry.summary if entry.path else f"{entry.summary} {entry.when_missing}"


def _show(options: argparse.Namespace) -> None:
    facts = _facts(read_info(resolve(options.name, options.weights_folder)))
    if options.json:
        print(json.dumps(facts))
        return
    for name, value in facts.items():
        print(f"{name:<14} {json.dumps(value) if isinstance(value, (dict, list)) else value}")


def _facts(info: WeightsInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "name": info.name,
        "licence": info.licence,
        "features": info.feature_type,
        "feature_width": info.feature_width,
        "controls": list(info.controls),
        "architecture": asdict(info.config),
        "training": info.training,
    }


def _import(options: argparse.Namespace) -> None:
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
