"""The extension in Blender's real window: button, progress, Esc, undo. Needs Xvfb, xdotool and ImageMagick on Linux."""

import pytest
from running import needs_window, run

pytestmark = [pytest.mark.slow, needs_window]


@pytest.fixture(scope="module")
def facts(addon_zip, tiny_weights, worker_python, tmp_path_factory):
    """The facts that the scenario has written."""
    folder = tmp_path_factory.mktemp("window")
    given = {"addon_zip": addon_zip, "worker_python": worker_python, "song_s": 6, "size": "1400x900"}
    return run("scenario.py", folder, **given, WEIGHTS=str(tiny_weights))


def test_blender_is_not_blocked_while_a_dance_is_made(facts):
    assert facts["background"] is False and facts["running"] is True


def test_escape_cancels_and_changes_nothing(facts):
    assert facts["after_escape"] == {"actions": [], "problem": "None", "busy": False}


def test_the_button_makes_a_dance(facts):
    assert facts["after_generate"] == {"actions": ["song 0"], "problem": "None"}


def test_repeat_last_starts_a_dance_that_does_not_block_blender_either(facts):
    assert facts["repeating"] is True
    assert facts["after_repeating"] == {"actions": ["song 0"], "problem": "None"}


def test_one_undo_takes_the_whole_dance_back_and_one_redo_brings_it(facts):
    assert facts["after_undo"] == {"actions": [], "hips": [0, 0, 0]}
    assert facts["after_redo"] == {"actions": ["song 0"]}


def test_the_cancel_button_stops_the_job(facts):
    assert facts["after_cancel_button"] == {"actions": ["song 0"], "busy": False}


def test_what_went_wrong_stays_in_the_panel(facts):
    assert facts["after_error"]["actions"] == ["song 0"]
    assert "The backend's Python is not there" in facts["after_error"]["problem"]


def test_loading_another_file_lets_the_job_go_on_and_keeps_its_dance(facts):
    assert facts["goes_on"] and facts["after_loading_a_file"] == {"kept": 1, "problem": "None"}


def test_disabling_the_extension_ends_the_job_and_removes_its_folder(facts):
    assert facts["after_disabling"] == {"busy": False, "folder": False}
