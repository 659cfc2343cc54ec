"""The song map in Blender's real window."""

import pytest
from running import needs_window, run

pytestmark = needs_window


def test_a_song_map_is_computed_and_its_sections_are_drawn(addon_zip, worker_python, tmp_path):
    seen = run(
        "song_map.py", tmp_path, addon_zip=addon_zip, worker_python=worker_python, song_s=12, size="1000x800",
        SHORT="1",
    )  # fmt: skip
    assert seen["heard"] and seen["finished"]


@pytest.mark.slow
def test_sections_are_split_and_named_and_each_is_one_undo(addon_zip, worker_python, tmp_path):
    seen = run("song_map.py", tmp_path, addon_zip=addon_zip, worker_python=worker_python, song_s=20, size="1400x1000")
    heard = seen["heard"]
    assert len(seen["split"]) == len(heard) + 1 and "Chorus" in seen["split"]
    assert len(seen["label_undone"]) == len(heard) + 1 and "Chorus" not in seen["label_undone"]
    assert seen["split_undone"] == heard and seen["redone"] == seen["split"]


@pytest.mark.slow
def test_the_song_map_is_changed_by_the_mouse_undone_and_kept(addon_zip, worker_python, tmp_path):
    seen = run(
        "song_map_mouse.py", tmp_path, addon_zip=addon_zip, worker_python=worker_python, song_s=20, size="1400x1000"
    )
    assert len(seen["split"]) == len(seen["heard"]) + 1
    assert (seen["named"][0][1], seen["named"][-1][1]) == ("Verse", "Chorus")
    assert seen["moved"][-1][0] > seen["named"][-1][0]
    assert {label for _, label in (seen["alike"][0], seen["alike"][-1])} == {"Chorus"}
    assert seen["undone"] == seen["moved"]
    assert seen["redone"] == seen["alike"]
    assert seen["number_after"] == 1
    assert len(seen["merged"]) == len(seen["moved"]) - 1
    assert 60 / seen["tapped"] == pytest.approx(seen["apart"], rel=0.25)
    assert seen["kept"]
