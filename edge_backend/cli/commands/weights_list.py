"""`weights list`: lists known weights."""

import argparse
import json

from ...model.catalogue import KnownWeights, known


def run(options: argparse.Namespace) -> None:
    """Print the known weights and which of them are installed."""
    for entry in known(options.weights_folder):
        if options.json:
            print(json.dumps({"id": entry.id, "name": entry.name, "here": entry.path is not None}))
        else:
            print(f"{entry.id:<16} {'here' if entry.path else 'not here':<9} {_words(entry)}".rstrip())


def _words(entry: KnownWeights) -> str:
    return entry.summary if entry.path else f"{entry.summary} {entry.when_missing}"
