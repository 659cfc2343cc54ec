"""Edits of a dance: some of it is constrained and the rest is sampled, at once or window after window.

Dances are by the smooth dancer of conftest.py, of which it is known how smooth they are. At every border between
constrained and free frames no joint may accelerate more than 1.5 times what 99 % of an unconstrained dance's frames
stay below.
"""

from dataclasses import replace

import numpy as np
import pytest

from edge_backend.diffusion.body_parts import BODY_PARTS, BodyPart
from edge_backend.diffusion.constraints import (
    combine,
    contacts_at,
    frame_range,
    free,
    pose_at,
    root_path,
)
from edge_backend.diffusion.song import SamplerSettings, Variation
from edge_backend.errors import EdgeError
from edge_backend.motion.representation import unpack
from edge_backend.motion.skeleton import Joint

FRAMES = 330  # 4 windows, the last one padded
OLD = SamplerSettings("ddim", 20, seed=11)
NEW = {
    "ddim": SamplerSettings("ddim", 20),
    "ddpm": SamplerSettings("ddpm", 30),
    "dpmpp": SamplerSettings("dpmpp", 10),
}
ALLOWED = 1.5  # times the 99th percentile


@pytest.fixture(scope="module")
def old(smooth_dance):
    """The dance that is edited."""
    return smooth_dance(FRAMES, OLD)


@pytest.fixture(scope="module")
def usual(smooth_dance, acceleration):
    """sampler -> the 99th percentile of the joints' acceleration in its unconstrained dances."""
    dances = {name: smooth_dance(FRAMES, replace(settings, seed=12)) for name, settings in NEW.items()}
    return {name: float(np.percentile(acceleration(dance), 99)) for name, dance in dances.items()}


@pytest.fixture(params=["ddim at once", "dpmpp at once", "dpmpp window after window", "ddpm window after window"])
def edit(request, smooth_dance, usual, at_borders):
    """(constraint, borders) -> the new dance; what is constrained is exact, and no border shows."""
    sampler, how = request.param.split(" ", 1)
    settings = replace(NEW[sampler], sequential=how == "window after window")

    def make(constraint, borders=()):
        new = smooth_dance(FRAMES, settings, constraint=constraint)
        np.testing.assert_array_equal(new[constraint.exact], constraint.values[constraint.exact])
        if borders:
            assert at_borders(new, borders) < ALLOWED * usual[sampler]
        return new

    return make


def angles_between(one, other):
    """Degrees between the rotations of two dances, (T, 24)."""
    _, _, first = unpack(one)
    _, _, second = unpack(other)
    cosine = (np.trace(first @ np.swapaxes(second, -1, -2), axis1=-2, axis2=-1) - 1) / 2
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


@pytest.mark.parametrize("given", [75, 90, 150])
def test_a_given_motion_is_continued(edit, old, given):
    new = edit(frame_range(old[:given], 0, FRAMES), [given])
    assert angles_between(new[given + 40 :], old[given + 40 :]).mean() > 3  # and not by what it was before


def test_between_two_poses(edit, old):
    ends = combine(pose_at(old[0], [0], FRAMES), pose_at(old[-1], [FRAMES - 1], FRAMES))
    edit(ends, [1, FRAMES - 1])


def test_between_two_ranges(edit, old):
    edit(combine(frame_range(old[:100], 0, FRAMES), frame_range(old[250:], 250, FRAMES)), [100, 250])


def test_a_middle_range_is_made_anew(edit, old):
    new = edit(combine(frame_range(old[:130], 0, FRAMES), frame_range(old[190:], 190, FRAMES)), [130, 190])
    assert angles_between(new[150:170], old[150:170]).mean() > 3


@pytest.mark.parametrize(("kept", "made"), [("lower", "upper"), ("upper", "lower")])
def test_one_half_of_the_body_from_the_other(edit, old, kept, made):
    new = edit(frame_range(old, 0, FRAMES, BODY_PARTS[kept]))
    joints = sorted(BODY_PARTS[made].joints)
    assert angles_between(new, old)[:, joints].mean() > 3


def test_chosen_joints_are_kept_for_a_while(edit, old):
    arm = BodyPart(frozenset({Joint.LEFT_SHOULDER, Joint.LEFT_ELBOW}))
    new = edit(frame_range(old[100:200], 100, FRAMES, arm), [100, 200])
    assert angles_between(new[100:200], old[100:200])[:, Joint.LEFT_SHOULDER].max() < 0.1
    assert angles_between(new[100:200], old[100:200])[:, Joint.RIGHT_SHOULDER].mean() > 3


def circle(frames, radius=2.0, middle=(0.0, 0.0)):
    """A walk once around, (frames, 2), metres."""
    angle = np.linspace(0, 2 * np.pi, frames)
    return np.stack([middle[0] + radius * np.cos(angle), middle[1] + radius * np.sin(angle)], axis=-1)


def test_the_root_follows_a_path(edit):
    path = circle(FRAMES)
    new = edit(root_path(path, range(FRAMES), FRAMES))
    np.testing.assert_allclose(new[:, 4:6], path, atol=1e-6)


def test_a_path_may_leave_the_networks_training_range(edit):
    path = np.array([40.0, -25.0]) + np.linspace(0, 6, FRAMES)[:, None] * (0.8, 0.6)
    known = [*range(0, FRAMES, 10), FRAMES - 1]
    new = edit(root_path(path[known], known, FRAMES))
    assert np.abs(new[:, 4:6] - path).max() < 0.2  # between the constrained frames, 18 cm apart
    upright = unpack(new)[2][:, Joint.SPINE1, 1, 1]
    assert upright.min() > 0.8


def test_a_dance_that_is_far_away_goes_on_there(edit, old):
    away = old.copy()
    away[:, 4:6] += (80.0, 30.0)
    new = edit(frame_range(away[:90], 0, FRAMES), [90])
    assert np.abs(new[:, 4:6] - (80.0, 30.0)).max() < 2.0


# In the middle of a window, at its end, right behind a seam, in the last window.
@pytest.mark.parametrize("beat", [40, 149, 152, 320])
def test_a_pose_is_hit_on_the_beat(edit, smooth_dance, beat):
    pose = smooth_dance(150, replace(OLD, seed=77))[75]
    edit(pose_at(pose, [beat], FRAMES), [beat, beat + 1])


def test_several_poses_of_which_one_is_at_a_seam(edit, smooth_dance):
    poses = smooth_dance(150, replace(OLD, seed=77))
    beats = [60, 150, 240]
    hit = combine(*(pose_at(poses[beat // 2], [beat], FRAMES) for beat in beats))
    edit(hit, [frame for beat in beats for frame in (beat, beat + 1)])


def test_a_foot_stands_where_a_contact_is_constrained(edit):
    new = edit(contacts_at([Joint.LEFT_TOES], range(50, 60), FRAMES))
    assert (new[50:60, 2] == 1).all()


def test_soft_poses_draw_the_dance_the_more_the_greater_their_weight(smooth_dance, old):
    new = NEW["dpmpp"]
    far = [
        angles_between(smooth_dance(FRAMES, new, constraint=frame_range(old, 0, FRAMES).softened(weight)), old).mean()
        for weight in (0.0, 0.5, 0.7, 0.9, 1.0)
    ]
    assert far == sorted(far, reverse=True)
    assert far[-1] < 0.1
    assert far[-2] < far[0] / 1.5


def test_weights_that_fade_let_the_dance_go_gradually(smooth_dance, old):
    constrained = frame_range(old[:200], 0, FRAMES).fading(100)
    far = angles_between(smooth_dance(FRAMES, NEW["dpmpp"], constraint=constrained), old).mean(axis=1)
    assert far[:100].max() < 0.1
    parts = [far[first : first + 33].mean() for first in (100, 133, 166, 240)]
    assert parts == sorted(parts)
    assert parts[0] < parts[-1] / 2


@pytest.mark.parametrize("sampler", NEW)
def test_a_dance_is_varied_the_more_the_greater_the_strength(smooth_dance, old, sampler):
    far = [
        angles_between(smooth_dance(FRAMES, NEW[sampler], variation=Variation(old, strength)), old).mean()
        for strength in (0.0, 0.03, 0.3, 0.6, 1.0)
    ]
    assert far[0] < 0.01
    assert far == sorted(far)
    assert far[1] < far[-1] / 3


def test_at_full_strength_nothing_of_the_old_dance_is_left(smooth_dance, old):
    varied = smooth_dance(FRAMES, NEW["ddim"], variation=Variation(old, 1.0))
    np.testing.assert_allclose(varied, smooth_dance(FRAMES, NEW["ddim"]), atol=2e-3)


def test_a_variation_meets_exact_constraints(smooth_dance, old, at_borders, usual):
    constrained = frame_range(old[:100], 0, FRAMES)
    varied = smooth_dance(FRAMES, NEW["ddim"], constraint=constrained, variation=Variation(old, 0.8))
    np.testing.assert_array_equal(varied[:100], old[:100])
    assert at_borders(varied, [100]) < ALLOWED * usual["ddim"]


def test_a_dance_to_vary_must_be_as_long_as_the_new_one(smooth_dance, old):
    with pytest.raises(EdgeError) as caught:
        smooth_dance(FRAMES, NEW["ddim"], variation=Variation(old[:-1], 0.5))
    assert caught.value.code == "constraint_length"


def test_a_constraint_must_be_as_long_as_the_dance(smooth_dance):
    with pytest.raises(EdgeError) as caught:
        smooth_dance(FRAMES, NEW["ddim"], constraint=free(FRAMES + 1))
    assert caught.value.code == "constraint_length"


def test_holding_nothing_changes_nothing(smooth_dance):
    plain = smooth_dance(FRAMES, NEW["ddim"])
    assert smooth_dance(FRAMES, NEW["ddim"], constraint=free(FRAMES)).tobytes() == plain.tobytes()


def test_only_windows_with_something_free_are_sampled(smooth_dance, old):
    constrained = combine(frame_range(old[:20], 0, FRAMES), frame_range(old[60:], 60, FRAMES))
    shapes = []
    smooth_dance(FRAMES, NEW["ddim"], constraint=constrained, on_step=lambda step: shapes.append(len(step.x0)))
    assert set(shapes) == {1}


def test_a_fully_constrained_dance_needs_no_sampling(smooth_dance, old):
    def forbidden(step):
        raise AssertionError("a step was made")

    constrained = frame_range(old, 0, FRAMES)
    assert smooth_dance(FRAMES, NEW["ddim"], constraint=constrained, on_step=forbidden).tobytes() == old.tobytes()


def test_window_after_window_frames_are_final_when_they_are_shown(smooth_dance):
    shown = []
    settings = replace(NEW["ddim"], sequential=True)
    dance = smooth_dance(FRAMES, settings, on_final=shown.append)
    assert [beginning.frames for beginning in shown] == [150, 300, 330]  # one window, two, and the rest
    for beginning in shown:
        np.testing.assert_array_equal(beginning.vectors(), dance[: beginning.frames])


def test_frames_shortly_before_a_constrained_pose_stay_open_for_the_next_window(smooth_dance, old):
    shown = []
    settings = replace(NEW["ddim"], sequential=True)
    dance = smooth_dance(FRAMES, settings, constraint=pose_at(old[155], [155], FRAMES), on_final=shown.append)
    assert [beginning.frames for beginning in shown] == [120, 300, 330]
    np.testing.assert_array_equal(shown[0].vectors(), dance[:120])


def test_steps_of_all_windows_are_counted_through(smooth_dance):
    steps = []
    settings = replace(NEW["dpmpp"], sequential=True)
    smooth_dance(FRAMES, settings, on_step=steps.append)
    # One window, two at once, of which a step counts twice, and one.
    assert [step.index for step in steps] == [*range(10), *range(11, 30, 2), *range(30, 40)]
    assert {step.count for step in steps} == {40}
