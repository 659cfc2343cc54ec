"""The parser of the command line: commands and their options."""

import argparse
from pathlib import Path

from .. import __version__
from ..batch.seeds import seeds_in
from ..motion_import import FORMATS
from ..runtime.devices import DEVICES
from ..schema.requests import (
    ARITHMETICS,
    ENGINES,
    FEATURE_KINDS,
    FORMS,
    PLANS,
    PRECISIONS,
    PROVIDERS,
    RAMPS,
    RETURNING,
    SAMPLERS,
    STYLES,
    TEMPO_CHANGES,
    BeatsRequest,
    FeetRequest,
    GenerateRequest,
)
from .examples import examples_of

PROGRAM = "python -m edge_backend"


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; train and evaluate have parsers of their own and are only named here."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description="From a song to a dance.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, help: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        made = commands.add_parser(
            name,
            help=help,
            description=help,
            epilog=examples_of(PROGRAM, name),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            parents=[_common(), *parents],
        )
        made.set_defaults(module=name)
        return made

    _add_generate(command("generate", "make a dance for a song", _computing(), _listening(), _json()))
    _add_batch(command("batch", "make many dances at a time (docs/batch.md)", _computing(), _json()))
    _add_features(command("features", "extract the music features of a song", _computing(), _listening(), _json()))
    _add_listen(command("listen", "detect a song's beats, bars, metre and sections", _json()))
    _add_weights(command("weights", "list, show, fetch, import or export weights"))
    _add_jukebox(command("jukebox", "fetch, convert, check and measure Jukebox, whose features some weights need"))
    _add_export(command("export", "write a dance for other programs: BVH, AMASS, EDGE's pickle", _json()))
    _add_convert(command("convert", "bring motions of other programs, models and trackers here", _json()))
    _add_phrases(command("phrases", "make libraries of phrases that dances are made of"))
    _add_preview(command("preview", "draw a dance as a video or a sheet of pictures, without Blender", _json()))
    _add_bones(command("bones", "recognise the bones of a described rig (docs/retargeting.md)", _json()))
    _add_bench(command("bench", "measure how fast dances are made here", _computing(), _json()))
    command("doctor", "check this installation by using it", _computing(), _json())
    _add_worker(command("worker", "serve Blender on stdin and stdout (docs/protocol.md)", _computing()))
    _add_setup(command("setup", "make the backend's own Python environment, as the extension does"))
    command("train", "train a network (see train --help)")
    command("evaluate", "measure dances (see evaluate --help)")
    return parser


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """The options that every command has."""
    parser.add_argument("--debug", action="store_true", help="print the traceback of an error")
    parser.add_argument(
        "-v", "--verbose", action="count", default=0, help="log on stderr what is done and how long it takes; -vv: more"
    )


def _common() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    add_common_options(parser)
    return parser


def _json() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--json", action="store_true", help="progress and result as one JSON object per line")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)  # for Blender: end when stdin is closed
    return parser


def _computing() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--device", choices=DEVICES, default="auto", help="default: cuda where there is one, else cpu")
    parser.add_argument("--engine", choices=ENGINES, default="auto", help="that evaluates the network: %(default)s")
    parser.add_argument("--threads", type=int, metavar="N", help="CPU threads, default: one for each core")
    parser.add_argument("--weights-folder", type=Path, metavar="DIR", help="folder of your own weights")
    return parser


def _listening() -> argparse.ArgumentParser:
    """Options for weights with Jukebox features."""
    parser = argparse.ArgumentParser(add_help=False)
    group = parser.add_argument_group("Jukebox features (docs/jukebox.md)")
    group.add_argument("--provider", choices=PROVIDERS, default=PROVIDERS[0], help="default: %(default)s")
    group.add_argument("--originals", type=Path, metavar="DIR", help="OpenAI's files, for the provider jukemirlib")
    _add_plan(group)
    group.add_argument("--no-cache", action="store_true", help="neither read nor write the feature cache")
    group.add_argument("--yes", action="store_true", help="do not ask before long computations")
    return parser


def _add_plan(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--plan", choices=PLANS, default=PLANS[0], help="memory use of Jukebox, default: by free memory"
    )
    parser.add_argument(
        "--precision", choices=PRECISIONS, help="default: fp16 on a GPU; on the CPU bf16 where it is faster, else fp32"
    )


def _add_song(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("song", metavar="SONG", help="wav, flac, ogg, opus, mp3, m4a, ...")
    _add_stretch(parser)


def _add_stretch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--start", type=float, default=0.0, metavar="S", help="seconds into the song")
    parser.add_argument("--duration", type=float, metavar="S", help="seconds, default: to the end of the song")


def _add_generate(parser: argparse.ArgumentParser) -> None:
    _add_song(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DANCE.npz")
    parser.add_argument("--seed", type=int, default=GenerateRequest("").seed, metavar="N")
    parser.add_argument("--map", type=Path, metavar="MAP.json", help="beats of a song map that `listen` wrote")
    _add_dancing(parser)
    _add_editing(parser)


def _add_batch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("songs", type=Path, nargs="*", metavar="SONG", help="files, or folders with songs in them")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the dances, SONG-SEED.npz")
    parser.add_argument(
        "--seeds", type=_seeds, default=(0,), metavar="LIST", help="seeds of every song: 1-8 or 3,5,10-12"
    )
    parser.add_argument("--manifest", type=Path, metavar="FILE", help="CSV or JSON with more songs and their settings")
    parser.add_argument("--report", type=Path, metavar="FILE", help="CSV or JSON, default: DIR/manifest.csv")
    parser.add_argument("--replace", action="store_true", help="replace dances that have other settings")
    parser.add_argument("--jobs", type=_count, metavar="N", help="concurrent dances, default: by cores and memory")
    parser.add_argument("--ray", metavar="ADDRESS", help="use a Ray cluster: auto, ray://HOST:PORT, or local")
    _add_stretch(parser)
    _add_dancing(parser)


def _add_dancing(parser: argparse.ArgumentParser) -> None:
    """Options that commands.dance_options reads."""
    defaults, feet, beats = GenerateRequest(""), FeetRequest(), BeatsRequest()
    parser.add_argument("--steps", type=int, default=defaults.steps, metavar="N", help="default: %(default)s")
    parser.add_argument("--sampler", choices=SAMPLERS, default=defaults.sampler)
    parser.add_argument(
        "--guidance",
        type=float,
        default=defaults.guidance,
        metavar="W",
        help="weight of classifier-free guidance by the music: %(default)s",
    )
    parser.add_argument("--guidance-ramp", choices=RAMPS, default=defaults.guidance_ramp, help="auto: EDGE's rules")
    parser.add_argument(
        "--guidance-interval",
        type=_range,
        default=defaults.guidance_interval,
        metavar="LOW:HIGH",
        help="timesteps, 0 to 999, outside which guidance is 1; default: 20:999",
    )
    parser.add_argument(
        "--eta", type=float, default=defaults.eta, metavar="E", help="of ddim: 0 deterministic to 1 random"
    )
    parser.add_argument("--weights", default=defaults.weights, metavar="NAME|FILE", help="default: %(default)s")
    parser.add_argument("--style", choices=STYLES, default=defaults.style)
    parser.add_argument("--energy", type=float, metavar="E", help="0 calm to 1 wild, default: drawn from the seed")
    parser.add_argument(
        "--on-beat", type=float, default=defaults.on_beat, metavar="B", help="dance on the beats: 0 to 1, default: 1"
    )
    parser.add_argument(
        "--loop-bars", type=_count, metavar="N", help="a seamless loop of N bars, from --start's next bar"
    )
    parser.add_argument("--loop-travel", action="store_true", help="the loop may end elsewhere than it began")
    parser.add_argument(
        "--form", choices=FORMS, default=defaults.form, help="song: what returns in the song returns in the dance"
    )
    parser.add_argument(
        "--returning", choices=RETURNING, default=defaults.returning, help="how a returning section is danced"
    )
    parser.add_argument(
        "--originality", type=float, default=defaults.originality, metavar="O", help="of returning sections, 0 to 1"
    )
    parser.add_argument(
        "--phrases", nargs="+", default=(), metavar="LIBRARY", help="make the dance of phrases: folders, or starter"
    )
    parser.add_argument(
        "--choreography", default="", dest="plan_file", metavar="PLAN.json", help="dance by this plan of a dance"
    )
    parser.add_argument("--arithmetic", choices=ARITHMETICS, default=defaults.arithmetic, help="default: %(default)s")
    parser.add_argument(
        "--tempo", choices=TEMPO_CHANGES, default=beats.tempo, help="correct the detected tempo: %(default)s"
    )
    parser.add_argument(
        "--beat-offset", type=float, default=beats.offset, metavar="S", help="seconds to add to all beats"
    )
    parser.add_argument("--bar", type=int, default=beats.bar, metavar="N", help="beats by which bars start later")
    parser.add_argument(
        "--smoothness", type=float, default=defaults.smoothness, metavar="S", help="strength of smoothing, 0 to 1"
    )
    parser.add_argument("--sequential", action="store_true", help="sample a few windows at a time, as in Blender")
    parser.add_argument("--no-feet", action="store_true", help="no foot cleanup")
    parser.add_argument(
        "--feet-strength", type=float, default=feet.strength, metavar="S", help="0 to 1, default: %(default)s"
    )


def _add_editing(parser: argparse.ArgumentParser) -> None:
    """Options that commands.edit_options reads. With a dance, --start and --duration default to the dance's."""
    parser.set_defaults(start=None)
    group = parser.add_argument_group("keep or change a dance (docs/editing.md); frames: 30 a second, 0 at --start")
    tasks = group.add_mutually_exclusive_group()
    tasks.add_argument("--continue-from", type=Path, metavar="DANCE.npz", help="keep this dance and continue it")
    tasks.add_argument("--vary", type=Path, metavar="DANCE.npz", help="make a variation of this dance by --strength")
    tasks.add_argument("--regenerate", type=Path, metavar="DANCE.npz", help="regenerate the --frames of this dance")
    tasks.add_argument("--keeps", type=Path, metavar="FILE.json", help="read all constraints from a file")
    group.add_argument(
        "--strength", type=float, default=0.5, metavar="S", help="0 the same dance to 1 a new one: %(default)s"
    )
    group.add_argument("--frames", type=_range, metavar="FIRST:BEHIND", help="frames to regenerate, as in 150:300")
    group.add_argument("--joints", metavar="NAMES", help="regenerate only these, as in left_arm,head")
    group.add_argument("--source", metavar="DANCE.npz", help="motion file for --keep; default: the dance above")
    group.add_argument(
        "--keep", nargs="+", action="append", default=[], metavar="WORD",
        help="upper 0:240, whole 120 from=pose.npz@40, path 0:300 through=0,0/1,2, contacts 50:60 feet=left_foot; "
        "softly with weight=0.5 fade=10",
    )  # fmt: skip


def _add_features(parser: argparse.ArgumentParser) -> None:
    _add_song(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="F.npz")
    parser.add_argument("--type", choices=FEATURE_KINDS, default=FEATURE_KINDS[0])


def _add_listen(parser: argparse.ArgumentParser) -> None:
    _add_song(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="MAP.json")
    parser.add_argument("--plot", type=Path, metavar="MAP.png", help="draw waveform, beats, energy and sections")


def _add_weights(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    parents = [_common(), _json()]
    actions.add_parser("list", help="list known weights, and which are installed", parents=parents)
    show = actions.add_parser("show", help="print the metadata of a weights file", parents=parents)
    show.add_argument("name", metavar="NAME|FILE")
    fetch = actions.add_parser("fetch", help="install the weights of EDGE's authors, or Jukebox", parents=parents)
    fetch.add_argument("name", choices=("edge", "jukebox"))
    fetch.add_argument("--from", type=Path, metavar="PATH", dest="source", help="checkpoint.pt, or OpenAI's folder")
    fetch.add_argument("--accept-licence", action="store_true", help="you have read and accept its licence")
    bring = actions.add_parser("import", help="convert a checkpoint.pt of EDGE's authors", parents=parents)
    bring.add_argument("checkpoint", type=Path, metavar="FILE")
    bring.add_argument("-o", "--output", type=Path, metavar="OUT.safetensors", help="default: in the weights folder")
    give = actions.add_parser("export-onnx", help="write the network as an ONNX model", parents=parents)
    give.add_argument("name", metavar="NAME|FILE")
    give.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.onnx")
    for action, one in actions.choices.items():
        one.add_argument("--weights-folder", type=Path, metavar="DIR", help="folder of your own weights")
        one.set_defaults(module=f"weights_{action.replace('-', '_')}")
    bring.add_argument("--heads", type=int, metavar="N", help="attention heads, for networks of unusual size")


def _add_jukebox(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    fetch = actions.add_parser("fetch", help="download OpenAI's two files, 10.3 GB", parents=[_common(), _json()])
    fetch.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    fetch.add_argument("--accept-licence", action="store_true", help="you have read and accept Jukebox's licence")
    convert = actions.add_parser(
        "convert", help="convert OpenAI's two files; resumes if interrupted", parents=[_common(), _json()]
    )
    convert.add_argument("folder", type=Path, metavar="FOLDER", help="with vqvae.pth.tar and prior_level_2.pth.tar")
    convert.add_argument("-o", "--output", type=Path, metavar="DIR", help="default: jukebox-5b in the weights folder")
    convert.add_argument("--layers", type=int, default=66, metavar="N", help="default: %(default)s, as EDGE needs")
    convert.add_argument("--heads", type=int, default=8, metavar="N", help="attention heads, default: %(default)s")
    verify = actions.add_parser("verify", help="verify the checksums of its files", parents=[_common(), _json()])
    for one in (convert, verify):
        one.add_argument("--weights-folder", type=Path, metavar="DIR", help="your own weights")
    benchmark = actions.add_parser(
        "benchmark", help="measure speed and memory on this machine, with random weights", parents=[_common(), _json()]
    )
    benchmark.add_argument("--device", choices=DEVICES, default="auto")
    benchmark.add_argument("--threads", type=int, metavar="N", help="CPU threads, default: torch's")
    benchmark.add_argument("--slices", type=int, default=4, metavar="N", help="slices of 5 s, default: %(default)s")
    _add_plan(benchmark)
    compare = actions.add_parser(
        "compare",
        help="compare this program's features with jukemirlib's",
        parents=[_common(), _computing(), _listening()],
    )
    _add_song(compare)
    compare.set_defaults(json=False)
    for action, one in actions.choices.items():
        one.set_defaults(module=f"jukebox_{action}")


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dance", type=Path, metavar="DANCE.npz")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help=".bvh, .npz (AMASS) or .pkl")


def _add_convert(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", type=Path, nargs="+", metavar="IN", help=f"files, or folders of them: {FORMATS}")
    output = "file, or a folder where there are several motions"
    parser.add_argument("output", type=Path, metavar="OUT", help=output)
    kinds = "motion (npz of EDGE Dance), bvh, edge (EDGE's pickle) or amass; default: by OUT's suffix, else motion"
    parser.add_argument("--to", choices=("motion", "bvh", "edge", "amass"), help=kinds)
    parser.add_argument("--clean-feet", action="store_true", help="take foot skate and sinking out")
    parser.add_argument("--skip", action="store_true", help="go on without the files that cannot be used")
    parser.add_argument(
        "--up", choices=("+x", "-x", "+y", "-y", "+z", "-z"), help="the axis that points up, default: found"
    )
    parser.add_argument("--unit", choices=("m", "cm", "mm"), help="of the files' lengths, default: found")
    parser.add_argument("--rate", type=_rate, metavar="N", help="frames a second, default: as the files say, else 30")


def _add_phrases(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    parents = [_common(), _json()]
    add = actions.add_parser("add", help="cut motions into phrases of eight counts", parents=parents)
    show = actions.add_parser("show", help="print what is known of a phrase", parents=parents)
    remove = actions.add_parser("remove", help="remove phrases, or all of a clip", parents=parents)
    preview = actions.add_parser("preview", help="draw a phrase as a sheet of pictures", parents=parents)
    listed = actions.add_parser("list", help="list the phrases of a library", parents=parents)
    for one in (add, show, remove, preview, listed):
        one.add_argument("library", type=Path, metavar="LIBRARY", help="folder")
        one.set_defaults(module="phrases")
    add.add_argument("files", type=Path, nargs="+", metavar="FILE", help=f"files, or folders of them: {FORMATS}")
    add.add_argument("--bpm", type=float, metavar="N", help="tempo, default: of the song beside it, else found")
    add.add_argument("--style", choices=STYLES, default="any", help="of these motions")
    add.add_argument("--licence", default="", metavar="TEXT", help="of these motions")
    for one in (show, preview):
        one.add_argument("phrase", metavar="PHRASE", help="id, as list shows it")
    remove.add_argument("phrases", nargs="+", metavar="PHRASE", help="ids of phrases or clips")
    preview.add_argument("-o", "--output", type=Path, required=True, metavar="SHEET.png")


def _add_preview(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dance", type=Path, metavar="DANCE.npz")
    parser.add_argument("--audio", type=Path, metavar="SONG", help="the song of the dance")
    parser.add_argument("-o", "--output", type=Path, metavar="DANCE.mp4", help="a video")
    parser.add_argument("--sheet", type=Path, metavar="SHEET.png", help="a sheet of pictures")
    parser.add_argument("--moments", type=int, default=12, metavar="N", help="pictures on the sheet: %(default)s")
    parser.add_argument("--size", type=_size, default=(1280, 720), metavar="WxH", help="of the video: 1280x720")


def _add_bones(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rig", type=Path, metavar="RIG.json", help="a rig description, as Blender's panel copies it")


def _add_bench(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seconds", type=float, default=30.0, metavar="S", help="length of the dances, default: %(default)s"
    )
    parser.add_argument(
        "--repeat", type=_count, default=1, metavar="N", help="report the fastest of N interleaved runs"
    )
    parser.add_argument("--full-size", action="store_true", help="also a network of the paper's size, random weights")
    parser.add_argument("--reference", action="store_true", help="also EDGE's own sampler, which is slow")
    parser.add_argument(
        "--keys", action="store_true", help="also Blender's keying of such a dance on three rigs; needs bpy"
    )


def _add_worker(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--idle-minutes", type=float, default=10.0, metavar="M", help="end after this time without a job, 0 = never"
    )
    parser.add_argument("--ahead", action="store_true", help="warm up with a short dance, for a fast first job")


def _add_setup(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(json=False)
    parser.add_argument("--home", type=Path, required=True, metavar="DIR", help="the environment's folder")
    parser.add_argument(
        "--build", default="", metavar="B", help="build of torch: cpu, cuda, rocm, apple; default: by the hardware"
    )
    parser.add_argument("--mirror", default="", metavar="URL", help="mirror of PyPI's simple index")
    parser.add_argument("--proxy", default="", metavar="URL", help="default: that of the variable https_proxy")
    parser.add_argument("--wheels", type=Path, metavar="DIR", help="install wheels from this folder, without downloads")
    parser.add_argument("--remove", action="store_true", help="remove the environment")
    parser.add_argument("--messages", action="store_true", help=argparse.SUPPRESS)


def _seeds(text: str) -> tuple[int, ...]:
    try:
        return seeds_in(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _rate(text: str) -> float:
    """Frames a second. Raises argparse.ArgumentTypeError."""
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= 1000:
        raise argparse.ArgumentTypeError(f"{text} is no number above 0 and at most 1000")
    return rate


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return int(text)


def _range(text: str) -> tuple[int, int]:
    first, _, behind = text.partition(":")
    if not (first.isdecimal() and behind.isdecimal() and int(first) < int(behind)):
        raise argparse.ArgumentTypeError(f"{text} is no range such as 150:300")
    return int(first), int(behind)


def _size(text: str) -> tuple[int, int]:
    """Parse a size such as 1280x720; H.264 requires even numbers."""
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text} is no size such as 1280x720")
    size = int(width), int(height)
    if min(size) < 64 or max(size) > 4096 or size[0] % 2 or size[1] % 2:
        raise argparse.ArgumentTypeError(f"{text}: both numbers must be even and from 64 to 4096")
    return size
