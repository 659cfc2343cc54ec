"""`weights export-onnx NAME|FILE -o FILE.onnx`."""

import argparse

from ...fileio.atomic_write import atomic_write
from ...model.catalogue import resolve
from ...model.onnx_decoder import OnnxDecoder
from ...model.weights_file import load_weights
from ..console import check_target, finish


def run(options: argparse.Namespace) -> None:
    """Write the network as one ONNX model. Raises EdgeError as check_target and load_weights; OSError."""
    check_target(options.output, ".onnx")
    weights = load_weights(resolve(options.name, options.weights_folder))
    model = OnnxDecoder(weights.info.config, weights.parameters).network().to_bytes(with_weights=True)
    with atomic_write(options.output) as unfinished:
        unfinished.write_bytes(model)
    finish(options, options.output, f"weights {weights.info.id}, {len(model) / 1e6:.1f} MB")
