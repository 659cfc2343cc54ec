"""Memory plans: which layers stay in memory, and how many slices are evaluated together.

All plans apply one layer after another to a group of slices, so each layer is read once per group. For a song that fits
in one group, reading layers when they are needed (`stream`) is therefore as fast as keeping all of them, and needs the
least memory; `full` and `int8` are for songs that need several groups.
"""

from dataclasses import dataclass
from typing import Literal

import torch

from ...errors import EdgeError
from ...schema.requests import Plan, Precision
from .folder import PriorShape
from .layers import StoredPrecision, product_dtype

SLICE_CODES = 1722
_CPU_GROUP = 8  # slices; they take about 15 minutes with the true prior, and are then cached
_LARGEST_GROUP = 128
_SPARE = 400_000_000  # bytes for the encoder, the tables and torch itself
_GPU_BATCH = 4  # slices in one matrix product


@dataclass(frozen=True)
class MemoryPlan:
    """layers: resident = all stay on the device; streamed = each is read when it is needed. group: slices per pass.

    batch: slices in one matrix product. device_bytes: estimated memory of the plan.
    """

    layers: Literal["resident", "streamed"]
    precision: StoredPrecision
    group: int
    batch: int
    device_bytes: int


def choose_plan(
    wanted: Plan,
    shape: PriorShape,
    device: torch.device,
    slices: int,
    *,
    precision: Precision | None = None,
    free: int | None = None,
) -> MemoryPlan:
    """The plan for a number of slices of 5 s.

    precision: of matrix products; None = float32 on the CPU, else float16. free: bytes on the device, None = ask it
    (CUDA; other devices are assumed to have enough). auto: `stream` if all slices fit in one group or `full` does not
    fit, else `full`; never int8, which changes features visibly.
    Raises EdgeError out_of_memory where the wanted plan does not fit, request_invalid for a precision with int8.
    """
    if wanted == "int8" and precision:
        raise EdgeError("request_invalid", f"The plan int8 has no precision {precision}.", "Leave the precision out.")
    usual: StoredPrecision = "fp32" if device.type == "cpu" else "fp16"
    stored: StoredPrecision = "int8" if wanted == "int8" else precision or usual
    if free is None and device.type == "cuda":
        free = torch.cuda.mem_get_info(device)[0]
    plans = {
        name: _plan(name, shape, device, slices, precision=stored, free=free) for name in ("stream", "full", "int8")
    }
    if wanted == "auto":
        streamed, full = plans["stream"], plans["full"]
        quick = device.type == "cpu" or streamed.group >= slices or full.group < 1
        chosen = streamed if quick else full
    else:
        chosen = plans[wanted]
    if chosen.group < 1:
        raise EdgeError(
            "out_of_memory",
            f"Jukebox needs {chosen.device_bytes / 1e9:.1f} GB on the device for the plan {wanted}, "
            f"and {(free or 0) / 1e9:.1f} GB are free.",
            "Choose the plan stream, close other programs, or run on the CPU.",
        )
    return chosen


def _plan(
    name: str, shape: PriorShape, device: torch.device, slices: int, *, precision: StoredPrecision, free: int | None
) -> MemoryPlan:
    """The plan of that name; its group is 0 if not even one slice fits."""
    batch = 1 if device.type == "cpu" else min(_GPU_BATCH, slices)
    width = product_dtype(precision, device).itemsize
    stored = 1 if precision == "int8" else width
    a_layer = shape.matrix_values * width
    layers = shape.layers * shape.matrix_values * stored + (a_layer if stored != width else 0)
    weights = 2 * a_layer if name == "stream" else layers  # two: one is applied while the next is read
    stream = 4 * SLICE_CODES * shape.width
    working = 6 * width * batch * SLICE_CODES * shape.width
    base = _SPARE + weights + working
    group = _CPU_GROUP if free is None else min(int((free - base) // stream), _LARGEST_GROUP)
    group = max(min(group, slices), 0)
    return MemoryPlan(
        "streamed" if name == "stream" else "resident",
        precision,
        group,
        min(batch, max(group, 1)),
        base + max(group, 1) * stream,
    )
