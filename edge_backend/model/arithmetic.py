"""The arithmetic of the decoder's matrix products, float32 or half precision, and which is the fastest here.

int8 with dynamic scales is 1.4 times as fast as float32 on a CPU, but its rounding differs from frame to frame and the
dances tremble (jitter 3026 m/s³ instead of 207), so it is not offered.
"""

import contextlib
import json
import platform
from functools import partial
from pathlib import Path
from typing import get_args

import torch
from torch import Tensor

from ..fileio.atomic_write import atomic_write
from ..runtime.half_precision import is_usable
from ..runtime.usage import seconds_of
from .cached_decoder import CachedDecoder
from .decoder import DanceDecoder
from .engine import ProductArithmetic

PRECISIONS: dict[ProductArithmetic, torch.dtype] = {
    "fp32": torch.float32,
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
}

WORTH = 1.1  # factor by which an arithmetic must be faster than a more exact one to be chosen
ROUNDS = 3
_MIDDLE = 500  # any timestep


def candidates(device: torch.device) -> tuple[ProductArithmetic, ...]:
    """Arithmetics that may be faster than float32 on such a device, the more exact first."""
    match device.type:
        case "cuda":
            return ("fp16", "bf16")
        case "mps":
            return ("fp16",)
    return ("bf16",)


@torch.inference_mode()
def quickest(model: DanceDecoder, windows: int, folder: Path | None) -> ProductArithmetic:
    """The arithmetic in which this network is the fastest on this machine, of those whose results are finite.

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


def _measured(model: DanceDecoder, windows: int) -> ProductArithmetic:
    device = model.null_cond_hidden.device
    decoders: dict[ProductArithmetic, CachedDecoder] = {"fp32": CachedDecoder(model)}
    for arithmetic in candidates(device):
        if is_usable(PRECISIONS[arithmetic], device):
            decoders[arithmetic] = CachedDecoder(model, PRECISIONS[arithmetic])
    seconds = dict.fromkeys(decoders, float("inf"))
    config = model.config
    x = torch.randn(windows, config.frames, config.channels, device=device)
    music = model.encode_music(torch.randn(windows, config.frames, config.features, device=device))
    memories = {name: decoder.memory(music) for name, decoder in decoders.items()}

    def evaluate(name: ProductArithmetic) -> Tensor:
        return decoders[name](x, _MIDDLE, memories[name], unconditional=True)

    finite = [name for name in decoders if bool(evaluate(name).isfinite().all())]
    for _ in range(ROUNDS):  # interleaved, so that other load slows all of them
        for name in finite:
            seconds[name] = min(seconds[name], seconds_of(partial(evaluate, name), device))
    best: ProductArithmetic = "fp32"
    for name in finite:  # the more exact first
        if seconds[name] * WORTH < seconds[best]:
            best = name
    return best


def _place(model: DanceDecoder) -> str:
    """A name of this machine, torch and network, on which the choice depends."""
    config, device = model.config, model.null_cond_hidden.device
    chip = torch.cuda.get_device_name(device) if device.type == "cuda" else torch.backends.cpu.get_cpu_capability()
    network = f"{config.latent}x{config.layers}"
    machine = f"{platform.node()} {platform.machine()}"  # machines may share their user's folders
    return f"{machine} {chip} {device.type} {torch.get_num_threads()} {torch.__version__} {network}"


def _read(path: Path | None) -> dict[str, ProductArithmetic]:
    try:
        known = json.loads(path.read_text("utf-8")) if path else {}
    except (OSError, ValueError):
        return {}
    names = get_args(ProductArithmetic)
    return {place: name for place, name in known.items() if name in names} if isinstance(known, dict) else {}


def _write(path: Path | None, known: dict[str, ProductArithmetic]) -> None:
    if path is None:
        return
    with contextlib.suppress(OSError):  # it is then measured again in the next run
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as unfinished:
            unfinished.write_text(json.dumps(known, indent=1), "utf-8")
