"""Phrase libraries: cutting and measuring, files whole or not at all, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from dancing import stepping

from edge_backend.choreography.library import (
    CLIPS,
    INDEX,
    Library,
    add_clips,
    open_libraries,
    phrase_material,
    remove_phrases,
)
from edge_backend.choreography.phrases import cut, mirrored_pose, pose_at
from edge_backend.choreography.plan import Step
from edge_backend.choreography.slots import Slot
from edge_backend.cli.main import main
from edge_backend.errors import EdgeError
from edge_backend.motion.beat_alignment import retimed
from edge_backend.motion.files import save_motion, write_npz
from edge_backend.motion.motion import Motion
from edge_backend.motion.representation import mirror
from edge_backend.motion.rotations import axis_angle_to_matrix, matrix_to_axis_angle

ABOUT = {"style": "modern", "licence": "CC0", "tempo": None}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    add_clips(tmp_path / "lib", [("a", stepping(20, 110), ABOUT), ("b", stepping(12, 100, 0.2, seed=1), ABOUT)])
    return open_libraries([tmp_path / "lib"])


def code_of(call: object, *arguments: object) -> str:
    with pytest.raises(EdgeError) as caught:
        call(*arguments)  # type: ignore[operator]
    return caught.value.code


def test_counts_lie_on_the_stops_of_a_clip_of_unknown_tempo() -> None:
    phrases = [phrase for phrase in cut(stepping(30, 110), "c", "a", **ABOUT) if 98 <= phrase.tempo <= 124]
    assert phrases
    for phrase in phrases:
        assert phrase.tempo == pytest.approx(110, abs=1)
        beats = np.array(phrase.counts) / 30 * 110 / 60
        assert np.abs(beats - np.round(beats)).max() < 0.1
        assert len(phrase.accents) >= 6  # it rests on every count


def test_counts_follow_the_stops_of_a_dancer_without_a_steady_tempo() -> None:
    """Each count is drawn onto its stop; on counts of one length 3.6 of 8 would have one."""
    unsteady = retimed(stepping(35, 110), np.cumsum(1 + 0.12 * np.sin(np.arange(900) / 40)))
    phrases = cut(unsteady, "c", "a", **ABOUT | {"tempo": 110.0})
    assert np.mean([len(phrase.accents) for phrase in phrases]) > 6
    for phrase in phrases:
        apart = np.diff(phrase.counts)
        assert apart.max() < 1.4 * apart.min()


def test_beats_that_a_motion_carries_are_its_counts() -> None:
    motion = stepping(20, 110)
    motion.beats = np.arange(0, 20, 0.6, dtype=np.float32)
    first = cut(motion, "c", "a", **ABOUT)[0]
    np.testing.assert_allclose(first.counts, 18 * np.arange(9), atol=1e-3)


def test_phrases_in_which_the_recording_jumps_are_left_out() -> None:
    whole, torn = stepping(20, 110), stepping(20, 110)
    whole.beats = torn.beats = np.arange(0, 20, 0.6, dtype=np.float32)
    torn.root[300, 0] += 0.5  # and back
    phrases = cut(torn, "c", "a", **ABOUT)
    usual = {phrase.counts for phrase in cut(whole, "c", "a", **ABOUT)}
    assert {phrase.counts for phrase in phrases} == {each for each in usual if each[-1] < 300 or each[0] > 300} < usual
    brief = stepping(6, 110)
    brief.root[90, 0] += 0.5
    with pytest.raises(EdgeError, match=r"a gives no phrases: it jumps at frame 8\d, and has no 8 counts"):
        cut(brief, "c", "a", **ABOUT)


def test_livelier_clips_have_more_energy(library: Library) -> None:
    energy = {name: [p.energy for p in library.phrases if p.source == name] for name in "ab"}
    assert min(energy["a"]) > max(energy["b"])


def test_a_pose_does_not_depend_on_place_and_facing() -> None:
    motion = stepping(4, 110)
    turn = axis_angle_to_matrix(np.array([0.0, 0.0, 2.0])).astype(np.float32)
    rotations = motion.rotations.copy()
    rotations[:, 0] = turn @ rotations[:, 0]
    other = Motion(rotations, motion.root @ turn.T + np.array([3, -2, 0], np.float32), motion.contacts)
    from edge_backend.choreography.phrases import headings  # noqa: PLC0415

    poses = [pose_at(one.joints().astype(float), headings(one), 40.0) for one in (motion, other)]
    np.testing.assert_allclose(*poses, atol=1e-4)
    contacts, root, flipped = mirror(motion.contacts, motion.root, motion.rotations)
    image = Motion(flipped, root, contacts)
    np.testing.assert_allclose(
        pose_at(image.joints().astype(float), headings(image), 40.0), mirrored_pose(poses[0][None])[0], atol=0.03
    )  # SMPL's two sides are not quite alike


def test_a_clip_comes_back_as_it_was(library: Library) -> None:
    motion = stepping(20, 110)
    number = next(number for number, phrase in enumerate(library.phrases) if phrase.source == "a")
    clip = library.clip(number)
    assert np.linalg.norm(clip.joints() - motion.joints(), axis=-1).max() < 5e-4
    np.testing.assert_array_equal(clip.root, motion.root)


def test_phrases_know_the_speed_of_each_count(tmp_path: Path) -> None:
    """A dancer who stops halfway."""
    motion = stepping(12, 120)
    stops = np.minimum(np.arange(motion.frames), 120 + 90)
    add_clips(tmp_path, [("stops", retimed(motion, stops.astype(float)), ABOUT | {"tempo": 120.0})])
    for phrase in open_libraries([tmp_path]).phrases:
        middles = (np.array(phrase.counts[:-1]) + np.array(phrase.counts[1:])) / 2
        assert len(phrase.speeds) == len(phrase.counts) - 1
        assert np.mean(phrase.speeds) == pytest.approx(phrase.energy, rel=0.1, abs=0.01)
        assert all((speed > 0.05) == (middle < 210) for speed, middle in zip(phrase.speeds, middles, strict=True)
                   if abs(middle - 210) > 10)  # fmt: skip


def test_a_library_of_before_counts_had_speeds_is_still_danced(tmp_path: Path, library: Library) -> None:
    path = tmp_path / "lib" / INDEX
    with np.load(path) as file:
        content = dict(file)
    meta = json.loads(str(content["meta"]))
    for row in meta["phrases"]:
        del row["speeds"]
    np.savez(path, **(content | {"meta": np.array(json.dumps(meta | {"format": 1}))}))
    for phrase, now in zip(open_libraries([tmp_path / "lib"]).phrases, library.phrases, strict=True):
        assert set(phrase.speeds) == {phrase.energy} == {now.energy}
        assert len(phrase.speeds) == len(now.speeds)


def test_clips_are_added_once_and_removed_with_their_last_phrase(tmp_path: Path, library: Library) -> None:
    folder = tmp_path / "lib"
    assert add_clips(folder, [("again", stepping(20, 110), ABOUT)]) == (0, [])
    assert len(open_libraries([folder, folder]).phrases) == len(library.phrases)
    clip = library.phrases[0].clip
    gone = [phrase.id for phrase in library.phrases if phrase.clip == clip]
    assert remove_phrases(folder, gone[:1]) == 1
    assert (folder / CLIPS / f"{clip}.npz").exists()
    assert remove_phrases(folder, [clip]) == len(gone) - 1
    assert not (folder / CLIPS / f"{clip}.npz").exists()
    assert {phrase.source for phrase in open_libraries([folder]).phrases} == {"b"}
    assert code_of(remove_phrases, folder, ["nobody"]) == "phrase_unknown"


def test_what_is_no_dance_is_refused_by_name(tmp_path: Path) -> None:
    still = stepping(10, 110, reach=0.0)
    still.root[:] = still.root[0]
    torn = stepping(10, 110)
    torn.root[150:] += 3
    clips = [("still.bvh", still, ABOUT), ("torn.bvh", torn, ABOUT), ("short.bvh", stepping(0.5, 110), ABOUT),
             ("brief.bvh", stepping(2, 110), ABOUT), ("good.bvh", stepping(10, 110), ABOUT)]  # fmt: skip
    new, refused = add_clips(tmp_path / "lib", clips)
    assert new > 0
    assert [error.code for error in refused] == ["phrases_unusable"] * 4
    for error, word in zip(
        refused, ("hardly moves", "jumps at frame 150", "shorter than a second", "no 8 counts"), strict=True
    ):
        assert word in error.message
    assert {phrase.source for phrase in open_libraries([tmp_path / "lib"]).phrases} == {"good.bvh"}


def test_a_clip_that_lies_on_the_floor_is_floor_work(tmp_path: Path) -> None:
    lying = stepping(12, 110)
    back = axis_angle_to_matrix(np.array([-np.pi / 2, 0.0, 0.0])).astype(np.float32)
    lying.rotations[:, 0] = back @ lying.rotations[:, 0]
    lying.root[:, 2] = 0.12
    new, refused = add_clips(tmp_path / "lib", [("lying.bvh", lying, ABOUT)])
    assert new > 0 and not refused
    assert {phrase.level for phrase in open_libraries([tmp_path / "lib"]).phrases} == {"floor"}


def test_a_recording_of_300_frames_a_second_has_the_same_phrases(tmp_path: Path) -> None:
    motion = stepping(12, 110)
    fine = retimed(motion, np.arange(10 * motion.frames - 9) / 10)
    poses = matrix_to_axis_angle(fine.rotations.astype(np.float64)).reshape(fine.frames, 72)
    content = {"poses": np.pad(poses, ((0, 0), (0, 84))), "trans": fine.root, "betas": np.zeros(16)}
    np.savez(tmp_path / "fine.npz", **content, mocap_framerate=300.0, gender="neutral")
    save_motion(tmp_path / "usual.npz", motion)
    for name in ("fine", "usual"):
        assert main(["phrases", "add", str(tmp_path / name), str(tmp_path / f"{name}.npz"), "--bpm", "110"]) == 0
    fine_ones, usual = (open_libraries([tmp_path / name]).phrases for name in ("fine", "usual"))
    assert len(fine_ones) == len(usual) > 0
    for one, other in zip(fine_ones, usual, strict=True):
        np.testing.assert_allclose(one.counts, other.counts, atol=0.5)
        assert one.energy == pytest.approx(other.energy, rel=0.05)


def test_a_phrase_that_was_deleted_since_is_named(tmp_path: Path, library: Library) -> None:
    slot = Slot("A", 0, 0, tuple(0.5 * count for count in range(9)), 0.5)
    deleted, kept = library.phrases[0].id, library.phrases[1].id
    remove_phrases(tmp_path / "lib", [deleted])
    left = open_libraries([tmp_path / "lib"])
    with pytest.raises(EdgeError, match=f"There is no phrase {deleted} in the library") as caught:
        phrase_material((Step(slot, kept), Step(slot, deleted)), left, 0)
    assert caught.value.code == "phrase_unknown"
    assert len(phrase_material((Step(slot, kept),), left, 0)[0]) == 1
    with pytest.raises(EdgeError, match=f"There is no phrase {kept} in the library"):
        phrase_material((Step(slot, kept),), None, 0)  # a plan of phrases, danced without a library


def test_an_unreadable_index_is_reported(tmp_path: Path, library: Library) -> None:
    folder = tmp_path / "lib"
    assert code_of(open_libraries, [tmp_path / "nowhere"]) == "phrases_missing"
    assert code_of(open_libraries, [""]) == "phrases_missing"  # not the working directory
    whole = (folder / INDEX).read_bytes()
    (folder / INDEX).write_bytes(whole[: len(whole) // 2])
    assert code_of(open_libraries, [folder]) == "phrases_unreadable"
    empty = np.zeros((0, 90), np.float16)
    write_npz(folder / INDEX, {"meta": np.array(json.dumps({"format": 99})), "starts": empty, "ends": empty})
    assert code_of(open_libraries, [folder]) == "phrases_newer"
    (folder / CLIPS / f"{library.phrases[0].clip}.npz").unlink()
    assert code_of(library.clip, 0) == "phrases_unreadable"


def test_a_failure_leaves_the_library_as_it_was(tmp_path: Path, library: Library) -> None:
    def clips():
        yield "c", stepping(10, 120, seed=3), ABOUT
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        add_clips(tmp_path / "lib", clips())
    assert open_libraries([tmp_path / "lib"]).phrases == library.phrases


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mocap").mkdir()
    save_motion(tmp_path / "mocap" / "good.npz", stepping(12, 110))
    (tmp_path / "mocap" / "bad.npz").write_bytes(b"no motion")
    lib = str(tmp_path / "lib")
    assert main(["phrases", "add", lib, str(tmp_path / "mocap"), "--bpm", "110", "--style", "salsa"]) == 0
    told = capsys.readouterr()
    assert "1 motions refused" in told.out
    assert "bad.npz" in told.err
    assert main(["phrases", "list", lib]) == 0
    lines = capsys.readouterr().out.splitlines()
    name = lines[0].split()[0]
    assert "salsa" in lines[0]
    assert "110 bpm" in lines[0]
    assert main(["phrases", "show", lib, name]) == 0
    assert "good.npz" in capsys.readouterr().out
    assert main(["phrases", "preview", lib, name, "-o", str(tmp_path / "sheet.png")]) == 0
    assert (tmp_path / "sheet.png").stat().st_size > 10_000
    assert main(["phrases", "remove", lib, name]) == 0
    capsys.readouterr()
    assert main(["phrases", "show", lib, name]) == 2
    assert "phrase_unknown" in capsys.readouterr().err
