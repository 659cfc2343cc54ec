"""`weights show NAME|FILE`: prints the metadata of a weights file."""

import argparse
import json
from dataclasses import asdict
from typing import Any

from ...model.catalogue import resolve
from ...model.weights_file import WeightsInfo, read_info


def run(options: argparse.Namespace) -> None:
    """Print the metadata of a weights file. Raises EdgeError as catalogue.resolve and read_info do."""
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
