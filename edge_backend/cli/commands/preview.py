"""`preview DANCE.npz --audio SONG -o DANCE.mp4 --sheet SHEET.png`: draws a dance without Blender."""

import argparse

from ...drawing.preview import preview_sheet, preview_video
from ...errors import EdgeError
from ...motion.files import load_motion
from ..console import check_target, finish, progress


def run(options: argparse.Namespace) -> None:
    """Draw the video, the sheet, or both. Raises EdgeError preview_nothing, those of preview, motion.files; OSError."""
    if not options.output and not options.sheet:
        raise EdgeError("preview_nothing", "There is nothing to draw.", "Give -o DANCE.mp4 or --sheet SHEET.png.")
    inputs = [options.dance, *filter(None, (options.audio,))]
    if options.output:
        check_target(options.output, ".mp4", inputs=inputs)
    if options.sheet:
        check_target(options.sheet, ".png", inputs=inputs)
    motion = load_motion(options.dance)
    if options.sheet:
        preview_sheet(motion, options.sheet, options.moments)
        finish(options, options.sheet, f"{options.moments} moments")
    if options.output:
        with progress(options) as report:
            preview_video(motion, options.audio, options.output, options.size, report)
        finish(options, options.output, f"{motion.frames / motion.fps:.1f} s")
