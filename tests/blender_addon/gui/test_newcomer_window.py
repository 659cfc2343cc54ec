"""A fresh profile, no network and nothing set up: from the installed zip to a dance, by the mouse."""

import os

import pytest
from running import needs_window, run

pytestmark = [pytest.mark.slow, needs_window]


@pytest.fixture(scope="module")
def facts(addon_zip, tmp_path_factory):
    """The facts that the scenario has written. Without a network where that can be had, as root."""
    folder = tmp_path_factory.mktemp("newcomer")
    given = {"addon_zip": addon_zip, "song_s": 20, "size": "1400x1000", "offline": os.geteuid() == 0}
    return run("newcomer.py", folder, worker_python="", **given)


def test_nothing_is_set_up_and_blender_may_not_go_online(facts):
    assert facts["before"] == {"online": False, "set_up": False, "python": ""}


def test_the_tab_opens_by_a_click(facts):
    assert facts["tab"] == "Dance"


def test_three_clicks_make_a_dance_by_what_came_in_the_zip(facts):
    danced = facts["danced"]
    assert danced["actions"] == ["song 0"] and danced["shown"] == "song 0" and danced["problem"] == "None"
    assert danced["own_python"] and not danced["set_up"]


@pytest.mark.timing
def test_its_first_second_is_there_soon(facts):
    assert facts["danced"]["first_second_s"] < 3 * 3  # 3 s; a busy machine takes a few times that
