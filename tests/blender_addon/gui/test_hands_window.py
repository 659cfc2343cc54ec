"""The Hands panel and the Legs row in Blender's real window, by the mouse."""

import pytest
from running import needs_window, run

pytestmark = needs_window
SIZE = "1400x1400"


@pytest.fixture(scope="module")
def facts(addon_zip, worker_python, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hands")
    return run("hands.py", folder, addon_zip=addon_zip, worker_python=worker_python, song_s=2, size=SIZE)


def test_the_panels_of_hands_and_keys_open_without_a_fault(addon_zip, worker_python, tmp_path):
    seen = run("hands.py", tmp_path, addon_zip=addon_zip, worker_python=worker_python, song_s=2, size=SIZE, SHORT="1")
    assert seen["background"] is False and seen["finished"]


@pytest.mark.slow
def test_a_style_and_life_are_chosen_by_the_mouse(facts):
    assert facts["hands"]["style"] == "fist" and facts["hands"]["life"] != 0.5


@pytest.mark.slow
def test_legs_on_ik_and_hands_are_what_the_next_dance_has(facts):
    assert facts["legs"] == "IK"
    assert {"foot_ik.L", "thigh_ik_target.R", "f_index.02.L", "thumb.03.R"} <= set(facts["keyed"])
    assert "shin_fk.L" not in facts["keyed"]
