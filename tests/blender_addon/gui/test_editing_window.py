"""Editing in Blender's real window, where undo is. Needs Xvfb, xdotool and ImageMagick on Linux."""

import os

import pytest
from running import needs_window, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), needs_window]


@pytest.fixture(scope="module")
def facts(addon_zip, worker_python, tmp_path_factory):
    """The facts that the scenario has written."""
    # The bundled weights: poses that no body has are refused where they are to be kept.
    folder = tmp_path_factory.mktemp("editing")
    given = {"addon_zip": addon_zip, "worker_python": worker_python, "song_s": 5, "size": "1600x1400"}
    return run("editing.py", folder, **given, SEED=os.environ.get("EDGE_DANCE_SEED", "1"))


def test_one_undo_takes_an_edit_back_to_the_bit_and_one_redo_brings_it(facts):
    assert len(facts["undone"]) == 5
    for name, (changed, undone, redone, problem) in facts["undone"].items():
        assert (changed, undone, redone, problem) == (True, True, True, "None"), name


def test_fifty_calls_in_any_order_leave_nothing_behind_and_nothing_breaks(facts):
    """Some calls are disabled or refused; most change something."""
    assert len(facts["log"]) == 50 and facts["orphans"] == [] and facts["busy"] is False
    assert sum(answer == "FINISHED" for _, answer in facts["log"]) > 20
