"""Undo, redo, files and deletions at every stage of a job in Blender's real window: no crash, and no remains."""

import pytest
from running import needs_window, run

pytestmark = needs_window

OWN, GROWING, TAKE = "By hand", "Dance in the Making", "song 0"

EVERYWHERE = ("starting", "features", "sampling", "placing", "applied")
GROWN = ("sampling", "placing")  # something is shown

FILES = ("new", "open", "revert", "reopen")
DELETED = ("armature", "collection", "action", "growing", "scene")


def seen_in(folder, words, addon_zip, worker_python, tiny_weights, **other):
    given = {"addon_zip": addon_zip, "worker_python": worker_python, "song_s": 20, "size": "1400x900"} | other
    return run("undoing.py", folder, **given, WEIGHTS=str(tiny_weights), ROUNDS=" ".join(words))["rounds"]


def the_dance_comes_and_is_one_step(seen):
    assert seen["undone"] == OWN
    assert seen["end"] == {"shown": TAKE, "actions": [OWN, TAKE], "frame_end": seen["end"]["frame_end"]}
    assert seen["end"]["frame_end"] > 50 and seen["kept"] == [OWN, TAKE] and seen["problem"] is None


def test_ctrl_z_in_the_middle_of_a_dance(addon_zip, worker_python, tiny_weights, tmp_path):
    words, small = ["undo@placing", "work@sampling"], {"song_s": 8, "size": "800x600"}
    rounds = seen_in(tmp_path, words, addon_zip, worker_python, tiny_weights, **small)
    assert len(rounds) == 2
    for seen in rounds:
        assert seen["shown"] == GROWING  # again
        the_dance_comes_and_is_one_step(seen)


@pytest.fixture(scope="module")
def play(addon_zip, worker_python, tiny_weights, tmp_path_factory):
    """A function that plays rounds, words as "undo@placing"; returns the facts of each by event and stage."""

    def played(words):
        seen = seen_in(tmp_path_factory.mktemp("undoing"), words, addon_zip, worker_python, tiny_weights)
        found = {(each["event"], each["stage"]): each for each in seen}
        assert len(found) == len(words)
        return found

    return played


@pytest.fixture(scope="module")
def undone(play):
    return play([f"{event}@{stage}" for event in ("undo", "redo", "work") for stage in EVERYWHERE])


@pytest.fixture(scope="module")
def saved(play):
    """Saving, and going to other files."""
    grown = [f"{event}@{stage}" for event in ("save", "autosave", *FILES) for stage in GROWN]
    early = [f"{event}@{stage}" for event in ("new", "open", "revert") for stage in ("starting", "features")]
    return play(grown + early)


@pytest.fixture(scope="module")
def brought_back(play):
    return play([f"undelete_{what}@{stage}" for what in DELETED for stage in GROWN])


@pytest.fixture(scope="module")
def deleted(play):
    return play([f"delete_{what}@{stage}" for what in DELETED for stage in GROWN])


@pytest.mark.slow
@pytest.mark.parametrize("stage", EVERYWHERE)
@pytest.mark.parametrize("event", ["undo", "redo", "work"])
def test_undo_and_redo(undone, event, stage):
    seen = undone[event, stage]
    if stage != "applied":
        the_dance_comes_and_is_one_step(seen)
    if stage in GROWN:
        assert seen["shown"] == GROWING
    assert GROWING not in seen["kept"]


@pytest.mark.slow
@pytest.mark.parametrize("stage", GROWN)
@pytest.mark.parametrize("event", ["save", "autosave"])
def test_a_file_saved_meanwhile_has_no_half_dance(saved, event, stage):
    seen = saved[event, stage]
    assert seen["saved"] == [OWN] and seen["shown"] == GROWING
    the_dance_comes_and_is_one_step(seen)


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["starting", "features", *GROWN])
@pytest.mark.parametrize("event", FILES)
def test_another_file_has_nothing_of_it(saved, event, stage):
    if (event, stage) not in saved:
        pytest.skip("nothing is shown yet that a file could have")
    seen = saved[event, stage]
    assert seen["shown"] == (None if event == "new" else OWN)
    assert seen["end"]["actions"] == seen["kept"] == ([] if event == "new" else [OWN])
    assert seen["end"]["frame_end"] == (250 if event == "new" else 50) and seen["problem"] is None


@pytest.mark.slow
@pytest.mark.parametrize("stage", GROWN)
@pytest.mark.parametrize("what", DELETED)
def test_what_is_deleted_and_brought_back_dances(brought_back, what, stage):
    the_dance_comes_and_is_one_step(brought_back[f"undelete_{what}", stage])


@pytest.mark.slow
@pytest.mark.parametrize("stage", GROWN)
@pytest.mark.parametrize("what", DELETED)
def test_what_is_deleted_leaves_nothing_half(deleted, what, stage):
    seen = deleted[f"delete_{what}", stage]
    assert GROWING not in seen["end"]["actions"] + seen["kept"]
    if what in ("armature", "collection", "scene"):
        assert seen["problem"] == "dancer_gone" and TAKE not in seen["end"]["actions"]
    else:
        assert seen["end"]["shown"] == TAKE and seen["problem"] is None
