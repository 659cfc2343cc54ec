"""The arithmetic of the decoder's matrix products, float32 or half precision, and which is the fastest here.

int8 with dynamic scales is 1.4 times as fast as float32 on a CPU, but its rounding differs from frame to frame and the
dances tremble (jitter 3026 m/s³ instead of 207), so it is not offered.
"""

import contextlib
import json
import platform
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional

from ..fileio.atomic_write import atomic_write
from ..runtime.usage import seconds_of
from .cached_decoder import CachedDecoder, Linear, MakeLinear, exact
from .decoder import DanceDecoder

Arithmetic = Literal["fp32", "fp16", "bf16"]

WORTH = 1.1  # factor by which an arithmetic must be faster than a more exact one to be chosen
TRIAL_S = 0.25  # an arithmetic that needs longer for one small product, or three times fp32's time, is not measured
ROUNDS = 3
_MIDDLE = 500  # any timestep


def make_linear(arithmetic: Arithmetic) -> MakeLinear:
    """The function that makes the decoder's linear layers in this arithmetic; their inputs and outputs are float32."""
    if arithmetic == "fp32":
        return exact
    kind = torch.float16 if arithmetic == "fp16" else torch.bfloat16
    return lambda weight, bias: _shorter(weight, bias, kind)


def _shorter(weight: Tensor, bias: Tensor, kind: torch.dtype) -> Linear:
    weight, bias = weight.to(kind), bias.to(kind)
    return lambda x: functional.linear(x.to(kind), weight, bias).to(x.dtype)


def candidates(device: torch.device) -> tuple[Arithmetic, ...]:
    """Arithmetics that may be faster than float32 on such a device, the more exact first."""
    match device.type:
        case "cuda":
            return ("fp16", "bf16")
        case "mps":
            return ("fp16",)
    return ("bf16",)


@torch.inference_mode()
def quickest(model: DanceDecoder, windows: int, folder: Path | None) -> Arithmetic:
    """The arithmetic in which this network is the fastest on this machine.

    It is measured once, in about a second, and stored in `folder` (None = not stored), so that the same machine
    continues to give the same dances. windows: how many the network evaluates at a time.
    """
    file = folder / "arithmetic.json" if folder else None
    known = _read(file)
    place = _place(model)
    if place not in known:
        known[place] = _measured(model, windows)
        _write(file, known)
    return known[place]


def _measured(model: DanceDecoder, windows: int) -> Arithmetic:
    device = model.null_cond_hidden.device
    decoders: dict[Arithmetic, CachedDecoder] = {"fp32": CachedDecoder(model)}
    for arithmetic in candidates(device):
        if _bearable(arithmetic, device):
            decoders[arithmetic] = CachedDecoder(model, make_linear(arithmetic))
    seconds = dict.fromkeys(decoders, float("inf"))
    config = model.config
    x = torch.randn(windows, config.frames, config.channels, device=device)
    music = model.encode_music(torch.randn(windows, config.frames, config.features, device=device))
    memories = {name: decoder.memory(music) for name, decoder in decoders.items()}
    for _ in range(ROUNDS):  # interleaved, so that other load slows all of them
        for name, decoder in decoders.items():
            took = seconds_of(lambda d=decoder, n=name: d(x, _MIDDLE, memories[n], unconditional=True), device)  # type: ignore[misc]
            seconds[name] = min(seconds[name], took)
    best: Arithmetic = "fp32"
    for name in decoders:  # the more exact first
        if seconds[name] * WORTH < seconds[best]:
            best = name
    return best


def _bearable(arithmetic: Arithmetic, device: torch.device) -> bool:
    """Whether a small product is fast enough to measure more: CPUs without bf16 take hundreds of times as long."""
    weight, bias, x = (
        torch.ones(256, 256, device=device),
        torch.ones(256, device=device),
        torch.ones(64, 256, device=device),
    )
    limit = 0.0
    for name in ("fp32", arithmetic):
        layer = make_linear(name)(weight, bias)
        layer(x)
        took = min(seconds_of(lambda f=layer: f(x), device) for _ in range(ROUNDS))  # type: ignore[misc]
        limit = limit or 3 * took
    return took <= min(max(limit, 1e-3), TRIAL_S)


def _place(model: DanceDecoder) -> str:
    """A name of this machine, torch and network, on which the choice depends."""
    config, device = model.config, model.null_cond_hidden.device
    chip = torch.cuda.get_device_name(device) if device.type == "cuda" else torch.backends.cpu.get_cpu_capability()
    network = f"{config.latent}x{config.layers}"
    return f"{platform.machine()} {chip} {device.type} {torch.get_num_threads()} {torch.__version__} {network}"


def _read(path: Path | None) -> dict[str, Arithmetic]:
    try:
        known = json.loads(path.read_text("utf-8")) if path else {}
    except (OSError, ValueError):
        return {}
    names = get_args(Arithmetic)
    return {place: name for place, name in known.items() if name in names} if isinstance(known, dict) else {}


def _write(path: Path | None, known: dict[str, Arithmetic]) -> None:
    if path is None:
        return
    with contextlib.suppress(OSError):  # it is then measured again in the next run
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as unfinished:
            unfinished.write_text(json.dumps(known, indent=1), "utf-8")
