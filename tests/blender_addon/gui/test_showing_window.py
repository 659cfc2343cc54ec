"""A first session in Blender's real window."""

from itertools import pairwise

import pytest
from running import needs_window, run

pytestmark = needs_window


@pytest.fixture(scope="module")
def facts(addon_zip, worker_python, tmp_path_factory):
    folder = tmp_path_factory.mktemp("showing")
    return run("showing.py", folder, addon_zip=addon_zip, worker_python=worker_python, song_s=20, size="1400x1000")


def test_the_window_opens_with_the_panel_and_without_a_fault(addon_zip, worker_python, tmp_path):
    seen = run(
        "showing.py", tmp_path, addon_zip=addon_zip, worker_python=worker_python, song_s=2, size="1400x1000", SHORT="1"
    )
    assert seen["background"] is False and seen["finished"]


@pytest.mark.slow
def test_the_bar_fills_while_a_dance_is_made(facts):
    bar, fractions = facts["bar"], facts["fractions"]
    assert len(bar) >= 3 and fractions == sorted(fractions)
    assert max(bar) - min(bar) > 30  # pixels
    assert sum(later < earlier - 2 for earlier, later in pairwise(bar)) == 0


@pytest.mark.slow
def test_escape_leaves_nothing_and_the_next_dance_can_be_undone(facts):
    assert facts["after_cancel"] == [] and facts["after_generate"] == ["song 0"] and facts["after_undo"] == []


@pytest.mark.slow
def test_a_click_in_the_list_has_the_character_dance_that_take(facts):
    assert facts["shown"] == ["song 0", "song 7"]


@pytest.mark.slow
def test_space_plays_the_dance(facts):
    assert facts["playing"] and facts["stopped"] and len(set(facts["frames"])) >= 3


@pytest.mark.slow
def test_a_group_and_a_stage_are_one_undo_each(facts):
    assert facts["together"] == 3 and facts["stage"] == ["FINISHED"]
    cameras, takes = facts["after_undoing_both"]
    assert cameras == [] and takes == 2
