"""`python -m edge_backend evaluate`: measure dances and compare them with motion capture.

Motion files are measured as they are, each folder of them as a set. With --songs, every combination of --weights,
--sampler, --steps, --guidance, --on-beat, --style, --energy and --duration is a set: a dance is generated for each song
and seed, and saved beside the report; every style but "any" is compared with its own motion capture too. With
--listening, the song maps of annotated songs are compared with the annotations.
"""

import argparse
import itertools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ...errors import EdgeError
from ...evaluation.reference import load_reference
from ...evaluation.report import table, write_report
from ...evaluation.sets import Measured, SetResult, measure_dance, summarise
from ...fileio.output_folder import check_folder
from ...motion.files import load_motion, save_motion
from ...runtime.devices import DEVICES
from ...schema.requests import SAMPLERS, STYLES, FeetRequest, GenerateRequest
from ..log_output import log_of
from ..parser import add_common_options
from ..progress_bar import ProgressBar

MINUTE = 60.0  # seconds; shorter dances would be measured on intros, which are calmer than whole songs


def main(arguments: Sequence[str] | None = None) -> int:
    """Write report.json and report.html and print the table. Returns the exit code: 0, or 2 for an EdgeError."""
    options = _parser().parse_args(arguments)
    try:
        check_folder(options.output)
        if options.listening:
            with log_of(options):
                return _listen(options.listening, options.output)
        with log_of(options):
            results = _results(options)
            write_report(options.output, results)
    except EdgeError as error:
        print(f"{error} [{error.code}]", file=sys.stderr)
        return 2
    print(table(results))
    print(options.output / "report.html")
    return 0


def _listen(folder: Path, output: Path) -> int:
    """Compare the song maps of the folder's songs with their annotations; write listening.csv and print it."""
    from .evaluate_listening import score_folder, table_of, write_table  # noqa: PLC0415 - dances need none of it

    songs = score_folder(folder)
    write_table(output / "listening.csv", songs)
    print(table_of(songs))
    print(output / "listening.csv")
    return 0


def _results(options: argparse.Namespace) -> list[SetResult]:
    reference = load_reference()
    sets = {**measure_files(options.dances), **_dance_songs(options)}
    if not sets:
        raise EdgeError("evaluate_nothing", "There is nothing to measure.", "Give motion files, folders or --songs.")
    named = [style for style in options.style if options.songs and style in reference.styles]
    return [
        reference.result(),
        *(reference.style_result(style) for style in named),
        *(summarise(label, dances, reference.train) for label, dances in sets.items()),
    ]


def measure_files(paths: Sequence[Path]) -> dict[str, list[Measured]]:
    """Set -> measured dances: the files of a folder under its name, single files together as "dances".

    Raises EdgeError motion_missing (also for a folder without motion files), motion_unreadable, motion_nan.
    """
    sets: dict[str, list[Measured]] = {}
    for path in paths:
        files = sorted(path.glob("*.npz")) if path.is_dir() else [path]
        if not files:
            raise EdgeError("motion_missing", f"There is no motion file in {path}.", "Choose a folder with .npz files.")
        label = path.resolve().name if path.is_dir() else "dances"
        sets.setdefault(label, []).extend(measure_dance(file.stem, load_motion(file)) for file in files)
    return sets


def _dance_songs(options: argparse.Namespace) -> dict[str, list[Measured]]:
    """Generate and measure a dance for every combination of settings, song and seed. Returns label -> dances."""
    if not options.songs:
        return {}
    from ...audio.song_source import song_source  # noqa: PLC0415
    from ...generation.model_cache import ModelCache  # noqa: PLC0415
    from ...generation.pipeline import generate  # noqa: PLC0415 - imports torch, not needed for files

    model_cache = ModelCache(options.device, options.weights_folder)
    sets: dict[str, list[Measured]] = {}
    for label, settings in _settings(options):
        folder = options.output / "dances" / label
        folder.mkdir(parents=True, exist_ok=True)
        for song, seed in itertools.product(options.songs, options.seeds):
            name = f"{song.stem}_{seed}"
            print(f"{label}: {song.name}, seed {seed}", file=sys.stderr)
            left = song_source(song).duration - settings.start
            seconds = left if settings.duration is None else min(left, settings.duration)
            request = replace(settings, song=str(song), seed=seed, duration=seconds)
            motion = generate(request, ProgressBar(), model_cache)
            save_motion(folder / f"{name}.npz", motion)
            sets.setdefault(label, []).append(measure_dance(name, motion))
    return sets


def _settings(options: argparse.Namespace) -> Iterator[tuple[str, GenerateRequest]]:
    """Each combination of the options with a unique label."""
    names = ("weights", "sampler", "steps", "guidance", "on_beat", "style", "energy", "duration")
    varied = {name: getattr(options, name) for name in names}
    for values in itertools.product(*varied.values()):
        chosen = dict(zip(varied, values, strict=True))
        words = [Path(chosen["weights"]).stem]
        words += [f"{name.replace('_', ' ')} {chosen[name]}" for name in list(varied)[1:] if len(varied[name]) > 1]
        chosen["duration"] = chosen["duration"] or None
        feet = FeetRequest(enabled=options.feet)
        yield ", ".join(words), GenerateRequest("", start=options.start, feet=feet, **chosen)


def _parser() -> argparse.ArgumentParser:
    defaults = GenerateRequest("")
    parser = argparse.ArgumentParser(
        prog="python -m edge_backend evaluate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_common_options(parser)
    parser.add_argument("dances", nargs="*", type=Path, metavar="DANCE.npz|FOLDER")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="for the report")
    parser.add_argument(
        "--listening", type=Path, metavar="FOLDER", help="songs with their truth in JSON: measure hearing"
    )
    songs = parser.add_argument_group("songs to dance")
    songs.add_argument("--songs", nargs="+", type=Path, default=[], metavar="SONG")
    songs.add_argument("--seeds", nargs="+", type=int, default=[0], metavar="N")
    songs.add_argument("--weights", nargs="+", default=[defaults.weights], metavar="NAME|FILE")
    songs.add_argument("--sampler", nargs="+", choices=SAMPLERS, default=[defaults.sampler])
    songs.add_argument("--steps", nargs="+", type=int, default=[defaults.steps], metavar="N")
    songs.add_argument("--guidance", nargs="+", type=float, default=[defaults.guidance], metavar="W")
    songs.add_argument("--on-beat", nargs="+", type=float, default=[defaults.on_beat], metavar="B")
    songs.add_argument("--start", type=float, default=0.0, metavar="S", help="seconds into each song")
    songs.add_argument(
        "--duration",
        nargs="+",
        type=float,
        default=[MINUTE],
        metavar="S",
        help="seconds of each song, at most to its end; 0: all of it (default: %(default)s)",
    )
    songs.add_argument("--style", nargs="+", choices=STYLES, default=[defaults.style])
    songs.add_argument("--energy", nargs="+", type=float, default=[None], metavar="E")
    songs.add_argument(
        "--feet", action="store_true", help="with foot cleanup; without it, and --on-beat 0, the network alone"
    )
    songs.add_argument("--device", choices=DEVICES, default="auto")
    songs.add_argument("--weights-folder", type=Path, metavar="DIR")
    return parser


if __name__ == "__main__":
    sys.exit(main())
