"""`python -m edge_backend.training PACK --out DIR`: train, go on with a training, export its weights.

Runs on the CPU or a GPU, and on several under torchrun. A folder with a checkpoint is gone on with, by the settings
saved in it; options given on top of them win.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from types import FrameType
from typing import Any

# cuBLAS reads this once, when it starts: without it its results may depend on timing.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

import torch
from torch import distributed

from ..errors import EdgeError
from .augment import Augmentation
from .export import export_weights
from .losses import LossWeights
from .pack import load_pack
from .settings import TrainSettings
from .trainer import Trainer

_GROUPS = {"": TrainSettings, "loss_": LossWeights, "augment_": Augmentation}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when the training is done or was stopped cleanly, 2 for what the user can mend."""
    began = time.monotonic()
    options = _parser().parse_args(arguments)
    try:
        device = _start_processes(options.device)
        settings = _settings(options, device)
        trainer = Trainer(settings, load_pack(options.pack, device), options.out, device)
        trainer.run(_stop(began, options.time_limit))
        if options.export and trainer.rank == 0:
            export_weights(options.export, trainer, name=options.name, licence=options.licence)
    except EdgeError as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m edge_backend.training", description=__doc__)
    parser.add_argument("pack", type=Path, help="training pack (safetensors)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint and the loss curves")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--time-limit", type=float, default=float("inf"), help="seconds; then checkpoint and end")
    parser.add_argument("--export", type=Path, help="write the averaged weights here at the end, as float16")
    parser.add_argument("--name", default="own training", help="name in the exported weights")
    parser.add_argument("--licence", default="not stated", help="licence in the exported weights")
    for prefix, group in _GROUPS.items():
        title = group.__name__
        arguments = parser.add_argument_group(title, "defaults: those of the folder's settings.json, else the class's")
        for field in fields(group):
            option = "--" + (prefix + field.name).replace("_", "-")
            if field.name == "precision":
                arguments.add_argument(option, choices=("fp32", "bf16"))
            elif field.type is bool:
                arguments.add_argument(option, action=argparse.BooleanOptionalAction, default=None)
            elif field.type in (int, float):
                arguments.add_argument(option, type=field.type)
    return parser


def _settings(options: argparse.Namespace, device: torch.device) -> TrainSettings:
    """The folder's settings, else the defaults for the device, with the given options on top."""
    saved = options.out / "settings.json"
    if saved.exists():
        settings = TrainSettings.from_json(saved.read_text())
    elif device.type == "cuda":
        settings = TrainSettings(precision="bf16", compile=True)
    else:
        settings = TrainSettings()

    def given(prefix: str) -> dict[str, Any]:
        values = {field.name: getattr(options, prefix + field.name, None) for field in fields(_GROUPS[prefix])}
        return {name: value for name, value in values.items() if value is not None}

    return replace(
        settings,
        **given(""),
        losses=replace(settings.losses, **given("loss_")),
        augmentation=replace(settings.augmentation, **given("augment_")),
    )


def _start_processes(device: str) -> torch.device:
    """The device of this process; joins the others where torchrun has started several."""
    if "LOCAL_RANK" not in os.environ:
        return torch.device(device)
    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    if not device.startswith("cuda"):
        return torch.device(device)
    own = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    torch.cuda.set_device(own)
    return own


def _stop(began: float, limit: float) -> Callable[[], bool]:
    """True once the time is over or a signal has asked for the end."""
    asked = False

    def ask(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True

    for wish in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wish, ask)
    return lambda: asked or time.monotonic() - began > limit


if __name__ == "__main__":
    sys.exit(main())
