"""The song map in Blender's real window."""

import pytest
from running import needs_window, run

pytestmark = needs_window


def test_a_song_map_is_computed_and_its_sections_are_drawn(addon_zip, worker_python, tmp_path):
    seen = run(
        "song_map.py", tmp_path, addon_zip=addon_zip, worker_python=worker_python, song_s=20, size="1400x1000",
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
