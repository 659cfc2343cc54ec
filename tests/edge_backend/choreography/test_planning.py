"""Plans: which phrase where, and their files."""

import itertools
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dancing import stepping
from song_forms import song_map

from edge_backend.choreography.library import (
    FASTEST,
    Library,
    add_clips,
    frames_beside,
    open_libraries,
    phrase_material,
)
from edge_backend.choreography.phrases import POSE, Phrase, headings, mirrored_pose, pose_at
from edge_backend.choreography.pieces import FRONT, Piece, heading, laid, new_frames, pieces_of
from edge_backend.choreography.plan import Plan, Step, plan_by_form
from edge_backend.choreography.plan_file import plan_as_json, read_plan, write_plan
from edge_backend.choreography.planning import PlanSettings, phrases_for, plan_by_library
from edge_backend.choreography.slots import Slot, slots_of
from edge_backend.diffusion.constraints import Constraint
from edge_backend.diffusion.song import FinalFrames
from edge_backend.errors import EdgeError
from edge_backend.generation.beat_timing import BeatTiming
from edge_backend.generation.form_sampling import sample_in_form
from edge_backend.motion.motion import Motion, joined
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.numerics.array import Array

SLOTS = slots_of(song_map("ABABCA"), 6 * 240)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Phrases of 120 bpm, of much and of little energy, in two styles."""
    folder = tmp_path_factory.mktemp("lib")
    for number, style in enumerate(["modern", "modern", "salsa", "salsa"]):
        about = {"style": style, "licence": "", "tempo": 120.0}
        add_clips(folder, [(f"{style}{number}", stepping(24, 120, 0.2 + 0.25 * number, seed=number), about)])
    return open_libraries([folder])


def chosen(plan: Plan) -> list[tuple[str, bool]]:
    return [(step.phrase, step.mirrored) for step in plan]


def test_the_same_section_has_the_same_phrases(library: Library) -> None:
    plan = chosen(plan_by_library(SLOTS, library, 0))
    sections = [plan[first : first + 2] for first in range(0, 12, 2)]
    assert all(phrase for phrase, _ in plan)
    assert sections[0] == sections[2] == sections[5]
    assert sections[1] == sections[3]
    assert len({tuple(sections[number]) for number in (0, 1, 4)}) == 3
    assert len({phrase for phrase, _ in plan}) == 6  # nothing twice but what returns


def test_every_second_return_is_mirrored_on_request(library: Library) -> None:
    plan = chosen(plan_by_library(SLOTS, library, 0, PlanSettings(mirrored=True)))
    assert [phrase for phrase, _ in plan[4:6]] == [phrase for phrase, _ in plan[:2]]
    assert [side for _, side in plan[4:6]] == [not side for _, side in plan[:2]]
    assert plan[10:] == plan[:2]


def test_the_seed_varies_the_plan_and_the_same_seed_gives_the_same(library: Library) -> None:
    plans = [chosen(plan_by_library(SLOTS, library, seed)) for seed in (0, 0, 1, 2, 3)]
    assert plans[0] == plans[1]
    assert len({tuple(plan) for plan in plans}) > 2


def test_energy_follows_the_song(library: Library) -> None:
    energy = {phrase.id: phrase.energy for phrase in library.phrases}
    for seed in range(3):
        plan = plan_by_library(SLOTS, library, seed)
        found = [energy[step.phrase] for step in plan]
        assert np.corrcoef(found, [step.slot.energy for step in plan])[0, 1] > 0.6


def test_energy_follows_the_bars_of_a_slot(library: Library) -> None:
    """Two phrases that are as quick on average are chosen by the bar in which they are quick."""
    quick, slow = [(1.0,) * 4, (0.2,) * 4]
    twins = [replace(library.phrases[0], id=name, speeds=speeds) for name, speeds in
             (("rises", slow + quick), ("falls", quick + slow))]  # fmt: skip
    alike = Library(tuple(twins), library.folders[:2], library.starts[[0, 0]], library.ends[[0, 0]])
    for bars, name in (((0.2, 0.8), "rises"), ((0.8, 0.2), "falls")):
        slot = replace(SLOTS[0], bars=bars)
        assert {plan_by_library([slot], alike, seed)[0].phrase for seed in range(5)} == {name}


def test_style_tempo_and_pins_are_respected(library: Library) -> None:
    style = {phrase.id: phrase.style for phrase in library.phrases}
    assert {style[step.phrase] for step in plan_by_library(SLOTS, library, 0, PlanSettings("salsa"))} == {"salsa"}
    pinned = library.phrases[5].id
    plan = plan_by_library(SLOTS, library, 0, PlanSettings(pinned={2: pinned, 3: ""}))
    assert (plan[2].phrase, plan[3].phrase) == (pinned, "")
    assert plan[6].phrase == pinned  # what returns takes up the pinned phrase
    with pytest.raises(EdgeError) as caught:
        plan_by_library(SLOTS, library, 0, PlanSettings(pinned={2: "deleted"}))
    assert caught.value.code == "phrase_unknown"
    fast = slots_of(song_map("AB"), 480)
    quick = [
        type(slot)(slot.label, slot.section, slot.place, tuple(0.7 * c for c in slot.counts), 0.5) for slot in fast
    ]
    assert not any(step.phrase for step in plan_by_library(quick, library, 0))  # 171 bpm is beyond the stretch


def test_phrases_of_a_waltz_go_on_for_twelve_counts(library: Library) -> None:
    """Four bars of three; the clips go on, and no phrase is left before its end."""
    slots = slots_of(song_map("ABAC", bars=8, metre=3), 4 * 8 * 45)
    plan = plan_by_library(slots, library, 0)
    assert all(step.phrase for step in plan)
    _, phrases = phrase_material(plan, library, 0)
    assert {len(phrases[step.phrase]) for step in plan} == {13}
    for piece in pieces_of(plan, np.full(slots[-1].stop, -1), phrases):
        assert np.abs(np.diff(piece.at) - 1).max() < 0.16


def test_longer_phrases_end_where_the_clip_is_after_four_more_counts(library: Library) -> None:
    longer = library.longer()
    assert [phrase.id for phrase in longer.phrases] == [phrase.id for phrase in library.phrases]
    for number, (phrase, usual) in enumerate(zip(longer.phrases, library.phrases, strict=True)):
        assert phrase.counts[:9] == usual.counts
        joints = library.clip(number).joints().astype(float)
        pose = pose_at(joints, headings(library.clip(number)), phrase.counts[-1])
        np.testing.assert_allclose(longer.ends[number], pose, atol=2e-2)  # half precision
    lengths = [len(phrase.counts) - 1 for phrase in longer.phrases]
    assert lengths.count(12) > lengths.count(8) > 0
    assert set(lengths) == {8, 12}


def test_phrases_are_laid_on_the_counts_to_the_audience(library: Library) -> None:
    plan = plan_by_library(SLOTS, library, 0)
    clips, phrases = phrase_material(plan, library, 0)
    frames = SLOTS[-1].stop
    pieces = pieces_of(plan, np.where(new_frames(plan, frames), 0, -1), phrases)
    dance = laid(pieces, joined(clips))
    assert dance.frames == frames
    assert np.abs(heading(dance)).max() < FRONT + 0.6
    place = dance.root[:, :2]
    assert np.linalg.norm(place, axis=1).max() < 2
    for piece in pieces:
        here = place[piece.start : piece.start + 3]
        assert np.linalg.norm(here - place[max(piece.start - 1, 0)], axis=1).max() < 0.2


def test_before_the_first_bar_the_clip_of_the_first_phrase_is_shown(library: Library) -> None:
    lead, shown, shown_before = 30, list[Motion](), list[int]()
    slots = [replace(slot, counts=tuple(count + lead / 30 for count in slot.counts)) for slot in SLOTS]
    plan, frames = plan_by_library(slots, library, 0), slots[-1].stop

    def sample(_condition: Array, constraint: Constraint, on_final: FinalFrames, *_: object, **__: object) -> Motion:
        shown_before.append(len(shown))
        return Motion.from_vectors(constraint.values)

    music, timing = np.zeros((frames, 12), np.float32), BeatTiming(np.zeros(0), np.zeros(0, bool), 0.0)
    dance, _ = sample_in_form(sample, music, plan, frames, shown.append, timing=timing, library=library)
    assert shown_before == [1]  # only joins are sampled
    number = library.number(plan[0].phrase)
    clip = library.clip(number).mirrored() if plan[0].mirrored else library.clip(number)
    first = round(library.phrases[number].counts[0]) - lead
    np.testing.assert_allclose(dance.rotations[:lead, 1:], clip.rotations[first : first + lead, 1:], atol=0.1)
    assert abs(heading(dance)[lead]) < FRONT + 0.01  # the phrase itself begins towards the audience


def test_after_the_last_bar_the_clip_of_the_last_phrase_goes_on(library: Library) -> None:
    rest, sampled = 30, list[int]()
    frames = SLOTS[-1].stop + rest
    plan = plan_by_library(SLOTS, library, 0, frames=frames)

    def sample(_condition: Array, constraint: Constraint, *_: object, **__: object) -> Motion:
        sampled.append(constraint.values.shape[0])
        return Motion.from_vectors(constraint.values)

    music, timing = np.zeros((frames, 12), np.float32), BeatTiming(np.zeros(0), np.zeros(0, bool), 0.0)
    dance, _ = sample_in_form(sample, music, plan, frames, lambda _: None, timing=timing, library=library)
    assert sampled == [frames]  # only joins
    number = library.number(plan[-1].phrase)
    clip = library.clip(number).mirrored() if plan[-1].mirrored else library.clip(number)
    end = round(library.phrases[number].counts[-1])
    np.testing.assert_allclose(dance.rotations[-rest:, 1:], clip.rotations[end : end + rest, 1:], atol=0.1)


def test_beside_phrases_as_much_of_their_clips_is_shown_as_there_is(library: Library) -> None:
    slot = replace(SLOTS[0], counts=tuple(count + 1 for count in SLOTS[0].counts))
    found = {phrase.id: frames_beside((Step(slot, phrase.id),), library, slot.stop + 45) for phrase in library.phrases}
    ends: dict[str, list[float]] = {}
    for phrase in library.phrases:
        ends.setdefault(phrase.clip, []).extend((phrase.counts[0], phrase.counts[-1]))
    for phrase in library.phrases:
        before, after = found[phrase.id]
        assert before == min(30, int((phrase.counts[0] - min(ends[phrase.clip])) / FASTEST))
        assert after == min(45, int((max(ends[phrase.clip]) - phrase.counts[-1]) / FASTEST))
    assert {0, 30} <= {before for before, _ in found.values()}
    assert {0, 45} <= {after for _, after in found.values()}
    assert frames_beside((Step(slot),), library, 900) == frames_beside((), None, 900) == (0, 0)


@pytest.mark.parametrize("frames", [60, 121, 122])
def test_a_dance_may_end_before_the_first_phrase_of_its_plan(library: Library, frames: int) -> None:
    """As with the plan of a longer dance, to a song with a long beginning; the first slot begins at frame 120."""
    phrase = next(phrase for phrase in library.phrases if phrase.counts[0] > 120)
    plan = (Step(replace(SLOTS[0], counts=tuple(count + 4 for count in SLOTS[0].counts)), phrase.id),)

    def sample(_condition: Array, constraint: Constraint, *_: object, **__: object) -> Motion:
        return Motion.from_vectors(constraint.values)

    music, timing = np.zeros((frames, 12), np.float32), BeatTiming(np.zeros(0), np.zeros(0, bool), 0.0)
    dance, _ = sample_in_form(sample, music, plan, frames, lambda _: None, timing=timing, library=library)
    assert dance.frames == frames


def test_the_model_dances_what_the_clip_of_the_first_phrase_does_not_reach(library: Library) -> None:
    phrase = next(phrase for phrase in library.phrases if 30 < phrase.counts[0] < 70)  # the second of its clip
    slot = replace(SLOTS[0], counts=tuple(count + 4 for count in SLOTS[0].counts))
    new_music = list[int]()

    def sample(condition: Array, constraint: Constraint, *_: object, **__: object) -> Motion:
        new_music.append(len(condition))
        return Motion.from_vectors(constraint.values)

    music, timing = np.zeros((slot.stop, 12), np.float32), BeatTiming(np.zeros(0), np.zeros(0, bool), 0.0)
    plan = (Step(slot, phrase.id),)
    sample_in_form(sample, music, plan, slot.stop, lambda _: None, timing=timing, library=library)
    lead, _ = frames_beside(plan, library, slot.stop)
    assert 0 < lead < slot.start
    assert new_music == [slot.start - lead, slot.stop]


@pytest.mark.parametrize("originality", [0.0, 0.5])
def test_a_first_phrase_is_shown_before_anything_is_sampled(library: Library, originality: float) -> None:
    plan = plan_by_library(SLOTS, library, 0, PlanSettings(originality=originality))
    plan = (*plan[:-1], Step(SLOTS[-1]))  # the last bars are the network's
    frames, shown, shown_before = SLOTS[-1].stop, list[Motion](), list[int]()

    def sample(_condition: Array, constraint: Constraint, on_final: FinalFrames, *_: object, **__: object) -> Motion:
        shown_before.append(len(shown))
        return Motion.from_vectors(constraint.values)

    music, timing = np.zeros((frames, 12), np.float32), BeatTiming(np.zeros(0), np.zeros(0, bool), 0.0)
    dance, _ = sample_in_form(sample, music, plan, frames, shown.append, timing=timing, library=library)
    assert shown_before == ([0, 0] if originality else [1, 1])
    for beginning in shown:
        assert beginning.frames > 2 * 30
        np.testing.assert_allclose(beginning.vectors(), dance.vectors()[: beginning.frames], atol=1e-6)


def test_bars_that_repeat_a_phrase_dance_that_phrase(library: Library) -> None:
    """As a plan that was changed by hand may ask for."""
    plan = plan_by_library(SLOTS[:2], library, 0)
    again = (plan[0], Step(SLOTS[1], "", 0, mirrored=True))
    _, phrases = phrase_material(again, library, 0)
    first, second = pieces_of(again, np.full(480, -1), phrases)
    assert second.mirrored != first.mirrored
    np.testing.assert_allclose(second.at, first.at, atol=1e-6)


def test_a_phrase_that_comes_again_faces_as_it_did() -> None:
    frames = 360
    turning = stepping(12, 120)
    turn = axis_angle_to_matrix(np.linspace(0, 2.0, frames)[:, None] * np.array([0, 0, 1.0])).astype(np.float32)
    turning.rotations[:, 0] = turn @ turning.rotations[:, 0]
    pieces = [Piece(start, np.arange(60.0 + at, 180.0 + at), front=True) for start, at in ((0, 0), (120, 90), (240, 0))]
    dance = laid(pieces, turning)
    np.testing.assert_allclose(heading(dance)[240:], heading(dance)[:120], atol=1e-4)
    assert abs(heading(dance)[120] - heading(dance)[0]) > 0.1


@pytest.mark.timing
def test_three_minutes_and_ten_thousand_phrases_are_planned_in_a_second() -> None:
    random = np.random.default_rng(0)
    phrases = tuple(
        Phrase(f"p{i}", f"c{i // 10}", tuple(random.uniform(13, 17) * np.arange(9) + 120 * (i % 10)), (), "modern",
               random.uniform(0.2, 1), (0.0, 0.1), 0.1, 0.0, "high", "", "", tuple(random.uniform(0.2, 1, 8)))
        for i in range(10_000)
    )  # fmt: skip
    poses = random.normal(size=(2, 10_000, POSE))
    library = Library(phrases, (Path(),) * 10_000, *poses)
    slots = slots_of(song_map("ABCABCAB", bars=12), 8 * 720)  # 192 s, 48 slots, 18 of them new
    began = time.process_time()
    plan = plan_by_library(slots, library, 0)
    assert time.process_time() - began < 3 * 1.0  # 1 s; slower processors take a few times that
    assert all(step.phrase for step in plan)


def test_a_plan_comes_back_from_its_file(tmp_path: Path, library: Library) -> None:
    path = tmp_path / "plan.json"
    for plan in (plan_by_library(SLOTS, library, 0), plan_by_form(SLOTS, mirrored=True, originality=0.2)):
        write_plan(path, plan_as_json(plan, "abc", 1.5))
        assert read_plan(path, "abc", 1.5) == plan


def test_plans_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    good = plan_as_json(plan_by_form(SLOTS), "abc", 0.0)

    def code(why: str | None = None) -> str:
        with pytest.raises(EdgeError, match=why) as caught:
            read_plan(path, "abc", 0.0)
        return caught.value.code

    write_plan(path, good | {"song": "xyz"})
    assert code() == "plan_other_song"
    write_plan(path, good | {"start": 10.0})
    assert code() == "plan_other_song"
    broken = []
    still = {"slot": good["steps"][1]["slot"] | {"counts": [4.0, 4.001]}}  # less than a frame
    endless = {"slot": good["steps"][1]["slot"] | {"counts": [4.0, float("nan"), 5.0]}}
    silent = {"slot": good["steps"][1]["slot"] | {"bars": [float("nan"), 0.5]}}
    for change in ({"again": 9}, {"again": "x"}, {"originality": 2.0}, {"slot": {}}, still, endless, silent):
        steps = json.loads(json.dumps(good["steps"]))
        steps[1] |= change
        broken.append(json.dumps(good | {"steps": steps}))
    for text in (
        "",
        "[]",
        "{}",
        json.dumps(good | {"format": 99}),
        json.dumps(good | {"start": "soon"}),
        json.dumps(good | {"steps": good["steps"][::-1]}),
        *broken,
    ):
        path.write_text(text)
        assert code() == "plan_unreadable", text[:80]
    path.write_text(broken[0])
    assert code("step 1 repeats no step that is danced") == "plan_unreadable"  # said to who changed it


def test_phrases_for_a_slot_fit_it_and_its_neighbours(library: Library) -> None:
    plan = plan_by_library(SLOTS, library, 0)
    found = phrases_for(plan, 1, library)
    assert len({name for name, _ in found}) == len(found) > 4
    assert plan[1].phrase in [name for name, _ in found[:4]]  # the plan has weighed the whole song
    of = {phrase.id: phrase for phrase in library.phrases}
    salsa = phrases_for(plan, 1, library, "salsa")
    assert salsa and {of[name].style for name, _ in salsa} == {"salsa"}
    assert phrases_for(plan, 1, library, level="floor") == []
    used = {step.phrase for step in plan[2:4]}
    assert phrases_for(plan, 3, library)[0][0] not in used - {plan[3].phrase}


def test_phrases_are_left_after_whole_bars_of_three(tmp_path: Path) -> None:
    """Six counts of a slot: what follows fits the pose at the seventh, and no phrase counts as the clip's going on."""
    moving = [stepping(24, 120, 0.2 + 0.2 * number, seed=number) for number in range(3)]
    about = {"style": "modern", "licence": "", "tempo": 120.0}
    add_clips(tmp_path, [(f"clip{number}", motion, about) for number, motion in enumerate(moving)])
    library = open_libraries([tmp_path])
    slots = [Slot("A", 0, place, tuple(3.0 * place + 0.5 * count for count in range(7)), 0.5) for place in range(3)]
    plan = plan_by_library(slots, library, 0)
    of = {phrase.id: number for number, phrase in enumerate(library.phrases)}
    for before, after in itertools.pairwise(plan):
        one, other = of[before.phrase], of[after.phrase]
        clip, phrase = library.clip(one), library.phrases[one]
        left = pose_at(clip.joints().astype(float), headings(clip), phrase.counts[6])
        left = mirrored_pose(left[None])[0] if before.mirrored else left
        begin = library.starts[other]
        begin = mirrored_pose(begin[None])[0] if after.mirrored else begin
        apart = np.linalg.norm(library.starts - left, axis=1)
        assert np.linalg.norm(begin - left) < np.median(apart)
