"""`listen SONG -o map.json [--plot map.png]`."""

import argparse

from ...audio.listening import listen
from ...audio.song_source import song_source
from ...fileio.atomic_write import atomic_write
from ..console import check_target, finish, progress


def run(options: argparse.Namespace) -> None:
    """Write the song's map, and its picture where asked for. Raises EdgeError as audio.loading.load does; OSError."""
    check_target(options.output, ".json")
    if options.plot:
        check_target(options.plot, ".png")
    with progress(options) as report:
        report("features", 0, 1)
        audio = song_source(options.song).load(options.start, options.duration)
        found = listen(audio)
        report("features", 1, 1)
    with atomic_write(options.output) as unfinished:
        unfinished.write_text(found.to_json(), encoding="utf-8")
    if options.plot:
        from ...drawing.song_map import draw_map  # noqa: PLC0415 - Pillow, which the map does without

        with atomic_write(options.plot) as unfinished:
            draw_map(audio, found).save(unfinished, format="PNG")
    sections = " ".join(section.label for section in found.sections)
    sure = f"{round(100 * found.confidence)} % sure, by {found.method}"
    finish(options, options.output, f"{found.tempo:.1f} bpm, {found.metre} beats a bar ({sure}); sections {sections}")
