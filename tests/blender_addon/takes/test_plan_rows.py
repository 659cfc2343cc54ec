"""The plan of a take: rows for the panel, changes of bars, and the request that dances it."""

import json
import warnings
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, put_dancer
from drawing import draw

FORM = [("A", -1), ("A", -1), ("B", -1), ("B", -1), ("A", 0), ("A", 1)]
STEPS = [
    {
        "slot": {"label": label, "section": number // 2, "place": number % 2, "energy": 0.5}
        | {"counts": [4.0 * number, 4.0 * number + 4]},
        "phrase": "",
        "again": again,
        "mirrored": False,
        "originality": 0.0,
    }
    for number, (label, again) in enumerate(FORM)
]


@pytest.fixture
def take():
    skeleton = addon("edge_backend.motion.skeleton")
    rotations = np.tile(np.eye(3, dtype=np.float32), (720, 24, 1, 1))
    rotations[:, 0] = skeleton.Y_UP_TO_Z_UP
    root = np.tile(np.array([0, 0, 0.92], np.float32), (720, 1))
    meta = {"seed": 7, "choreography": {"format": 1, "song": "x", "start": 0.0, "steps": STEPS}}
    motion = addon("edge_backend.motion.motion").Motion(rotations, root, np.ones((720, 4), np.float32), meta=meta)
    return addon("takes.new_take").add_take(put_dancer(), motion, bpy.context.scene, 1.0)


def texts(take):
    return [(row.label, row.text, row.mirrored) for row in addon("takes.plan_rows").plan_rows(take)]


def test_rows_say_what_is_danced_in_which_bars(take):
    assert [text for _, text, _ in texts(take)] == ["New"] * 4 + ["As 0:00.0", "As 0:04.0"]
    assert addon("ops.plan_slots").planned_take(bpy.context) == take


def test_bars_are_mirrored_freed_and_repeated(take):
    assert bpy.ops.edge_dance.mirror_slot(step=4) == {"FINISHED"}
    assert texts(take)[4] == ("A", "As 0:00.0", True)
    assert bpy.ops.edge_dance.free_slot(step=5) == {"FINISHED"}
    assert texts(take)[5] == ("A", "New", False)
    assert bpy.ops.edge_dance.repeat_slot(step=3, earlier=3) == {"FINISHED"}
    assert texts(take)[3] == ("B", "As 0:08.0", False)
    plan = addon("takes.plan_rows").plan_of(take)
    read = addon("edge_backend.choreography.plan_file").plan_of_json(plan, "the take")
    assert [step.again for step in read] == [-1, -1, -1, 2, 0, -1]


def test_bars_that_repeat_a_repeating_slot_follow_it(take):
    rows = addon("takes.plan_rows")
    rows.repeat_slot(take, 0 + 1, 0)  # the second slot repeats the first: the sixth, which repeated it, follows
    steps = rows.plan_of(take)["steps"]
    assert [step["again"] for step in steps] == [-1, 0, -1, -1, 0, 0]


def test_bars_that_follow_a_slot_take_over_the_sides_of_what_it_repeats(take):
    rows = addon("takes.plan_rows")
    rows.free_slot(take, 4)
    rows.repeat_slot(take, 5, 4)
    rows.mirror_slot(take, 5)
    rows.repeat_slot(take, 2, 0)
    rows.mirror_slot(take, 2)
    rows.repeat_slot(take, 4, 2)  # mirrored: the sixth slot, the other side of it, is the first one's again
    steps = rows.plan_of(take)["steps"]
    assert [(steps[number]["again"], steps[number]["mirrored"]) for number in (4, 5)] == [(0, True), (0, False)]


def test_bars_that_are_to_repeat_others_repeat_what_these_are_to_dance(take):
    """They wait themselves, so that no dance is lost by it."""
    rows = addon("takes.plan_rows")
    rows.free_slot(take, 0)
    rows.repeat_slot(take, 1, 0)
    rows.mirror_slot(take, 1)
    rows.free_slot(take, 0)
    assert [text for _, text, _ in texts(take)][:2] == ["New", "As 0:00.0"]
    rows.put_phrase(take, 0, "one", True)
    steps = rows.plan_of(take)["steps"]
    assert [(steps[number]["phrase"], steps[number]["mirrored"]) for number in (0, 1)] == [
        ("one", True),
        ("one", False),
    ]
    rows.parsed_plan(take)


def test_bars_that_become_the_first_of_their_dance_have_no_originality(take):
    rows = addon("takes.plan_rows")
    plan = rows.plan_of(take)
    danced = [step | {"originality": 0.4} if number == 4 else step for number, step in enumerate(plan["steps"])]
    rows.hand_on_plan(take, plan | {"steps": danced})
    rows.free_slot(take, 0)
    row = rows.plan_rows(take)[4]
    assert (row.text, row.originality) == ("New", 0.0) and rows.changed_slots(take) == [0]


@pytest.mark.parametrize("fps", [8, 24, 25, 30, 60])
def test_a_click_on_a_row_goes_to_its_bars_at_every_frame_rate(take, fps):
    rows, slots = addon("takes.plan_rows"), addon("ops.plan_slots")
    bpy.context.scene.render.fps = fps
    stored = take[addon("keyframes.take_details").PROPERTY]
    meta = json.loads(stored["meta"])
    for number, step in enumerate(meta["choreography"]["steps"]):
        step["slot"]["counts"] = [3.0187 * number + 0.5, 3.0187 * number + 3.5187]
    stored["meta"] = json.dumps(meta)
    for number in range(len(rows.plan_rows(take))):
        assert bpy.ops.edge_dance.go_to_slot(step=number) == {"FINISHED"}
        assert slots.current_slot(bpy.context, take) == number
    for frame, expected in ((-50, 0), (1, 0), (10_000, 5)):  # beside all bars
        bpy.context.scene.frame_set(frame)
        assert slots.current_slot(bpy.context, take) == expected


def test_the_strip_says_less_where_there_is_little_room(take):
    rows, words = addon("takes.plan_rows"), addon("ui.plan_bands").words
    rows.mirror_slot(take, 4)
    assert words(rows.plan_rows(take)[4]) == ("A  As 0:00.0 <>", "As 0:00.0 <>", "A <>")
    assert words(rows.plan_rows(take)[2]) == ("B  New", "New", "B")


def test_titles_are_read_by_the_timer_and_not_where_they_are_drawn(take, monkeypatch, quick_worker):
    shelf, tick, choreography = addon("takes.phrase_shelf"), addon("ui.status_timer").tick, addon("ui.choreography")
    name = shelf.library_of(bpy.context.scene).phrases[0].id
    addon("takes.plan_rows").put_phrase(take, 0, name, mirrored=False)
    for known in (shelf._phrases, shelf._tried, shelf._asked):
        known.clear()
    row = addon("takes.plan_rows").plan_rows(take)[0]
    with monkeypatch.context() as patched:
        patched.delattr(shelf, "open_libraries")
        patched.delattr(shelf, "folders_of")
        assert draw(choreography.VIEW3D_PT_edge_dance_choreography).buttons
        assert shelf._asked == {name} and addon("ui.plan_bands").words(row) == (f"A  {name}", name, "A")
    assert tick() is not None
    assert addon("ui.plan_bands").words(row)[1] == shelf.title(name) != name
    assert not shelf.read_titles(bpy.context.scene)  # nothing more is asked for


def test_a_folder_without_a_library_has_no_titles(take):
    shelf, settings = addon("takes.phrase_shelf"), bpy.context.scene.edge_dance
    shelf._tried.clear()
    settings.phrase_folder = __file__
    assert shelf.title("unknown") == "unknown"
    shelf.read_titles(bpy.context.scene)  # nothing is raised
    assert shelf.title("unknown") == "unknown"
    settings.phrase_folder = ""


def test_bars_that_repeat_other_bars_than_before_wait_to_be_danced(take):
    rows = addon("takes.plan_rows")
    rows.repeat_slot(take, 5, 2)
    assert rows.changed_slots(take) == [5]


def test_mirrored_bars_keep_their_sides_when_the_bars_that_they_repeat_are_danced_anew(take):
    rows = addon("takes.plan_rows")
    plan = rows.plan_of(take)
    returning = {2: {"again": 0, "mirrored": True}, 3: {"again": 0}, 4: {"mirrored": True, "originality": 0.4}}
    danced = [step | returning.get(number, {}) for number, step in enumerate(plan["steps"])]
    rows.hand_on_plan(take, plan | {"steps": danced})
    rows.free_slot(take, 0)
    steps = rows.plan_of(take)["steps"]
    assert [(steps[number]["again"], steps[number]["mirrored"]) for number in (2, 3, 4)] == [
        (-1, False),
        (2, True),  # as before, the other side of the first
        (2, False),
    ]
    assert rows.changed_slots(take) == [0]


def test_swapped_bars_wait_to_be_danced(take):
    rows = addon("takes.plan_rows")
    rows.swap_slots(take, 4)
    assert rows.changed_slots(take) == [4, 5]


def test_bars_keep_the_dance_of_bars_that_are_danced_anew(take):
    rows = addon("takes.plan_rows")
    rows.free_slot(take, 0)
    assert rows.changed_slots(take) == [0]


def test_an_impossible_change_of_the_plan_is_refused(take):
    for call in (
        lambda: bpy.ops.edge_dance.mirror_slot(step=0),
        lambda: bpy.ops.edge_dance.repeat_slot(step=1, earlier=5),
        lambda: bpy.ops.edge_dance.free_slot(step=99),
    ):
        with pytest.raises(RuntimeError):
            call()
    assert [text for _, text, _ in texts(take)] == ["New"] * 4 + ["As 0:00.0", "As 0:04.0"]
    assert not any(mirrored for _, _, mirrored in texts(take))


def test_a_plan_is_saved_as_the_command_line_reads_it(take, tmp_path):
    assert bpy.ops.edge_dance.save_plan(filepath=str(tmp_path / "plan.json")) == {"FINISHED"}
    assert json.loads((tmp_path / "plan.json").read_text())["steps"] == STEPS


def test_a_plan_is_saved_under_its_own_suffix_and_not_into_nothing(take, tmp_path):
    assert bpy.ops.edge_dance.save_plan(filepath=str(tmp_path / "plan")) == {"FINISHED"}
    assert json.loads((tmp_path / "plan.json").read_text())["steps"] == STEPS
    with pytest.raises(RuntimeError, match=r"No such file or directory: \S*none/plan.json\."):
        bpy.ops.edge_dance.save_plan(filepath=str(tmp_path / "none" / "plan.json"))


def test_a_take_without_a_plan_has_no_rows(take):
    stored = take[addon("keyframes.take_details").PROPERTY]
    stored["meta"] = json.dumps({"seed": 7})
    assert texts(take) == []
    assert addon("ops.plan_slots").why_no_plan(bpy.context)
    assert not bpy.ops.edge_dance.mirror_slot.poll()


def test_a_take_gives_phrases_that_a_dance_can_be_made_of(tmp_path):
    axis_angle_to_matrix = addon("edge_backend.motion.rotations").axis_angle_to_matrix
    skeleton = addon("edge_backend.motion.skeleton")
    time = np.arange(360) / 30
    turns = np.zeros((360, 24, 3))
    turns[:, [16, 17, 18]] = 0.5 * np.cos(2 * np.pi * time)[:, None, None]
    rotations = axis_angle_to_matrix(turns).astype(np.float32)
    rotations[:, 0] = skeleton.Y_UP_TO_Z_UP
    root = np.tile(np.array([0, 0, 0.92], np.float32), (360, 1))
    beats = np.arange(0, 12, 0.5, dtype=np.float32)
    motion = addon("edge_backend.motion.motion").Motion(
        rotations, root, np.ones((360, 4), np.float32), beats, {"seed": 1}
    )
    addon("takes.new_take").add_take(put_dancer(), motion, bpy.context.scene, 1.0)
    settings = bpy.context.scene.edge_dance
    settings.phrase_folder = ""
    assert not bpy.ops.edge_dance.add_to_phrases.poll()
    for relative in ("//phrases", "phrases", " "):  # the file is not saved
        with warnings.catch_warnings(action="error"):  # Blender's, of a path that may not be relative
            settings.phrase_folder = relative
        assert not bpy.ops.edge_dance.add_to_phrases.poll() and not addon("takes.phrase_shelf").own_folder(
            bpy.context.scene
        )
    settings.phrase_folder = str(tmp_path / "phrases")
    assert bpy.ops.edge_dance.add_to_phrases() == {"FINISHED"}
    library = addon("edge_backend.choreography.library").open_libraries([tmp_path / "phrases"])
    assert [phrase.tempo for phrase in library.phrases] == pytest.approx([120.0] * len(library.phrases), abs=0.1)
    assert len(library.phrases) == 4
    wave = SimpleNamespace(_folder=tmp_path / "phrases", _source="Wave", _style="any", _motion=motion)
    said = [addon("ops.choreography").EDGE_DANCE_OT_add_to_phrases.apply(wave, bpy.context) for _ in range(2)]
    assert "phrases of Wave added" in said[0] and said[1] == "phrases has the phrases of Wave already."
    settings.made_of = "own"
    request = addon("settings").generate_request(settings, tmp_path / "song.wav", 0.0, 10.0)
    assert request.phrases == (settings.phrase_folder,)
    settings.made_of = "network"


def test_the_plan_of_a_linked_take_is_not_changed(take, tmp_path):
    """Blender would not save the change."""
    path, rows = tmp_path / "library.blend", addon("takes.plan_rows")
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(path), link=True) as (found, wanted):
        wanted.scenes = found.scenes[:1]
    bpy.context.window.scene = wanted.scenes[0]
    assert [row.text for row in rows.plan_rows(addon("ops.plan_slots").planned_take(bpy.context))][4] == "As 0:00.0"
    for name, words in {
        "mirror_slot": {"step": 4},
        "free_slot": {"step": 4},
        "load_plan": {"filepath": "x.json"},
    }.items():
        with pytest.raises(
            RuntimeError, match=r"is linked from library\.blend: changes of its plan would not be saved"
        ):
            getattr(bpy.ops.edge_dance, name)(**words)
    assert bpy.ops.edge_dance.go_to_slot(step=4) == {"FINISHED"}
    assert bpy.ops.edge_dance.save_plan(filepath=str(tmp_path / "plan.json")) == {"FINISHED"}
