"""Measures the speed of Jukebox on this machine, on random layers of the true width, without its weights."""

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from ...runtime.usage import peak_memory, synchronise
from ...schema.progress import Report, silent
from ...schema.requests import Plan, Precision
from .encoder import CODEBOOK, DOWNSAMPLINGS, ENCODER, RESIDUAL_UNITS
from .extractor import NativeExtractor
from .folder import CODES, FRONT, POSITIONS, START, PriorShape, layer_file, manifest_bytes, open_folder
from .layers import NAMES, NORMS
from .place import MANIFEST
from .plans import SLICE_CODES, MemoryPlan, choose_plan
from .sound import RATE
from .speed import precision_of, product_rate, slice_operations

_LAYERS = 4  # the first is not measured; the others have one kind of attention each
_CODEBOOK = 2048


@dataclass(frozen=True)
class Measurement:
    """slice_s: seconds for a slice of 5 s through all layers. rate: floating-point operations a second.

    product_rate: the same of one plain matrix product of the layer's size. memory: peak bytes, of the process on the
    CPU and of the device elsewhere; 0 where it is not measured.
    """

    plan: MemoryPlan
    slice_s: float
    rate: float
    product_rate: float
    memory: int


def measure(
    wanted: Plan,
    device: torch.device,
    slices: int,
    *,
    precision: Precision | None = None,
    shape: PriorShape | None = None,
    report: Report = silent,
) -> Measurement:
    """Measure a plan: run `slices` slices through _LAYERS random layers of the shape, None = that of the true prior.

    precision: None = the one that a song's features would be computed in.
    Raises EdgeError out_of_memory; OSError.
    """
    shape = shape or PriorShape()
    plan = choose_plan(wanted, shape, device, slices, precision=precision_of(wanted, precision, device))
    few = replace(shape, layers=_LAYERS)
    plain = product_rate(shape, device, plan.precision)
    with tempfile.TemporaryDirectory(prefix="edge-jukebox-") as folder:
        _write_random(Path(folder), few)
        times: list[float] = []

        def tick(done: int, total: int) -> None:
            synchronise(device)
            times.append(time.perf_counter())
            report("features", done, total)

        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        extractor = NativeExtractor(open_folder(folder), device, plan)
        sounds = np.random.default_rng(0).uniform(-1, 1, (min(slices, plan.group), 5 * RATE)).astype(np.float32)
        extractor.streams(sounds, tick)
    a_layer = (len(times) - 1) // _LAYERS
    per_layer = (times[-1] - times[a_layer]) / (_LAYERS - 1) / len(sounds)
    slice_s = per_layer * shape.layers
    return Measurement(plan, slice_s, slice_operations(shape) / slice_s, plain, _peak(device))


def _write_random(folder: Path, shape: PriorShape) -> None:
    generator = torch.Generator().manual_seed(0)
    sizes = {
        "attn.c_attn": (shape.width, 3 * shape.state),
        "attn.c_proj": (shape.state, shape.width),
        "mlp.c_fc": (shape.width, shape.width),
        "mlp.c_proj": (shape.width, shape.width),
    }
    layer = {f"{name}.w": (0.02 * torch.randn(size, generator=generator)).half() for name, size in sizes.items()}
    layer |= {f"{name}.b": torch.zeros(size[1]) for name, size in sizes.items()}
    layer |= {f"{norm}.weight": torch.ones(shape.width) for norm in NORMS}
    layer |= {f"{norm}.bias": torch.zeros(shape.width) for norm in NORMS}
    assert set(layer) == set(NAMES)  # noqa: S101 - the parameters of make_layer
    front = {
        START: torch.randn(shape.width, generator=generator),
        CODES: torch.randn(_CODEBOOK, shape.width, generator=generator),
        POSITIONS: torch.zeros(SLICE_CODES, shape.width),
    }
    front |= _random_encoder(generator)
    files = {FRONT: front} | {layer_file(index): layer for index in range(shape.layers)}
    for name, tensors in files.items():
        save_file(tensors, folder / name)
    (folder / MANIFEST).write_bytes(manifest_bytes(shape, dict.fromkeys(files, ""), {}))


def _random_encoder(generator: torch.Generator) -> dict[str, torch.Tensor]:
    parameters = {CODEBOOK: torch.randn(_CODEBOOK, 64, generator=generator)}

    def convolution(name: str, out: int, into: int, width: int) -> None:
        parameters[f"{name}.weight"] = torch.randn(out, into, width, generator=generator) / (into * width) ** 0.5
        parameters[f"{name}.bias"] = torch.zeros(out)

    for block, count in enumerate(DOWNSAMPLINGS):
        model = f"{ENCODER}level_blocks.{block}.model"
        for index in range(count):
            convolution(f"{model}.{index}.0", 32, 32 if index else (64 if block else 1), 4)
            for unit in range(RESIDUAL_UNITS):
                convolution(f"{model}.{index}.1.model.{unit}.model.1", 32, 32, 3)
                convolution(f"{model}.{index}.1.model.{unit}.model.3", 32, 32, 1)
        convolution(f"{model}.{count}", 64, 32, 3)
    return parameters


def _peak(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return peak_memory() if device.type == "cpu" else 0
