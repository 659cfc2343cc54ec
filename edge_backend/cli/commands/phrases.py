"""`phrases add|list|show|remove|preview LIBRARY`: manages libraries of phrases."""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ...audio.listening import listen
from ...audio.loading import load
from ...audio.song_source import song_beside
from ...choreography.library import add_clips, open_libraries, remove_phrases
from ...drawing.preview import preview_sheet
from ...fileio.output_folder import check_folder
from ...motion.motion import Motion
from ...motion_import.reader import motion_paths, read_all
from ..console import check_target, finish


def run(options: argparse.Namespace) -> None:
    """Run the action `options.action`. Raises EdgeError as choreography.library and motion_import.reader; OSError."""
    {"add": _add, "list": _list, "show": _show, "remove": _remove, "preview": _preview}[options.action](options)


def _add(options: argparse.Namespace) -> None:
    check_folder(options.library)
    read, unusable = read_all(motion_paths(options.files), skip=True)
    new, refused = add_clips(options.library, _clips(read, options))
    reasons = [error.message for error in (*(one.error for one in unusable), *refused)]
    for reason in reasons:
        print(reason, file=sys.stderr)
    finish(options, options.library, f"{new} phrases new, {len(reasons)} motions refused")


def _clips(read: list[tuple[Path, Any]], options: argparse.Namespace) -> Iterator[tuple[str, Motion, dict[str, Any]]]:
    for path, imported in read:
        motion = imported.motion
        if options.bpm is None and not len(motion.beats) and (song := song_beside(path)):
            motion.beats = np.array([second for second, _ in listen(load(song)).beats])
        style = str(motion.meta.get("leading_style", options.style)) if options.style == "any" else options.style
        yield imported.name, motion, {"style": style, "licence": options.licence, "tempo": options.bpm}


def _list(options: argparse.Namespace) -> None:
    library = open_libraries([options.library])
    lines = [
        f"{phrase.id:<24}{phrase.style:<14}{phrase.tempo:>6.0f} bpm{phrase.energy:>7.2f} m/s  {phrase.level:<6}"
        f"{phrase.source}"
        for phrase in library.phrases
    ]
    print("\n".join([*lines, f"{len(library.phrases)} phrases"]))


def _show(options: argparse.Namespace) -> None:
    library = open_libraries([options.library])
    phrase = library.phrases[library.number(options.phrase)]
    print("\n".join(f"{name}: {value}" for name, value in (asdict(phrase) | {"tempo": round(phrase.tempo, 1)}).items()))


def _remove(options: argparse.Namespace) -> None:
    finish(options, options.library, f"{remove_phrases(options.library, options.phrases)} phrases removed")


def _preview(options: argparse.Namespace) -> None:
    check_target(options.output, ".png")
    library = open_libraries([options.library])
    number = library.number(options.phrase)
    phrase, clip = library.phrases[number], library.clip(number)
    first, last = round(phrase.counts[0]), round(phrase.counts[-1]) + 1
    motion = Motion(clip.rotations[first:last], clip.root[first:last], clip.contacts[first:last])
    preview_sheet(motion, options.output, len(phrase.counts) - 1)
    finish(options, options.output, f"{last - first} frames of {phrase.source}")
