"""`jukebox benchmark`: measures Jukebox's speed and memory on this machine."""

import argparse
import json
from dataclasses import asdict

from ...audio.jukebox.benchmark import measure
from ...audio.jukebox.folder import PriorShape
from ...audio.jukebox.song import cut_count
from ...audio.jukebox.speed import slice_operations
from ...runtime.devices import choose
from ...runtime.threads import use_threads
from ...schema.frames import FPS
from ..console import progress
from .jukebox_options import words

_SONG_S = 180


def run(options: argparse.Namespace) -> None:
    """Measure Jukebox with random weights. Raises EdgeError out_of_memory, device_missing."""
    use_threads(options.threads)
    with progress(options) as report:
        result = measure(
            options.plan, choose(options.device), options.slices, precision=options.precision, report=report
        )
    if options.json:
        print(json.dumps(asdict(result)))
        return
    plan = result.plan
    song = cut_count(_SONG_S * FPS)
    print(f"plan           layers are {plan.layers}, {plan.precision}, {plan.group} slices together")
    print(f"a slice of 5 s {result.slice_s:.3g} s for {slice_operations(PriorShape()) / 1e12:.1f} TFLOP")
    print(
        f"speed          {result.rate / 1e9:.0f} GFLOP/s, {result.rate / result.product_rate:.0%} of a plain product's"
    )
    print(f"memory         {result.memory / 1e9:.2f} GB at most")
    print(f"song of 3 min  {song} slices, {words(song * result.slice_s)}")
