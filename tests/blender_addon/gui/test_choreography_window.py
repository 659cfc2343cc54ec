"""The Choreography panel in Blender's real window."""

import pytest
from running import needs_window, run

pytestmark = needs_window


def test_the_plan_of_a_dance_is_drawn(addon_zip, worker_python, tmp_path):
    seen = run(
        "choreography.py", tmp_path, addon_zip=addon_zip, worker_python=worker_python, song_s=12, size="1000x800",
        SHORT="1",
    )  # fmt: skip
    assert seen["finished"] and all(phrase for phrase, _, _ in seen["planned"])


@pytest.mark.slow
def test_bars_are_changed_undone_and_danced(addon_zip, worker_python, tmp_path):
    seen = run(
        "choreography.py", tmp_path, addon_zip=addon_zip, worker_python=worker_python, song_s=20, size="1400x1000"
    )
    planned, changed = seen["planned"], seen["changed"]
    assert seen["frame"] > 1  # the click on the second row goes to its bars
    assert changed[0] == [planned[0][0], not planned[0][1], True]
    assert changed[1][0] != planned[1][0] and changed[1][2]
    assert changed[2:] == planned[2:]
    assert seen["redone"] == changed
    assert seen["new_take"] and [row[:2] for row in seen["danced"]] == [row[:2] for row in changed]
    assert not any(waits for _, _, waits in seen["danced"])
