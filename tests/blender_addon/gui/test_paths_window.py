"""Paths and ghosts leave a redraw of Blender's real window time for 60 frames a second."""

from pathlib import Path

import numpy as np
import pytest
from running import needs_window, run

pytestmark = [pytest.mark.slow, needs_window]
DANCES = Path(__file__).parents[2] / "data/feet/dances.npz"
LIMIT_MS = 4.0  # of the 16.7 of a redraw; the rest is the viewport's own


def test_a_redraw_with_the_paths_of_three_minutes_takes_little_work(addon_zip, worker_python, tmp_path):
    facts = run(
        "paths.py", tmp_path, addon_zip=addon_zip, worker_python=worker_python, song_s=5, size="1000x700",
        DANCES=str(DANCES),
    )  # fmt: skip
    assert facts["frames"] == 5400
    for way in ("playing_ms", "looking_around_ms"):
        work = facts[way]
        print(way, np.percentile(work, [50, 95, 100]).round(2))
        assert len(work) >= 40 and np.median(work) < LIMIT_MS
