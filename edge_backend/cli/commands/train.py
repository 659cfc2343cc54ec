"""Training from the command line.

    python -m edge_backend train run PACK --out DIR        train, or resume the training in DIR
    python -m edge_backend train join FILE                 join exported weights from their parts
    python -m edge_backend train aist FOLDER WAVS PACK     make a pack of AIST++
    python -m edge_backend train mocap FOLDER PACK         make a pack of own motion files
    python -m edge_backend train energy FILE SONG ...      measure how exported weights answer an energy

Training runs on the CPU or a GPU, or on several with torchrun, and needs torch, numpy and safetensors only. In a folder
with a checkpoint it resumes with the settings saved there; options override them.
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
from typing import Any, get_args, get_origin

# cuBLAS reads this when it is initialised; without it, results may vary between runs.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

import torch
from torch import distributed

from ...errors import EdgeError
from ...fileio.output_folder import check_folder
from ...model.catalogue import SUFFIX
from ...model.controls import ANY_STYLE, STYLES
from ...runtime.devices import DEVICES, choose
from ...training.augment import Augmentation
from ...training.export import export_weights
from ...training.fine_tuning import beginning
from ...training.losses import LossWeights
from ...training.pack import load_pack
from ...training.parts import join_parts, write_parts
from ...training.settings import MODES, TrainSettings
from ...training.trainer import Trainer
from ..console import check_target
from ..log_output import log_of
from ..parser import add_common_options

_SONGS_OF_AIST = 32 << 30  # bytes for the cache of Jukebox features: motions share songs
_GROUPS = {"": TrainSettings, "loss_": LossWeights, "augment_": Augmentation}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a training command. Returns the exit code: 0 when done or stopped by a signal, 2 for an EdgeError."""
    options = _parser().parse_args(arguments)
    try:
        with log_of(options, least=1):
            options.run(options)
    except EdgeError as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()
    return 0


def _train(options: argparse.Namespace) -> None:
    began = time.monotonic()
    device = _start_processes(options.device)
    settings = _settings(options, device)
    _check_writable(options)
    settings, dances, parameters = beginning(settings, load_pack(options.pack, device))
    trainer = Trainer(settings, dances, options.out, device, began=began, parameters=parameters)
    if settings.minutes and trainer.step == 0:
        modes = options.modes or (MODES[1:] if device.type == "cuda" else MODES[:1])
        trainer.choose(modes, options.batches)
    else:
        trainer.prepare()
    trainer.run(_stop(began, options.time_limit), saved=lambda: _export(options, trainer))
    if distributed.is_initialized():
        distributed.barrier()  # one that ends while the first still writes may end with an abort of its connections


def _export(options: argparse.Namespace, trainer: Trainer) -> None:
    if options.export and trainer.rank == 0:
        export_weights(options.export, trainer, name=options.name, licence=options.licence)
        if options.export_parts:
            write_parts(options.export, options.export_parts)


def _check_writable(options: argparse.Namespace) -> None:
    """Check before the training that its files can be written. Raises EdgeError."""
    check_folder(options.out)
    if options.export:
        check_folder(options.export.parent)
        options.export.parent.mkdir(parents=True, exist_ok=True)
        check_target(options.export, SUFFIX)
    if options.export_parts is not None and options.export_parts <= 0:
        raise EdgeError("training_settings", "Parts of 0 MiB hold nothing.", "Give --export-parts more.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m edge_backend train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    train = commands.add_parser("run", help="train a network on a pack")
    train.set_defaults(run=_train)
    _add_train_arguments(train)
    join = commands.add_parser("join", help="join exported weights from their parts")
    join.add_argument("file", type=Path, help="the weights file to write, beside its parts")
    join.set_defaults(run=lambda options: join_parts(options.file))
    _add_pack_commands(commands)
    _add_energy_command(commands)
    for command in commands.choices.values():
        add_common_options(command)
    return parser


def _add_pack_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    aist = commands.add_parser("aist", help="make a training pack of AIST++")
    aist.add_argument("folder", type=Path, help="with motions/, splits/ and ignore_list.txt")
    aist.add_argument("wavs", type=Path, help="folder of the music, a wav per motion or per song")
    aist.add_argument("pack", type=Path, help="the training pack to write (safetensors)")
    aist.add_argument("--features", choices=("baseline", "rhythm", "jukebox"), default="baseline")
    jukebox = "what `jukebox convert` made; default: the weights folder"
    aist.add_argument("--jukebox", type=Path, metavar="DIR", help=jukebox)
    aist.add_argument("--device", choices=DEVICES, default="auto", help="for Jukebox")
    aist.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    aist.set_defaults(run=_prepare_aist)
    mocap = commands.add_parser("mocap", help="make a training pack of a folder of motion files")
    mocap.add_argument("folder", type=Path, help="motion files, with audio files of the same names beside them")
    mocap.add_argument("pack", type=Path, help="the training pack to write (safetensors)")
    mocap.add_argument("--style", choices=STYLES, default=ANY_STYLE)
    mocap.add_argument("--licence", default="not stated", help="of the motions, for the metadata of pack and weights")
    mocap.add_argument("--skip", action="store_true", help="continue without unusable files")
    mocap.set_defaults(run=_prepare_mocap)


def _add_energy_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    energy = commands.add_parser("energy", help="measure how exported weights answer an energy, and store it in them")
    energy.add_argument("file", type=Path, help="the weights file")
    energy.add_argument("songs", type=Path, nargs="+", help="songs to dance")
    energy.add_argument("--seconds", type=float, default=20.0, help="of each song (default: %(default)s)")
    energy.add_argument("--device", choices=DEVICES, default="auto")
    energy.set_defaults(run=_measure_energy)


def _measure_energy(options: argparse.Namespace) -> None:
    from ...training.energy_response import measure_response  # noqa: PLC0415 - needs audio, which training does not

    measure_response(options.file, options.songs, options.seconds, options.device, print)


def _prepare_aist(options: argparse.Namespace) -> None:
    from ...audio.jukebox.place import locate  # noqa: PLC0415 - needs librosa, which training does not
    from ...audio.jukebox.settings import JukeboxSettings  # noqa: PLC0415
    from ...training.aist import prepare_aist  # noqa: PLC0415

    check_target(options.pack, SUFFIX)
    jukebox = None
    if options.features == "jukebox":
        folder = options.jukebox or locate(None)
        jukebox = JukeboxSettings(folder=folder, device=choose(options.device).type, cache_bytes=_SONGS_OF_AIST)
    prepare_aist(
        options.folder, options.wavs, options.pack, kind=options.features, workers=options.workers, jukebox=jukebox
    )


def _prepare_mocap(options: argparse.Namespace) -> None:
    from ...training.mocap import prepare_mocap  # noqa: PLC0415 - needs librosa and scipy, which training does not

    check_target(options.pack, SUFFIX)
    prepare_mocap(options.folder, options.pack, options.style, options.licence, skip=options.skip)


def _add_train_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pack", type=Path, help="training pack (safetensors)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint and the loss curves")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--time-limit", type=float, default=float("inf"), help="seconds after which to write a checkpoint and end"
    )
    parser.add_argument("--export", type=Path, help="write the averaged weights here at each checkpoint, as float16")
    parser.add_argument("--export-parts", type=float, metavar="MIB", help="also export in parts of at most this size")
    parser.add_argument("--name", default="own training", help="name in the exported weights")
    parser.add_argument("--licence", default="not stated", help="licence in the exported weights")
    parser.add_argument(
        "--modes", nargs="+", choices=MODES, help="with --minutes: modes to try; default: on a GPU all, on a CPU plain"
    )
    parser.add_argument(
        "--batches", nargs="+", type=int, default=(512, 256, 1024), help="with --minutes: batch sizes to try"
    )
    for prefix, group in _GROUPS.items():
        title = group.__name__
        arguments = parser.add_argument_group(title, "defaults: those of the folder's settings.json, else the class's")
        for field in fields(group):
            option = "--" + (prefix + field.name).replace("_", "-")
            if get_origin(field.type):
                arguments.add_argument(option, choices=get_args(field.type))
            elif field.type is bool:
                arguments.add_argument(option, action=argparse.BooleanOptionalAction, default=None)
            elif field.type in (int, float, str):
                arguments.add_argument(option, type=field.type)


def _settings(options: argparse.Namespace, device: torch.device) -> TrainSettings:
    """The folder's settings, or the defaults for the device, overridden by the given options."""
    saved = options.out / "settings.json"
    if saved.exists():
        settings = TrainSettings.from_json(saved.read_text())
    elif device.type == "cuda":
        settings = TrainSettings(precision="bf16", mode="compiled", deterministic=not options.minutes)
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
    """The device of this process; under torchrun, also initialises the process group."""
    if "LOCAL_RANK" not in os.environ:
        return torch.device(device)
    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    if not device.startswith("cuda"):
        return torch.device(device)
    own = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    torch.cuda.set_device(own)
    return own


def _stop(began: float, limit: float) -> Callable[[], bool]:
    """A function that returns True after `limit` seconds from `began`, or after SIGTERM or SIGINT."""
    asked = False

    def ask(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    return lambda: asked or time.monotonic() - began > limit


if __name__ == "__main__":
    sys.exit(main())
