"""The options of the command. No bpy."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from ..edge_backend.batch.seeds import seeds_in
from ..edge_backend.schema.requests import STYLES
from ..settings import QUALITIES

COMMAND = "edge_dance"
DENSITIES = ("frames", "curves", "blocking")
ENGINES = ("cycles", "eevee", "workbench", "scene")

_EXAMPLES = """\
examples:
  blender -b scene.blend --command edge_dance --song s.ogg --armature Hero --style salsa --seeds 1-8 --render //out/
  python -m edge_dance --scene scene.blend --song a.ogg b.ogg --seeds 1,5 --save out --json
"""


def parse(arguments: Sequence[str], program: str) -> argparse.Namespace:
    """Parse the options. Raises SystemExit as argparse does: 0 for --help, 2 for wrong options."""
    parser = argparse.ArgumentParser(
        prog=program,
        description="Generate dances to songs on a character, one take for each seed, save them and render films.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_work(parser.add_argument_group("songs and character"))
    _add_dance(parser.add_argument_group("dance; default: as in the scene"))
    _add_film(parser.add_argument_group("films"))
    _add_running(parser.add_argument_group("running"))
    return parser.parse_args(list(arguments))


def seeds(text: str) -> list[int]:
    """Seeds from a list: `1-3,8` is 1, 2, 3, 8, each once, in this order. Raises argparse.ArgumentTypeError."""
    try:
        return list(seeds_in(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def size(text: str) -> tuple[int, int]:
    """Width and height in pixels from `1280x720`. Raises argparse.ArgumentTypeError."""
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if match is None or not all(4 <= int(side) <= 65536 for side in match.groups()):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write it as 1280x720")
    return int(match[1]), int(match[2])


def _add_work(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--song", nargs="+", default=[], metavar="FILE", help="songs; default: the song in the sequencer"
    )
    group.add_argument("--scene", metavar="FILE", help="blend file; default: the open file, else an empty scene")
    group.add_argument(
        "--armature",
        metavar="NAME",
        help="the character; default: the only armature, in an empty scene the built-in dancer",
    )
    group.add_argument(
        "--seeds", type=seeds, metavar="SEEDS", help="as 1-8 or 1,5,9: one take each; default: the scene's"
    )
    group.add_argument(
        "--save", metavar="DIR", help="folder for the blend files, one for each song; default: the folder of --render"
    )


def _add_dance(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--style", choices=STYLES)
    group.add_argument("--energy", type=float, metavar="0..1", help="from calm to wild")
    group.add_argument("--quality", choices=tuple(QUALITIES))
    group.add_argument("--guidance", type=float, metavar="N", help="how strongly the dance follows the music")
    group.add_argument(
        "--keys", choices=DENSITIES, help="keys on every frame, few keys with handles, or poses on beats"
    )


def _add_film(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--render", metavar="DIR", help="render a film of every take into this folder; // is the scene's folder"
    )
    group.add_argument(
        "--engine", choices=ENGINES, default="cycles", help="render engine; scene: as set in the scene. Default: cycles"
    )
    group.add_argument("--size", type=size, metavar="WxH", help="resolution of the films; default: the scene's")
    group.add_argument(
        "--samples", type=int, default=0, metavar="N", help="samples per pixel; default: depends on the engine"
    )
    group.add_argument(
        "--film-set", choices=("auto", "always", "never"), default="auto",
        help="the extension's camera, lights and floor; auto: where the scene has no camera",
    )  # fmt: skip


def _add_running(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--dry-run", action="store_true", help="report what would be done, and write nothing")
    group.add_argument(
        "--json", action="store_true", help="one JSON object per line on stdout, everything else on stderr"
    )
    group.add_argument("--backend-python", type=Path, metavar="FILE", help="default: as in the preferences")
    group.add_argument("--weights-folder", type=Path, metavar="DIR", help="default: as in the preferences")
    group.add_argument("--threads", type=int, metavar="N", help="default: as in the preferences")
