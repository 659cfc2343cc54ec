"""Edits from request to dance: the tasks of docs/editing.md, exact constraints, free values, and invalid requests.

How smoothly held and free frames join is tested in diffusion/test_editing.py, and with the bundled weights at the end.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pipeline_fixtures import swaying, write_motion, write_song, write_weights

from edge_backend.diffusion.body_parts import BODY_PARTS
from edge_backend.diffusion.constraints import frame_range, root_path
from edge_backend.diffusion.edit_constraints import EditConstraints, read_edit
from edge_backend.errors import EdgeError
from edge_backend.generation.model_cache import ModelCache
from edge_backend.generation.pipeline import generate
from edge_backend.motion.files import load_motion
from edge_backend.motion.motion import Motion, joined
from edge_backend.motion.rotations import matrix_to_axis_angle
from edge_backend.motion.skeleton import SMPL, Joint
from edge_backend.numerics.array import Array
from edge_backend.schema.edits import (
    FEET,
    JOINTS,
    PARTS,
    EditRequest,
    KeepBody,
    KeepContacts,
    KeepPath,
    Source,
    between,
    going_on,
    regenerated,
    varied,
)
from edge_backend.schema.requests import FeetRequest, GenerateRequest

FRAMES = 210  # 7 s, two windows
ALL = range(FRAMES)


class EditCase:
    """A song, a tiny network, and a dance to edit, which is far from the origin."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.song = str(write_song(folder / "song.wav", FRAMES / 30 + 1))
        self.weights = str(write_weights(folder))
        self.model_cache = ModelCache("cpu")
        self.old = swaying(FRAMES, place=(3.0, -2.0), heading=2.0)
        self.file = write_motion(folder / "old.npz", self.old)
        self.source = Source(self.file)

    def request(self, edit: EditRequest, **settings: Any) -> GenerateRequest:
        usual = {"duration": FRAMES / 30, "steps": 4, "sampler": "ddim", "weights": self.weights, "edit": edit}
        return GenerateRequest(self.song, **usual | settings)

    def dance(self, edit: EditRequest, **settings: Any) -> Motion:
        return generate(self.request(edit, **settings), model_cache=self.model_cache)

    def refused(self, edit: EditRequest, **settings: Any) -> EdgeError:
        with pytest.raises(EdgeError) as caught:
            self.dance(edit, **settings)
        assert caught.value.message.endswith(".")
        assert "\n" not in caught.value.message
        return caught.value


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> EditCase:
    return EditCase(tmp_path_factory.mktemp("editing"))


def degrees(one: Motion, other: Motion) -> Array:
    """Between the joints' rotations, (T, 24)."""
    return np.degrees(np.linalg.norm(matrix_to_axis_angle(one.rotations @ other.rotations.swapaxes(-1, -2)), axis=-1))


def same(new: Motion, old: Motion, frames: range, joints: Any = slice(None)) -> bool:
    """Within 0.1 degree."""
    return bool(degrees(new, old)[frames.start : frames.stop, joints].max() < 0.1)


def in_place(new: Motion, old: Motion, frames: range) -> bool:
    """The root within 1 mm."""
    return bool(np.abs(new.root - old.root)[frames.start : frames.stop].max() < 1e-3)


def differs(new: Motion, old: Motion, frames: range, joints: Any = slice(None)) -> bool:
    """Far from the old dance: the tiny network's poses are wild."""
    return bool(degrees(new, old)[frames.start : frames.stop, joints].mean() > 10)


def test_the_words_of_requests_are_those_of_the_skeleton() -> None:
    assert SMPL.names == JOINTS
    assert tuple(BODY_PARTS) == PARTS


@pytest.mark.parametrize("sequential", [False, True])
@pytest.mark.parametrize("sampler", ["ddim", "ddpm", "dpmpp"])
def test_a_dance_goes_on_from_another(case: EditCase, sampler: str, sequential: bool) -> None:
    new = case.dance(going_on(case.source, 90), sampler=sampler, sequential=sequential)
    assert same(new, case.old, range(90))
    assert in_place(new, case.old, range(90))
    assert differs(new, case.old, range(100, FRAMES))


def test_a_dance_goes_on_from_the_end_of_a_motion_that_began_before_the_song(case: EditCase) -> None:
    new = case.dance(going_on(replace(case.source, first=-150), FRAMES))
    assert np.allclose(new.root[:60], case.old.root[150:], atol=1e-3)
    assert np.abs(new.rotations[:60] - case.old.rotations[150:]).max() < 1e-3


def test_between_two_poses(case: EditCase) -> None:
    other = write_motion(case.folder / "other.npz", swaying(50, place=(4.0, -2.0), seed=3))
    new = case.dance(between((0, case.file, 20), (FRAMES - 1, other, 49)))
    assert np.abs(new.rotations[0] - case.old.rotations[20]).max() < 1e-3
    assert np.allclose(new.root[-1], load_motion(other).root[49], atol=1e-3)


def test_between_two_ranges_of_different_dances(case: EditCase) -> None:
    other = swaying(60, place=(2.5, -1.5), seed=4)
    second = Source(write_motion(case.folder / "second.npz", other), first=FRAMES - 60)
    new = case.dance(EditRequest(case.source, bodies=(KeepBody(0, 60), KeepBody(FRAMES - 60, FRAMES, source=second))))
    assert same(new, case.old, range(60))
    assert np.abs(new.rotations[-60:] - other.rotations).max() < 1e-3
    assert np.allclose(new.root[-60:], other.root, atol=1e-3)


@pytest.mark.parametrize(("constrained", "made"), [("lower", "upper"), ("upper", "legs")])
def test_one_half_of_the_body_from_the_other(case: EditCase, constrained: str, made: str) -> None:
    new = case.dance(EditRequest(case.source, bodies=(KeepBody(0, FRAMES, part=constrained),)))  # type: ignore[arg-type]
    assert same(new, case.old, ALL, sorted(BODY_PARTS[constrained].joints))
    assert differs(new, case.old, ALL, sorted(BODY_PARTS[made].joints))
    if constrained == "lower":
        assert in_place(new, case.old, ALL)
    else:
        assert np.abs(new.root[0, :2]).max() < 1e-6  # nothing says where: the dance begins where dances begin


def test_chosen_joints_are_constrained_for_a_while(case: EditCase) -> None:
    row = KeepBody(60, 120, joints=("left_shoulder", "left_elbow"))
    new = case.dance(EditRequest(case.source, bodies=(row,)))
    assert same(new, case.old, range(60, 120), [Joint.LEFT_SHOULDER, Joint.LEFT_ELBOW])
    assert differs(new, case.old, range(60, 120), [Joint.RIGHT_SHOULDER])


def test_the_usual_acceleration_is_that_of_the_edited_dance(case: EditCase) -> None:
    usual = np.percentile(np.linalg.norm(np.diff(case.old.joints().astype(float), n=2, axis=0), axis=-1), 99)
    arms = EditRequest(case.source, bodies=(KeepBody(60, 120, part="left_arm"),))
    path = EditRequest(case.source, paths=(KeepPath(9, 90),))
    for edit in (regenerated(case.source, FRAMES, 100, 150), arms, path):
        # A file's places are single numbers of 7 digits, and these are their second differences.
        assert read_edit(edit, FRAMES).constraint.usual == pytest.approx(usual, rel=1e-2)
    assert read_edit(EditRequest(paths=(KeepPath(0, 9, points=((0, 0),)),)), FRAMES).constraint.usual == np.inf


def test_the_root_follows_points(case: EditCase) -> None:
    new = case.dance(EditRequest(paths=(KeepPath(0, FRAMES, points=((0, 0), (1, 0.5), (2, 0))),)))
    assert np.allclose(new.root[[0, -1], :2], [(0, 0), (2, 0)], atol=1e-3)
    assert np.abs(new.root[:, :2] - (1, 0.5)).max(axis=1).min() < 0.01  # a frame lies 1 cm from the middle
    steps = np.linalg.norm(np.diff(new.root[:, :2], axis=0), axis=1)
    assert steps.max() < 3 * steps.mean()  # no corner, no jump


def test_the_root_follows_another_dance_with_its_height(case: EditCase) -> None:
    new = case.dance(EditRequest(case.source, paths=(KeepPath(0, FRAMES, height=True),)))
    assert in_place(new, case.old, ALL)
    assert differs(new, case.old, ALL)


def test_a_pose_is_hit_on_a_beat(case: EditCase) -> None:
    new = case.dance(between((152, case.file, 40)))
    assert np.abs(new.rotations[152] - case.old.rotations[40]).max() < 1e-3
    assert np.allclose(new.root[152], case.old.root[40], atol=1e-3)


@pytest.mark.parametrize("sequential", [False, True])
def test_a_middle_range_is_made_anew(case: EditCase, sequential: bool) -> None:
    new = case.dance(regenerated(case.source, FRAMES, 80, 140), sequential=sequential)
    for constrained in (range(80), range(140, FRAMES)):
        assert same(new, case.old, constrained)
        assert in_place(new, case.old, constrained)
    assert differs(new, case.old, range(90, 130))


def test_chosen_bones_are_made_anew_over_a_range(case: EditCase) -> None:
    arm = ("left_shoulder", "left_elbow", "left_wrist")
    new = case.dance(regenerated(case.source, FRAMES, 80, 140, joints=arm))
    anew = [Joint.LEFT_SHOULDER, Joint.LEFT_ELBOW, Joint.LEFT_WRIST]
    assert same(new, case.old, range(80, 140), sorted(set(Joint) - set(anew)))
    assert in_place(new, case.old, ALL)
    assert differs(new, case.old, range(90, 130), anew)


def test_a_dance_is_varied_by_a_strength(case: EditCase) -> None:
    far = [degrees(case.dance(varied(case.source, strength)), case.old).mean() for strength in (0.0, 0.2, 0.6)]
    assert far == sorted(far)
    still = case.dance(varied(case.source, 0.0), feet=FeetRequest(enabled=False))
    assert same(still, case.old, ALL)
    assert in_place(still, case.old, ALL)


def test_rows_may_be_soft_and_fade(case: EditCase) -> None:
    soft = KeepBody(0, FRAMES, weight=0.9, fade=30)
    near, free = case.dance(EditRequest(case.source, bodies=(soft,))), case.dance(EditRequest())
    assert degrees(near, case.old)[40:-40].mean() < degrees(free, case.old)[40:-40].mean()
    assert not same(near, case.old, ALL)


def test_feet_stand_where_contacts_are_constrained(case: EditCase) -> None:
    """The old dance's left foot swings; with a contact constraint, the cleanup plants it."""
    edit = replace(varied(case.source, 0.0), contacts=(KeepContacts(100, 130, ("left_foot",)),))
    ankles = [motion.joints()[101:129, Joint.LEFT_ANKLE] for motion in (case.old, case.dance(edit))]
    swung, stood = (np.linalg.norm(np.diff(ankle, axis=0), axis=1).max() for ankle in ankles)
    assert swung > 5e-3
    assert stood < 1e-3  # 1 mm a frame


@pytest.mark.parametrize("part", ["upper", "left_arm", "lower"])
def test_exact_constraints_are_not_smoothed(case: EditCase, part: str) -> None:
    edit = EditRequest(case.source, bodies=(KeepBody(60, 150, part=part),))  # type: ignore[arg-type]
    new = case.dance(edit, smoothness=1.0)
    assert same(new, case.old, range(60, 150), sorted(BODY_PARTS[part].joints))


def test_a_constrained_arm_does_not_constrain_the_root_for_the_foot_cleanup() -> None:
    arm = frame_range(swaying(30).vectors(), 0, 30, BODY_PARTS["left_arm"])
    assert EditConstraints(arm).exact_joints()[:, sorted(BODY_PARTS["left_arm"].joints)].all()
    assert not EditConstraints(arm).exact_legs().any()
    path = root_path(np.zeros((30, 2)), range(30), 30)
    assert EditConstraints(path).exact_legs()[:, Joint.PELVIS].all()


def test_the_file_names_what_was_edited_without_paths(case: EditCase) -> None:
    edit = EditRequest(case.source, vary=0.5, bodies=(KeepBody(0, 10),))
    meta = case.dance(edit, eta=0.5, guidance_interval=(100, 900), guidance_ramp="rising").meta
    assert meta["edit"]["source"]["name"] == "old.npz"
    assert len(meta["edit"]["source"]["sha256"]) == 64
    assert meta["edit"]["bodies"][0]["stop"] == 10
    assert (meta["eta"], meta["guidance_interval"], meta["guidance_ramp"]) == (0.5, (100, 900), "rising")
    assert str(case.folder) not in str(meta)
    assert "edit" not in case.dance(EditRequest()).meta


def test_guidance_options_change_the_dance(case: EditCase) -> None:
    plain = case.dance(EditRequest(), guidance=4.0)
    for settings in ({"guidance_interval": (0, 300)}, {"guidance_ramp": "rising"}, {"eta": 0.0}):
        assert np.abs(case.dance(EditRequest(), guidance=4.0, **settings).root - plain.root).max() > 1e-3


def test_the_beginning_that_is_shown_early_meets_the_constraints(case: EditCase) -> None:
    parts: list[Motion] = []
    request = case.request(regenerated(case.source, FRAMES, 80, 200), sequential=True)
    generate(request, model_cache=case.model_cache, on_partial=parts.append)
    shown = joined(parts)
    constrained = slice(min(80, shown.frames))
    assert np.abs(shown.rotations[constrained] - case.old.rotations[constrained]).max() < 1e-3
    assert np.abs(shown.root[constrained] - case.old.root[constrained]).max() < 1e-3


A_BODY = KeepBody(0, 10)
BAD = {
    "a source that is not there": (EditRequest(Source("gone.npz"), bodies=(A_BODY,)), "motion_missing", "gone.npz"),
    "no source": (EditRequest(bodies=(A_BODY,)), "source_missing", "0 to 9"),
    "no source to vary": (EditRequest(vary=0.5), "source_missing", "0 to 209"),
    "an empty range": (EditRequest(contacts=(KeepContacts(20, 20, FEET),)), "request_invalid", "frame 20"),
    "a range before the dance": (EditRequest(contacts=(KeepContacts(-5, 20, FEET),)), "request_invalid", "frame -5"),
    "behind the dance": (EditRequest(contacts=(KeepContacts(200, 240, FEET),)), "constraint_length", "Frame 210"),
    "a weight": (EditRequest(contacts=(KeepContacts(0, 9, FEET, weight=1.5),)), "request_invalid", "weight 1.5"),
    "a weight that is none": (
        EditRequest(contacts=(KeepContacts(0, 9, FEET, weight=float("nan")),)),
        "request_invalid",
        "weight nan",
    ),
    "a fade": (EditRequest(contacts=(KeepContacts(0, 9, FEET, fade=-1),)), "request_invalid", "-1 frames"),
    "no foot": (EditRequest(contacts=(KeepContacts(0, 9, ()),)), "request_invalid", "no foot"),
    "points of two kinds": (
        EditRequest(paths=(KeepPath(0, 9, points=((0, 0), (0, 0, 1))),)),
        "request_invalid",
        "all (x, y) or all (x, y, z)",
    ),
    "more points than frames": (
        EditRequest(paths=(KeepPath(0, 2, points=((0, 0),) * 3),)),
        "request_invalid",
        "3 points",
    ),
    "a path without a source": (EditRequest(paths=(KeepPath(0, 9),)), "source_missing", "0 to 8"),
    "a path that is not a number": (
        EditRequest(paths=(KeepPath(0, 9, points=((0, float("nan")),)),)),
        "constraint_range",
        "At frame 0 the place of the pelvis",
    ),
    "a pelvis in the clouds": (
        EditRequest(paths=(KeepPath(0, 9, points=((0, 0, 9),)),)),
        "constraint_range",
        "At frame 0 the pelvis",
    ),
    "two places at once": (
        EditRequest(paths=(KeepPath(0, 9, points=((0, 0),)), KeepPath(5, 9, points=((0, 1),)))),
        "constraint_contradiction",
        "At frame 5",
    ),
}


@pytest.mark.parametrize("fault", BAD)
def test_impossible_constraints_are_refused_with_one_sentence(case: EditCase, fault: str) -> None:
    edit, code, words = BAD[fault]
    error = case.refused(edit)
    assert error.code == code
    assert words in error.message


def test_bad_sources_are_named_with_frame_and_joint(case: EditCase) -> None:
    bent = swaying(60)
    bent.rotations[12, Joint.LEFT_KNEE] = np.diag([1, -1, -1])  # half a turn
    error = case.refused(going_on(Source(write_motion(case.folder / "bent.npz", bent)), 60))
    assert (error.code, "frame 12" in error.message, "left knee" in error.message) == ("constraint_range", True, True)

    (case.folder / "text.npz").write_text("a dance")
    error = case.refused(going_on(Source(str(case.folder / "text.npz")), 60))
    assert (error.code, "text.npz" in error.message) == ("motion_unreadable", True)

    error = case.refused(going_on(case.source, FRAMES + 1), duration=(FRAMES + 1) / 30)
    assert (error.code, "0 to 209" in error.message) == ("constraint_length", True)

    error = case.refused(varied(replace(case.source, first=1), 0.5))
    assert error.code == "constraint_length"
    assert case.refused(varied(case.source, 1.5)).code == "request_invalid"


@pytest.mark.parametrize(
    "settings",
    [{"eta": 2.0}, {"guidance_interval": (900, 100)}, {"guidance_interval": (1,)}, {"guidance_ramp": "steep"}],
)
def test_settings_out_of_range_are_refused(case: EditCase, settings: dict[str, Any]) -> None:
    assert case.refused(EditRequest(), **settings).code == "request_invalid"


def test_unknown_words_are_refused(case: EditCase) -> None:
    for row in (KeepBody(0, 9, part="tail"), KeepBody(0, 9, joints=("tail",)), KeepBody(0, 9, without=("tail",))):  # type: ignore[arg-type]
        error = case.refused(EditRequest(case.source, bodies=(row,)))
        assert (error.code, "tail" in error.message) == ("request_invalid", True)
