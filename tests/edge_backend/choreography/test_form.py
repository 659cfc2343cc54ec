"""Slots, plans by form, pieces and joins: what returns in the song returns in the dance."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dancing import stepping
from pipeline_fixtures import swaying, write_motion, write_weights
from song_forms import BAR_S, song_map, write_song

from edge_backend.audio.listening import listen
from edge_backend.audio.loading import load
from edge_backend.audio.song_source import song_source
from edge_backend.batch.take_requests import Take, state_of
from edge_backend.choreography.changes import filled
from edge_backend.choreography.energy import energy_curve
from edge_backend.choreography.joins import CLOSE, PHRASES, RETURNS, joining
from edge_backend.choreography.library import add_clips
from edge_backend.choreography.pieces import Piece, heading, laid, moved, new_frames, pieces_of, shown_at
from edge_backend.choreography.plan import plan_by_form
from edge_backend.choreography.plan_file import plan_as_json, write_plan
from edge_backend.choreography.slots import Slot, is_clear, slots_of, with_slots_beside
from edge_backend.diffusion.constraints import Constraint, frame_range
from edge_backend.diffusion.song import FinalFrames
from edge_backend.errors import EdgeError
from edge_backend.evaluation.form import form_of
from edge_backend.generation.beat_timing import BeatTiming
from edge_backend.generation.form_sampling import sample_in_form
from edge_backend.generation.model_cache import ModelCache
from edge_backend.generation.pipeline import generate, write_dance
from edge_backend.motion.beat_alignment import PULSE, motion_beats, retimed
from edge_backend.motion.boundary_smoothing import usual_acceleration
from edge_backend.motion.files import load_motion
from edge_backend.motion.motion import Motion, joined
from edge_backend.motion.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from edge_backend.motion.skeleton import Joint
from edge_backend.numerics.array import Array
from edge_backend.schema.edits import Source, going_on, regenerated
from edge_backend.schema.requests import FeetRequest, GenerateRequest
from edge_backend.schema.song_map import Bar, Section

SEED = 2  # of the dances by a small random network, whose joins are as random


def test_slots_are_eight_counts_and_cover_every_bar_once() -> None:
    known = song_map()
    slots = slots_of(known, 960)
    assert [len(slot.counts) - 1 for slot in slots] == [8] * 8
    assert slots[0].start == 0
    assert slots[-1].stop == 960
    assert all(one.stop == other.start for one, other in itertools.pairwise(slots))
    assert [slot.label for slot in slots] == list("AABBAACC")
    assert [slot.place for slot in slots] == [0, 1] * 4


@pytest.mark.parametrize(("metre", "counts"), [(2, 8), (3, 12), (4, 8), (5, 10), (6, 12), (7, 7)])
def test_slots_are_whole_bars_of_every_metre(metre: int, counts: int) -> None:
    slots = slots_of(song_map("AB", bars=8, metre=metre), 16 * 15 * metre)
    assert {len(slot.counts) - 1 for slot in slots} == {counts}
    assert slots[-1].stop == 16 * 15 * metre


def test_phrases_go_on_where_a_song_has_no_bars() -> None:
    known = song_map()
    later = [replace(slot, counts=tuple(count + 10 for count in slot.counts)) for slot in slots_of(known, 960)]
    slots = with_slots_beside(later, 42 * 30 + 130)
    assert slots[2:-1] == tuple(later)
    assert [slot.start for slot in slots[:3]] == [60, 180, 300]  # two of 4 s; the first 2 s are no whole one
    assert (slots[-1].start, slots[-1].stop) == (later[-1].stop, later[-1].stop + 120)
    assert {len(slot.counts) for slot in slots} == {9}
    assert [(slot.label, slot.place) for slot in slots[:3]] == [("A", -2), ("A", -1), ("A", 0)]
    assert (slots[-1].label, slots[-1].place) == ("C", 2)
    assert with_slots_beside(later[:0], 900) == ()
    assert with_slots_beside(slots_of(known, 960), 960) == slots_of(known, 960)


def test_slots_end_with_the_dance() -> None:
    slots = slots_of(song_map(), 500)  # in the middle of the third section's first bar
    assert slots[-1].stop <= 500
    assert max(slot.section for slot in slots) == 2


def test_a_songs_map_is_followed_where_its_bars_are_known() -> None:
    assert is_clear(song_map("ABA"))
    assert is_clear(song_map("A"))
    assert not is_clear(song_map("ABA", confidence=0.1))


def test_where_nothing_returns_everything_is_danced_anew() -> None:
    assert {step.again for step in plan_by_form(slots_of(song_map("ABC"), 960))} == {-1}


def test_what_returns_takes_up_the_slot_in_the_same_place() -> None:
    plan = plan_by_form(slots_of(song_map("ABABA"), 1200), mirrored=True, originality=0.3)
    assert [step.again for step in plan] == [-1, -1, -1, -1, 0, 1, 2, 3, 0, 1]
    assert [step.mirrored for step in plan] == [False] * 4 + [True] * 4 + [False] * 2  # every second time
    assert {step.originality for step in plan if step.again >= 0} == {0.3}
    assert {step.originality for step in plan if step.again < 0} == {0.0}


def test_beats_of_a_returning_slot_show_the_same_counts() -> None:
    fast = Slot("A", 2, 0, (10.0, 10.4, 10.8, 11.2, 11.6), 0.5)
    slow = Slot("A", 0, 0, (2.0, 2.5, 3.0, 3.5, 4.0), 0.5)
    shown = shown_at(fast, np.array(slow.counts))
    assert len(shown) == fast.stop - fast.start
    for count in range(4):
        assert np.interp(fast.counts[count] * 30 - fast.start, np.arange(len(shown)), shown) == pytest.approx(
            15 * count, abs=1e-6
        )


def test_phrases_are_danced_with_a_pulse_that_what_returns_has_already() -> None:
    slot = Slot("A", 0, 0, (2.0, 2.5, 3.0, 3.5, 4.0), 0.5)
    steps = np.diff(shown_at(slot, np.array(slot.counts), pulsing=True))
    assert steps[[14, 15, 29, 30]] == pytest.approx(1 - PULSE, abs=0.01)
    assert steps[[7, 22, 37]] == pytest.approx(1 + PULSE, abs=0.01)
    assert np.diff(shown_at(slot, np.array(slot.counts))) == pytest.approx(1)


def test_pieces_are_whole_stretches_that_go_on_where_the_last_one_stood() -> None:
    plan = plan_by_form(slots_of(song_map(), 960))
    new = new_frames(plan, 960)
    assert new.sum() == 720
    assert not new[480:720].any()
    pieces = pieces_of(plan, np.where(new, np.cumsum(new) - 1, -1))
    assert [(piece.start, piece.stop) for piece in pieces] == [(0, 480), (480, 720), (720, 960)]
    dance = laid(pieces, swaying(720)).vectors()
    steps = np.linalg.norm(np.diff(dance[:, 4:6], axis=0), axis=1)
    assert steps[[479, 719]].max() <= 1e-6  # it stands still over a join, whatever the material's places
    assert np.abs(dance[480:720, 7:] - dance[:240, 7:]).max() < 1e-3


def test_a_mirrored_piece_is_the_mirror_image() -> None:
    plan = plan_by_form(slots_of(song_map(), 960), mirrored=True)
    new = new_frames(plan, 960)
    material = swaying(720)
    dance = laid(pieces_of(plan, np.where(new, np.cumsum(new) - 1, -1)), material)
    left, right = dance.joints()[490, [20, 21]], material.joints()[10, [20, 21]]
    left, right = left - dance.root[490], right - material.root[10]
    np.testing.assert_allclose(left, right[::-1] * [-1, 1, 1], atol=0.02)  # SMPL's two sides are not quite alike


def test_a_last_count_that_rings_out_is_in_no_slot() -> None:
    known = song_map()
    end = known.duration + 1.5
    last = Bar(known.duration, end, 0.1)
    beats, sections = (*known.beats, (known.duration, 1)), (*known.sections, Section(known.duration, end, "D", 0.1))
    longer = replace(known, duration=end, beats=beats, bars=(*known.bars, last), sections=sections)
    assert slots_of(longer, round(30 * end)) == slots_of(known, round(30 * known.duration))


def test_only_the_joins_are_free() -> None:
    plan = plan_by_form(slots_of(song_map(), 960))
    new = new_frames(plan, 960)
    pieces = pieces_of(plan, np.where(new, np.cumsum(new) - 1, -1))
    near = laid(pieces, swaying(720))
    other = laid(pieces[:1], swaying(720, heading=2.5))  # it faces the other way before the first join
    far = joined([other, near.part(slice(480, None))])
    reaches = []
    for dance in (near, far):
        weight = joining(pieces, dance).weight
        free = np.flatnonzero(weight[:600, 0] < 1)
        reaches.append(480 - free[0])
        assert free[-1] == 480 + reaches[-1] - 1
        assert weight[[100, 600]].min() == 1
        assert weight[free].max() < 1
        joints = Motion.from_vectors(joining(pieces, dance).values).joints()
        assert np.linalg.norm(np.diff(joints[460:500], axis=0), axis=-1).max() < 0.25  # the way through it has no jump
    assert RETURNS[0] <= reaches[0] < reaches[1] == RETURNS[1]


def test_pieces_of_some_originality_leave_the_model_as_much_freedom() -> None:
    plan = plan_by_form(slots_of(song_map(), 960), originality=0.25)
    new = new_frames(plan, 960)
    pieces = pieces_of(plan, np.where(new, np.cumsum(new) - 1, -1))
    weight = joining(pieces, laid(pieces, swaying(720))).weight
    assert weight[600].tolist() == [0.75] * 151
    assert weight[100].tolist() == [1.0] * 151


def test_joins_of_phrases_are_as_long_as_an_easy_path_needs() -> None:
    dance = swaying(240)
    turned = moved(dance.part(slice(120, None)), np.zeros(2), np.pi * 0.8)
    spinning = joined([dance.part(slice(120)), turned])
    ends = []
    for laid_dance in (dance, spinning):
        pieces = [Piece(0, np.arange(120.0), front=True), Piece(120, np.arange(120.0), front=True)]
        free = joining(pieces, laid_dance).weight[:, 0] < 1
        ends.append(int(free.sum()))
    assert 2 * PHRASES[0] <= ends[0] < ends[1] <= 2 * PHRASES[1]


def test_many_joins_are_shorter_so_that_most_of_the_dance_is_of_phrases() -> None:
    """Paths over a bend of the elbow are the easier the longer they are."""
    lengths = {}
    for phrase in (40, 120):
        dance = swaying(240)
        bend = axis_angle_to_matrix(np.array([0, 0.35, 0])).astype(np.float32)
        starts = range(0, 240, phrase)
        for start in starts[1::2]:
            dance.rotations[start : start + phrase, Joint.LEFT_ELBOW] @= bend
        pieces = [Piece(start, np.arange(float(phrase)), front=True) for start in starts]
        joins = len(pieces) - 1
        lengths[phrase] = float((joining(pieces, dance).weight[:, 0] < 1).sum() / joins)
    assert 2 * PHRASES[0] <= lengths[40] < lengths[120]


@pytest.mark.parametrize("beside", [1, 3])
def test_a_join_of_phrases_goes_on_past_a_jerk_of_the_recording(beside: int) -> None:
    dance, pieces = swaying(240), [Piece(start, np.arange(120.0), front=True) for start in (0, 120)]
    jerks = 120 + PHRASES[0] + beside  # of the shortest path
    turn = axis_angle_to_matrix(np.array([0.5, 0, 0])).astype(np.float32)
    dance.rotations[jerks, Joint.LEFT_SHOULDER] @= turn
    last = int(np.flatnonzero(joining(pieces, dance).weight[:, 0] < 1)[-1])
    assert jerks < last < 120 + PHRASES[1]


def test_where_a_recording_is_abrupt_everywhere_a_join_ends_where_it_is_least_but_not_close_by() -> None:
    dance, pieces = swaying(240), [Piece(start, np.arange(120.0), front=True) for start in (0, 120)]
    turn = axis_angle_to_matrix(np.array([0.1, 0, 0])).astype(np.float32)
    for frame in range(98, 142, 2):
        away = abs(frame - 119.5)
        dance.rotations[frame, Joint.LEFT_SHOULDER] @= turn if away < 15 else turn @ turn @ turn
    paths = np.flatnonzero(joining(pieces, dance).weight[:, 0] < 1)
    assert paths[-1] - 119 == 120 - paths[0] == CLOSE + 1
    dance.rotations[120 + CLOSE + 3, Joint.LEFT_SHOULDER] @= turn @ turn @ turn @ turn @ turn @ turn
    assert np.flatnonzero(joining(pieces, dance).weight[:, 0] < 1)[-1] >= 120 + CLOSE + 3


def test_a_jump_between_phrases_does_not_count_as_usual() -> None:
    dance = swaying(240)
    torn = joined([dance.part(slice(120)), moved(dance.part(slice(120, None)), np.zeros(2), 2.0)])
    assert usual_acceleration(torn.joints(), [120]) == pytest.approx(usual_acceleration(dance.joints()), rel=0.05)
    assert usual_acceleration(torn.joints()) > usual_acceleration(torn.joints(), [120])


def test_energy_follows_the_bars() -> None:
    curve = energy_curve(song_map(), 960, 0.6)
    assert curve[300:420].mean() < 0.6 < curve[800:900].mean()
    assert 0 <= curve.min() <= curve.max() <= 1


def test_bars_with_one_dance_have_one_energy() -> None:
    known = song_map()
    bars = tuple(replace(bar, energy=0.9 if bar.start >= 16 else 0.3) for bar in known.bars)  # A returns more loudly
    curve = energy_curve(replace(known, bars=bars), 960, 0.5)
    assert curve[60:180].mean() == pytest.approx(curve[540:660].mean(), abs=0.05)
    assert curve[300:420].mean() < curve[60:180].mean() < curve[780:900].mean()


def test_changes_of_energy_are_asked_for_more_strongly_than_they_are_meant() -> None:
    curve = energy_curve(song_map(), 960, 0.5)  # C, the loudest section, begins at frame 720
    assert curve[740:770].max() > curve[840:].mean() + 0.02
    assert curve[690:710].min() < curve[600:660].mean() - 0.02


def test_a_few_bars_of_a_song_differ_less_than_all_of_it() -> None:
    known = song_map()
    few = replace(known, bars=known.bars[-6:], sections=known.sections[-1:])
    assert np.ptp(energy_curve(few, 960, 0.5)) < 0.5 * np.ptp(energy_curve(known, 960, 0.5))


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_the_energy_that_is_chosen_is_the_mean_of_the_bars(level: float) -> None:
    assert energy_curve(song_map(), 960, level).mean() == pytest.approx(level, abs=0.05)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("form")


@pytest.fixture(scope="module")
def song(folder: Path) -> Path:
    return write_song(folder / "song.wav")


@pytest.fixture(scope="module")
def dances(song: Path, folder: Path) -> dict[str, Motion]:
    """Dances to the song by a small random network, freely and in its form, at once and in the making."""
    weights, cache = str(write_weights(folder)), ModelCache("cpu")
    feet = FeetRequest(enabled=False)  # a random network's body has none to stand on
    base = GenerateRequest(str(song), seed=SEED, steps=3, weights=weights, on_beat=0.0, feet=feet)
    requests = {
        "free": replace(base, form="free"),
        "song": base,
        "streamed": replace(base, sequential=True),
        "new": replace(base, originality=1.0),
        "on the beat": replace(base, on_beat=1.0, sequential=True),
    }
    made = {}
    for name, request in requests.items():
        parts: list[Motion] = []
        made[name] = generate(request, model_cache=cache, on_partial=parts.append)
        if parts:  # nothing that was shown changes
            shown = joined(parts)
            np.testing.assert_array_equal(shown.rotations, made[name].rotations[: shown.frames])
        assert bool(parts) == request.sequential
    return made


def test_the_songs_form_is_detected(song: Path) -> None:
    heard = listen(load(song))
    labels = [section.label for section in heard.sections]
    assert is_clear(heard)
    assert 1 < len(set(labels)) < len(labels)


def _repeat(motion: Motion) -> float:
    bars = np.arange(16)[:, None] * BAR_S + [0, BAR_S]
    sections = [(number * 8.0, number * 8.0 + 8, label) for number, label in enumerate("ABAC")]
    return form_of(motion, bars, sections).repeat_auc


def test_a_dance_to_a_song_with_form_returns_and_a_free_one_does_not(dances: dict[str, Motion]) -> None:
    assert _repeat(dances["song"]) > 0.95
    assert _repeat(dances["streamed"]) > 0.95
    assert _repeat(dances["on the beat"]) > 0.95
    assert _repeat(dances["free"]) < 0.85
    assert _repeat(dances["new"]) < _repeat(dances["song"])


def test_what_returns_has_the_timing_of_the_first_time() -> None:
    """Its stops lie on the same counts, though the second time they would reach other beats."""
    random = np.random.default_rng(3)
    material = retimed(stepping(30, 110), np.cumsum(1 + 0.1 * np.sin(np.arange(900) / 20)))
    plan = plan_by_form(slots_of(song_map(), 960))
    beats = np.array([second for second, _ in song_map().beats])
    late = beats + np.where(beats > 16, random.uniform(-0.08, 0.08, len(beats)), 0)  # the map is less sure of these
    timing = BeatTiming(late, np.arange(len(late)) % 4 == 0, 1.0)

    def sample(_condition: Array, constraint: Constraint, on_final: FinalFrames, *_: object, **__: object) -> Motion:
        if not constraint.weight.any():
            on_final(material.part(slice(200)))
            return material.part(slice(constraint.frames))
        return Motion.from_vectors(constraint.values)

    shown: list[Motion] = []
    dance, _ = sample_in_form(sample, np.zeros((960, 12), np.float32), plan, 960, shown.append, timing=timing)
    first, second = dance.vectors()[30:210, 7:], dance.vectors()[510:690, 7:]
    np.testing.assert_allclose(first, second, atol=1e-4)
    np.testing.assert_allclose(dance.vectors()[:185], shown[0].vectors()[:185], atol=1e-5)
    stops = motion_beats(dance.joints())
    near = np.abs(beats[beats < 15.5][:, None] - stops).min(axis=1)
    before = np.abs(beats[beats < 15.5][:, None] - motion_beats(material.joints())).min(axis=1)
    assert np.median(near) < 0.03 < np.median(before)


def test_a_dance_that_turns_to_the_audience_before_its_first_phrase_faces_it_then(song: Path, folder: Path) -> None:
    spinning = stepping(16, 120)
    turns = np.zeros((spinning.frames, 3))
    turns[:, 2] = np.radians(120) * np.arange(spinning.frames) / 30
    spinning.rotations[:, 0] = axis_angle_to_matrix(turns).astype(np.float32) @ spinning.rotations[:, 0]
    add_clips(folder / "spins", [("spin", spinning, {"style": "salsa", "licence": "", "tempo": 120.0})])
    known = song_map()
    later = tuple(replace(bar, start=bar.start + 1, end=bar.end + 1) for bar in known.bars)
    sections = tuple(replace(one, start=one.start + 1, end=one.end + 1) for one in known.sections)
    beats = tuple((second + 1, number) for second, number in known.beats)
    (folder / "map.json").write_text(replace(known, bars=later, sections=sections, beats=beats).to_json())
    request = GenerateRequest(str(song), duration=20, steps=1, weights=str(write_weights(folder)), on_beat=0.0)
    request = replace(request, phrases=(str(folder / "spins"),), song_map=str(folder / "map.json"))
    request = replace(request, feet=FeetRequest(enabled=False))  # a random network's body has none to stand on
    dance = generate(request, model_cache=ModelCache("cpu"))
    assert dance.meta["choreography"]["steps"][0]["phrase"]
    assert abs(np.degrees(heading(dance)[30])) < 10


def test_a_dance_that_keeps_another_ones_frames_is_left_to_its_constraints(song: Path, folder: Path) -> None:
    weights, cache = str(write_weights(folder)), ModelCache("cpu")
    source = Source(write_motion(folder / "old.npz", swaying(60)))
    edit = going_on(source, 60)
    made = [
        generate(
            GenerateRequest(str(song), duration=32, steps=1, weights=weights, edit=edit, form=form), model_cache=cache
        )
        for form in ("song", "free")
    ]
    np.testing.assert_array_equal(made[0].vectors(), made[1].vectors())


def test_a_batch_finds_a_dance_that_was_made_by_a_plan(song: Path, folder: Path) -> None:
    weights, path = str(write_weights(folder)), folder / "planned.npz"
    request = GenerateRequest(str(song), duration=30, steps=1, weights=weights)
    write_dance(request, path, model_cache=ModelCache("cpu"))
    assert "choreography" in load_motion(path).meta
    assert state_of(Take("planned", request), path) == "there"
    assert state_of(Take("planned", replace(request, form="free")), path) == "other"


def test_the_plan_of_a_dance_makes_it_again(song: Path, folder: Path, dances: dict[str, Motion]) -> None:
    made = dances["song"]
    plan = folder / "plan.json"
    write_plan(plan, made.meta["choreography"])
    feet = FeetRequest(enabled=False)
    weights = str(write_weights(folder))
    request = GenerateRequest(str(song), seed=SEED, steps=3, weights=weights, on_beat=0.0, feet=feet, plan=str(plan))
    again = generate(request, model_cache=ModelCache("cpu"))
    np.testing.assert_array_equal(again.vectors(), made.vectors())
    assert str(folder) not in str(again.meta)


def test_a_changed_plan_is_danced_in_the_frames_that_are_left_open(song: Path, folder: Path) -> None:
    weights, cache, feet = str(write_weights(folder)), ModelCache("cpu"), FeetRequest(enabled=False)
    base = GenerateRequest(str(song), steps=3, weights=weights, on_beat=0.0, feet=feet)
    source = joined([stepping(4, 120, seed=number) for number in range(8)])  # each slot has a dance of its own
    old = write_motion(folder / "whole.npz", source)
    plan = plan_as_json(plan_by_form(slots_of(song_map(), 960)), song_source(song).sha256, 0.0)
    changed, first = plan["steps"][3], plan["steps"][0]["slot"]["counts"][0]
    assert changed["again"] == -1
    changed["again"] = 0  # the second half of B dances what the first half of A does
    start, stop = (round(30 * changed["slot"]["counts"][at]) for at in (0, -1))
    path = folder / "changed.json"
    write_plan(path, plan)
    edit = regenerated(Source(old), source.frames, start, stop)
    made = generate(replace(base, edit=edit, plan=str(path), seed=9), model_cache=cache)
    assert made.meta["choreography"]["steps"][3]["again"] == 0
    outside = np.ones(source.frames, dtype=bool)
    outside[start:stop] = False
    np.testing.assert_allclose(made.rotations[outside], source.rotations[outside], atol=1e-6)
    np.testing.assert_allclose(made.root[outside], source.root[outside], atol=1e-6)
    middle, there = slice(start + 30, stop - 30), slice(round(30 * first) + 30, round(30 * first) + stop - start - 30)
    turns = made.rotations[middle] @ source.rotations[there].swapaxes(-1, -2)
    assert np.degrees(np.linalg.norm(matrix_to_axis_angle(turns), axis=-1)).max() < 2  # counts are a frame apart
    way = np.linalg.norm(np.diff(made.root[:, :2], axis=0), axis=1)
    assert way[start - 2 : stop + 1].max() < 3 * max(way[outside[1:]].max(), 0.01)  # from and to where the dance stands


def test_changed_slots_side_by_side_go_on_from_each_other() -> None:
    plan = list(plan_by_form(slots_of(song_map(), 960)))
    plan[2], plan[3] = replace(plan[2], again=0), replace(plan[3], again=1, mirrored=True)
    dance = joined([stepping(4, 120, seed=number) for number in range(8)])
    kept = frame_range(dance.vectors(), 0, 960)
    kept.weight[240:480] = 0
    made = filled(kept, tuple(plan))
    way = np.linalg.norm(np.diff(made.values[:, 4:6], axis=0), axis=1)
    assert way[239:481].max() < 0.1
    assert (made.weight[[239, 300, 420, 480]] == 1).all()
    assert (made.weight[[240, 359, 360, 479]] < 1).all() and (made.weight[[240, 359, 360, 479]] > 0).all()
    np.testing.assert_array_equal(made.values[:240], kept.values[:240])


def test_what_returns_has_to_be_kept() -> None:
    plan = plan_by_form(slots_of(song_map(), 960))
    kept = frame_range(swaying(960).vectors(), 0, 960)
    kept.weight[:240] = kept.weight[480:720] = 0
    with pytest.raises(EdgeError, match="Bars 1 ") as raised:
        filled(kept, plan)
    assert raised.value.code == "plan_fixed"


def test_the_plan_of_a_longer_dance_is_danced_as_far_as_the_dance_goes() -> None:
    plan = plan_by_form(slots_of(song_map(), 960))
    for frames in (600, 500, 400):
        new = new_frames(plan, frames)
        pieces = pieces_of(plan, np.where(new, np.cumsum(new) - 1, -1))
        assert laid(pieces, swaying(720)).frames == frames
