"""A dance of phrases in Blender; its plan, changed and danced again: the real worker, the weights in the zip."""

import json
from types import SimpleNamespace

import bpy
import pytest
from blender_fixtures import addon, put_dancer, put_song


@pytest.fixture
def dancer(song_file, preferences):
    put_song(song_file, frame=1)
    scene = bpy.context.scene
    scene.render.fps = 30
    settings = scene.edge_dance
    settings.quality, settings.made_of, settings.seed = "draft", "starter", 3
    yield put_dancer()
    settings.made_of = "network"


def steps(action):
    return addon("takes.plan_rows").plan_of(action)["steps"]


def test_a_dance_of_phrases_is_planned_changed_and_danced_again(dancer):
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    first = dancer.animation_data.action
    plan = steps(first)
    assert plan and all(step["phrase"] for step in plan)
    assert bpy.ops.edge_dance.mirror_slot(step=0) == {"FINISHED"}
    bpy.context.scene.edge_dance.seed = 99  # the take's own seed counts
    assert bpy.ops.edge_dance.dance_plan() == {"FINISHED"}
    second = dancer.animation_data.action
    assert second != first and second["edge_dance"]["seed"] == 3
    changed = steps(second)
    assert [step["phrase"] for step in changed] == [step["phrase"] for step in plan]
    assert changed[0]["mirrored"] is not plan[0]["mirrored"]
    assert second.frame_range == first.frame_range


def values(action, frames):
    """The values of the body's curves at these frames, by path and index, without the signs: q is -q.

    Fingers have few keys; between them they differ by rounding.
    """
    fingers = ("thumb", "index", "middle", "ring", "little", "pinky")
    curves = [
        curve for curve in addon("compat").fcurves_of(action) if not any(name in curve.data_path for name in fingers)
    ]
    return {(curve.data_path, curve.array_index): [abs(curve.evaluate(frame)) for frame in frames] for curve in curves}


def test_changed_bars_are_danced_and_the_rest_stays_to_the_bit(dancer):
    rows = addon("takes.plan_rows")
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    first = dancer.animation_data.action
    assert not bpy.ops.edge_dance.dance_changes.poll()  # nothing was changed
    plan = steps(first)
    assert bpy.ops.edge_dance.another_phrase(step=1) == {"FINISHED"}
    assert bpy.ops.edge_dance.pin_slot(step=1) == {"FINISHED"}
    chosen = steps(first)[1]["phrase"]
    assert chosen and chosen != plan[1]["phrase"] and rows.changed_slots(first) == [1]
    assert bpy.ops.edge_dance.dance_changes() == {"FINISHED"}
    second = dancer.animation_data.action
    changed = steps(second)
    assert [step["phrase"] for step in changed] == [plan[0]["phrase"], chosen, *(step["phrase"] for step in plan[2:])]
    assert changed[1]["pinned"] and rows.changed_slots(second) == []
    counts = changed[1]["slot"]["counts"]
    begin, end = round(30 * counts[0]) + 1, round(30 * counts[-1]) + 1
    outside = [frame for frame in range(1, int(first.frame_range[1]) + 1) if not begin <= frame < end]
    old, new = values(first, outside), values(second, outside)
    assert {key: old[key] for key in new} == new
    inside = list(range(begin + 15, end - 15))
    assert values(first, inside) != values(second, inside)

    assert bpy.ops.edge_dance.remake_slot(step=0) == {"FINISHED"}
    third = dancer.animation_data.action
    assert [step["phrase"] for step in steps(third)] == ["", chosen, *(step["phrase"] for step in plan[2:])]
    after = list(range(end, int(first.frame_range[1]) + 1))
    old, new = values(first, after), values(third, after)
    assert {key: old[key] for key in new} == new


def test_a_plan_is_for_the_song_however_loud_it_is_played(dancer):
    """Blender renders another file then."""
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    (strip,) = addon("compat").all_strips(bpy.context.scene)
    strip.volume = 0.5
    assert bpy.ops.edge_dance.another_phrase(step=1) == {"FINISHED"}
    assert bpy.ops.edge_dance.dance_changes() == {"FINISHED"}
    strip.volume = 0.6
    assert bpy.ops.edge_dance.generate_again() == {"FINISHED"}
    strip.volume = 0.7
    assert bpy.ops.edge_dance.dance_plan() == {"FINISHED"}


def test_a_plan_is_not_for_another_part_of_the_song(dancer):
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    (strip,) = addon("compat").all_strips(bpy.context.scene)
    if hasattr(strip, "left_handle"):
        strip.left_handle = 20
    else:
        strip.frame_final_start = 20
    with pytest.raises(RuntimeError, match="The shown take is the plan of a dance to another song"):
        bpy.ops.edge_dance.dance_plan()


@pytest.mark.parametrize("frames", [-90, 60])
def test_a_plan_is_danced_as_far_as_the_song_is_played(dancer, frames):
    (strip,) = addon("compat").all_strips(bpy.context.scene)
    end = "right_handle" if hasattr(strip, "right_handle") else "frame_final_end"
    setattr(strip, end, getattr(strip, end) - 60)
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    first = dancer.animation_data.action
    setattr(strip, end, getattr(strip, end) + frames)
    assert bpy.ops.edge_dance.another_phrase(step=0) == {"FINISHED"}
    chosen = steps(first)[0]["phrase"]
    assert bpy.ops.edge_dance.dance_changes() == {"FINISHED"}
    second = dancer.animation_data.action
    assert second != first and steps(second)[0]["phrase"] == chosen
    assert second.frame_range[1] == first.frame_range[1] + min(frames, 0)
    assert bpy.ops.edge_dance.dance_plan() == {"FINISHED"}
    third = dancer.animation_data.action
    assert [step["phrase"] for step in steps(third)] == [step["phrase"] for step in steps(second)]
    assert third.frame_range[1] == first.frame_range[1] + frames


def test_bars_after_the_end_of_the_music_wait_for_it(dancer):
    rows = addon("takes.plan_rows")
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    first = dancer.animation_data.action
    last = len(steps(first)) - 1
    (strip,) = addon("compat").all_strips(bpy.context.scene)
    end = "right_handle" if hasattr(strip, "right_handle") else "frame_final_end"
    setattr(strip, end, 1 + int(30 * steps(first)[last]["slot"]["counts"][0]))
    assert bpy.ops.edge_dance.another_phrase(step=last) == {"FINISHED"}
    for call in (bpy.ops.edge_dance.dance_changes, lambda: bpy.ops.edge_dance.remake_slot(step=last)):
        with pytest.raises(
            RuntimeError, match=f"Bars {last + 1} begin after the end of the music. Make the strip longer"
        ):
            call()
    assert dancer.animation_data.action == first and rows.changed_slots(first) == [last]
    assert bpy.ops.edge_dance.another_phrase(step=0) == {"FINISHED"}
    assert bpy.ops.edge_dance.dance_changes() == {"FINISHED"}
    assert rows.changed_slots(dancer.animation_data.action) == [last]


def test_a_plan_made_anew_keeps_what_is_pinned(dancer):
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    action = dancer.animation_data.action
    plan = steps(action)
    assert bpy.ops.edge_dance.pin_slot(step=1) == {"FINISHED"}
    assert bpy.ops.edge_dance.plan_anew(seed=5) == {"FINISHED"}
    changed = steps(action)
    assert (changed[1]["phrase"], changed[1]["mirrored"]) == (plan[1]["phrase"], plan[1]["mirrored"])
    assert changed[0]["phrase"] != plan[0]["phrase"]
    rows = addon("takes.plan_rows")
    assert rows.changed_slots(action) == [0]

    rows.put_phrase(action, 0, "deleted", False)  # as if it had been removed from the library since
    with pytest.raises(RuntimeError, match="There is no phrase deleted in the library"):
        bpy.ops.edge_dance.dance_changes()
    assert dancer.animation_data.action == action and rows.changed_slots(action) == [0]


def test_a_phrase_becomes_an_asset_and_comes_back_into_a_plan(dancer, tmp_path):
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    take = dancer.animation_data.action
    name = steps(take)[1]["phrase"]
    assert bpy.ops.edge_dance.mark_phrase_asset(step=1) == {"FINISHED"}
    asset = next(action for action in bpy.data.actions if action.get("edge_dance_phrase") == name)
    assert dancer.animation_data.action == take  # the character dances what it did
    assert asset.asset_data and {"phrase"} < {tag.name for tag in asset.asset_data.tags}
    assert asset.asset_data["edge_dance_phrase"] == name
    assert max(asset.preview.image_pixels_float) > 0.5  # a picture, not black
    actions = len(bpy.data.actions)
    assert bpy.ops.edge_dance.mark_phrase_asset(step=1) == {"FINISHED"}
    assert len(bpy.data.actions) == actions  # it is there already
    curves = addon("compat").fcurves_of(asset)
    assert sum(len({curve.evaluate(frame) for frame in (1, 20, 40)}) > 1 for curve in curves) > 20
    bpy.context.scene.frame_set(1)
    assert bpy.ops.edge_dance.use_phrase_asset(phrase=name) == {"FINISHED"}
    assert steps(take)[0]["phrase"] == name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "dance.blend"), copy=False)
    catalogues, actions = tmp_path / "blender_assets.cats.txt", len(bpy.data.actions)
    catalogues.mkdir()
    with pytest.raises(RuntimeError, match=r"Is a directory: \S*blender_assets.cats.txt\.|Permission denied"):
        bpy.ops.edge_dance.mark_phrase_asset(step=1)
    assert len(bpy.data.actions) == actions
    catalogues.rmdir()
    catalogues.write_bytes("# Müll\nVERSION 1\n".encode("latin-1"))
    assert bpy.ops.edge_dance.mark_phrase_asset(step=1) == {"FINISHED"}
    assert catalogues.read_bytes().startswith(b"# M\xfcll\nVERSION 1\n") and b":Phrases/" in catalogues.read_bytes()
    with pytest.raises(RuntimeError, match="There is no phrase nowhere"):
        bpy.ops.edge_dance.use_phrase_asset(phrase="nowhere")
    bpy.data.actions.remove(asset)


def test_bars_that_wait_go_on_waiting_while_others_are_danced(dancer):
    rows = addon("takes.plan_rows")
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    first = dancer.animation_data.action
    assert bpy.ops.edge_dance.another_phrase(step=1) == {"FINISHED"}
    chosen = steps(first)[1]["phrase"]
    assert bpy.ops.edge_dance.remake_slot(step=0) == {"FINISHED"}
    second = dancer.animation_data.action
    assert second != first and rows.changed_slots(second) == [1] and steps(second)[1]["phrase"] == chosen
    assert bpy.ops.edge_dance.generate_again() == {"FINISHED"}
    assert rows.changed_slots(dancer.animation_data.action) == [1]
    dancer.animation_data.action = second
    assert bpy.ops.edge_dance.dance_changes() == {"FINISHED"}
    third = dancer.animation_data.action
    assert rows.changed_slots(third) == [] and steps(third)[1]["phrase"] == chosen


def test_a_dance_whose_range_is_made_anew_keeps_its_plan(dancer):
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    first = dancer.animation_data.action
    assert bpy.ops.edge_dance.mirror_slot(step=0) == {"FINISHED"}
    assert bpy.ops.edge_dance.regenerate_range(start=20, end=60) == {"FINISHED"}
    second = dancer.animation_data.action
    assert second != first and steps(second) == steps(first)
    assert bpy.ops.edge_dance.dance_changes() == {"FINISHED"}


def test_a_plan_made_anew_has_phrases_of_the_same_library_and_the_originality_of_its_dance(dancer, tmp_path):
    """A small library may have no others."""
    shelf = addon("takes.phrase_shelf")
    settings, folder = bpy.context.scene.edge_dance, tmp_path / "own"
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    settings.phrase_folder = str(folder)
    try:
        assert bpy.ops.edge_dance.add_to_phrases() == {"FINISHED"}
        settings.made_of = "own"
        assert bpy.ops.edge_dance.generate() == {"FINISHED"}
        take, library = dancer.animation_data.action, shelf.library_of(bpy.context.scene)
        of = zip(library.phrases, library.folders, strict=True)
        own = {phrase.id for phrase, found in of if found == folder}
        assert {step["phrase"] for step in steps(take)} <= own
        assert bpy.ops.edge_dance.vary_slot(step=1, originality=0.9) == {"FINISHED"}
        assert bpy.ops.edge_dance.plan_anew(seed=5) == {"FINISHED"}
        assert {step["phrase"] for step in steps(take)} <= own
        assert not any(step["originality"] for step in steps(take))
        assert bpy.ops.edge_dance.another_phrase(step=0) == {"FINISHED"}
        assert steps(take)[0]["phrase"] in own
    finally:
        settings.phrase_folder = ""


def test_phrases_to_choose_from_are_those_of_the_library_that_is_asked_for(dancer, tmp_path):
    slots, shelf = addon("ops.plan_slots"), addon("takes.phrase_shelf")
    settings, folder = bpy.context.scene.edge_dance, tmp_path / "own"
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    settings.phrase_folder = str(folder)
    try:
        assert bpy.ops.edge_dance.add_to_phrases() == {"FINISHED"}
        library = shelf.library_of(bpy.context.scene)
        of = dict(zip((phrase.id for phrase in library.phrases), library.folders, strict=True))

        def offered(which):
            operator = SimpleNamespace(library=which, style="any", level="any", step=0)
            slots._gather(operator, bpy.context)
            return {of[name] == folder for name, *_ in slots._items}

        assert offered("own") == {True} and offered("starter") == {False}
    finally:
        settings.phrase_folder = ""
    assert not offered("own")


def test_sections_that_return_have_the_same_sides_in_a_plan_made_anew(dancer):
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    take = dancer.animation_data.action
    stored = take["edge_dance"]
    meta = json.loads(stored["meta"])
    known = meta["choreography"]["steps"][0] | {"mirrored": True}
    slots = [
        {"label": label, "section": section, "place": 0, "energy": 0.5, "bars": [0.5, 0.5]}
        | {"counts": [4.0 * section + 0.5 * count for count in range(9)]}
        for section, label in enumerate("ABA")
    ]
    meta["choreography"]["steps"] = [known | {"slot": slot} for slot in slots]
    stored["meta"] = json.dumps(meta)
    assert bpy.ops.edge_dance.plan_anew(seed=5) == {"FINISHED"}
    first, other, back = steps(take)
    assert (back["phrase"], back["mirrored"]) == (first["phrase"], first["mirrored"])
    assert other["phrase"] != first["phrase"]


def test_bars_that_repeat_new_bars_are_danced_after_these(dancer):
    rows = addon("takes.plan_rows")
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    assert bpy.ops.edge_dance.free_slot(step=0) == {"FINISHED"}
    assert bpy.ops.edge_dance.repeat_slot(step=1, earlier=1) == {"FINISHED"}
    assert bpy.ops.edge_dance.dance_changes() == {"FINISHED"}
    second = dancer.animation_data.action
    assert rows.changed_slots(second) == [1] and steps(second)[1]["again"] == 0
    assert bpy.ops.edge_dance.dance_changes() == {"FINISHED"}
    third = dancer.animation_data.action
    assert rows.changed_slots(third) == [] and steps(third)[1]["again"] == 0


def test_a_mirrored_dance_has_the_plan_with_the_other_sides(dancer):
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    first = dancer.animation_data.action
    assert bpy.ops.edge_dance.mirror() == {"FINISHED"}
    second = dancer.animation_data.action
    assert second != first
    assert [step["phrase"] for step in steps(second)] == [step["phrase"] for step in steps(first)]
    assert [step["mirrored"] for step in steps(second)] == [not step["mirrored"] for step in steps(first)]
    (strip,) = addon("compat").all_strips(bpy.context.scene)
    strip.volume = 0.5  # another file is rendered, of the same part of the song
    assert bpy.ops.edge_dance.remake_slot(step=1) == {"FINISHED"}


def test_a_pending_edit_has_its_plan_and_what_waits(dancer, monkeypatch):
    rows, operators = addon("takes.plan_rows"), addon("ops.generate")
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    first = dancer.animation_data.action
    assert bpy.ops.edge_dance.another_phrase(step=1) == {"FINISHED"}
    finish = operators.DanceOperator.finish

    def late(self, context, dances):
        bpy.data.objects.remove(dancer)
        return finish(self, context, dances)

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="The dancer was deleted"):
        patch.setattr(operators.DanceOperator, "finish", late)
        bpy.ops.edge_dance.remake_slot(step=0)
    other = put_dancer()
    assert bpy.ops.edge_dance.apply_pending() == {"FINISHED"}
    take = other.animation_data.action
    details = addon("keyframes.take_details")
    assert rows.changed_slots(take) == [1] and details.song_part_of(take) == details.song_part_of(first)
