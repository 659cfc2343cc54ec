"""Autosaves and the last session contain no partial dance."""

from pathlib import Path
from typing import Any

import pytest
import real_program
from running import needs_window, run

pytestmark = [needs_window, pytest.mark.slow, pytest.mark.timeout(1500)]

OWN, GROWING, TAKE = "By hand", "Dance in the Making", "song 0"
STAGES = ("starting", "sampling", "placing")


@pytest.fixture(scope="module")
def given(addon_zip, worker_python, tiny_weights) -> dict[str, Any]:
    return {"addon_zip": addon_zip, "worker_python": worker_python, "song_s": 20, "size": "1400x900",
            "WEIGHTS": str(tiny_weights)}  # fmt: skip


def temporary(folder: Path) -> dict[str, str]:
    """Where this Blender keeps what it saves by itself."""
    place = folder / "temporary"
    place.mkdir(exist_ok=True)
    return {"TMPDIR": str(place), "TEMPORARY": str(place)}


def nothing_of_it(found: dict[str, Any], whole: bool) -> None:
    """What was recovered is the file before the dance or, whole, the one with it."""
    assert found["prop"] == 7 and found["marks"] == []
    assert GROWING not in found["actions"]
    if not whole:
        assert (found["shown"], found["actions"], found["frame_end"]) == (OWN, [OWN], 50)
    else:
        assert found["shown"] == TAKE and set(found["actions"]) == {OWN, TAKE} and found["keys"] > 500


@pytest.fixture(scope="module")
def rounds(given, tmp_path_factory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("autosaving")
    seen = run("autosaving.py", folder, **given, **temporary(folder), STAGES=" ".join(STAGES))
    return {one["stage"]: one for one in seen["rounds"]}


@pytest.mark.parametrize("stage", STAGES)
def test_autosave_has_no_half_dance_and_the_dance_goes_on(rounds, stage):
    seen = rounds[stage]
    assert seen["problem"] is None and seen["danced"] == TAKE
    assert seen["during"] == ("recovered" in seen)
    if seen["during"]:
        nothing_of_it(seen["recovered"], whole=False)
    nothing_of_it(seen["after"], whole=not seen["during"] or seen["after"]["shown"] == TAKE)


@pytest.mark.skipif(not real_program.PROGRAM, reason="the bpy package keeps no last session")
@pytest.mark.parametrize("stage", STAGES)
def test_the_last_session_has_no_half_dance(given, tmp_path, stage):
    run("autosaving.py", tmp_path, **given, **temporary(tmp_path), STAGES="", QUIT=stage)
    assert (Path(temporary(tmp_path)["TMPDIR"]) / "quit.blend").exists()
    again = tmp_path / "again"
    again.mkdir()
    seen = run("autosaving.py", again, **given, **temporary(tmp_path), STAGES="", RECOVER="1")
    nothing_of_it(seen["recovered"], whole=False)
