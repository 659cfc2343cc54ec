"""The Bone Map in Blender's real window, by clicks."""

import pytest
from running import needs_window, run

pytestmark = needs_window
SIZE = "1400x1400"


@pytest.fixture(scope="module")
def facts(addon_zip, worker_python, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bones")
    return run("bones.py", folder, addon_zip=addon_zip, worker_python=worker_python, song_s=2, size=SIZE)


def test_the_bone_map_of_a_doubtful_character_opens_without_a_fault(addon_zip, worker_python, tmp_path):
    seen = run("bones.py", tmp_path, addon_zip=addon_zip, worker_python=worker_python, song_s=2, size=SIZE, SHORT="1")
    assert seen["background"] is False and seen["finished"]


@pytest.mark.slow
def test_doubtful_bones_are_accepted_one_by_one(facts):
    assert facts["doubts"] == [["forearm.L", "forearm.R"], ["forearm.R"], []]
    assert facts["chosen"] == {f"forearm.{side[0]}": f"mixamorig:{side}UpperArm2" for side in ("Left", "Right")}


@pytest.mark.slow
def test_a_click_on_a_row_lights_its_bone(facts):
    assert facts["lit"] == "mixamorig:RightUpperArm2"


@pytest.mark.slow
def test_all_bones_are_listed_and_changed_over(facts):
    listed, swapped = facts["listed"], facts["swapped"]
    assert listed["hips"] == swapped["hips"] == "mixamorig:Hips"
    assert listed["thigh.L"] == swapped["thigh.R"] == "mixamorig:LeftUpLeg"
    assert listed["forearm.R"] == swapped["forearm.L"] == "mixamorig:RightUpperArm2"
