"""Borders by the bundled weights: whatever range or part is kept, and however quick the stroke that is cut through.

A joint's acceleration is its second difference over three frames. Counted are those at a border with a new frame among
the three; of kept frames alone they are the animator's own. None may be more than 1.5 times what 99 % of the old
dance's stay below.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from edge_backend.diffusion.body_parts import BODY_PARTS
from edge_backend.diffusion.constraints import combine, frame_range, pose_at, root_path
from edge_backend.diffusion.edit_constraints import EditConstraints
from edge_backend.diffusion.song import SamplerSettings, sample_song
from edge_backend.generation.postprocess import Postprocessor
from edge_backend.model.controls import control_channels
from edge_backend.model.onnx_engine import OnnxEngine
from edge_backend.model.weights_file import load_weights
from edge_backend.motion.feet import FootSettings, clean_motion
from edge_backend.motion.motion import Motion
from edge_backend.motion.representation import ROOT, ROTATIONS
from edge_backend.motion.skeleton import SMPL, Joint

FRAMES = 150  # one window
ALLOWED = 1.5
ROWS = 5  # on the new side of a border
STARTER = Path(__file__).parents[3] / "weights" / "starter.safetensors"
DEFAULT = SamplerSettings("dpmpp", 8, guidance=3.0, guidance_interval=(20, 999), guidance_ramp="constant")


def accelerations(motion):
    """(T - 2, 24), m per frame squared; row i is of the frames i, i + 1 and i + 2."""
    return np.linalg.norm(np.diff(motion.joints().astype(np.float64), n=2, axis=0), axis=-1)


@dataclass
class Dancer:
    """The bundled weights without music, and the finishing with its beats every half second."""

    weights: object
    engine: object
    cond: np.ndarray

    def dance(self, seed, constraint=None, sequential=False):
        how = replace(DEFAULT, seed=seed, sequential=sequential)
        weights = self.weights
        frames = FRAMES if constraint is None else constraint.frames
        return sample_song(self.engine, weights.normaliser, self.cond, frames, how, constraint=constraint).vectors()

    def finished(self, vectors, constraint):
        """The dance on the beat and on its feet, with what is constrained as it was."""
        beats = np.arange(0.4, len(vectors) / 30, 0.5)
        return Postprocessor(beats, EditConstraints(constraint), 1.0, FootSettings(), 0.0, {}).whole(
            Motion.from_vectors(vectors)
        )


@pytest.fixture(scope="module")
def dancer():
    weights = load_weights(STARTER)
    longest = 2 * FRAMES
    controls = control_channels("any", None, longest)
    music = np.zeros((longest, weights.info.feature_width), np.float32)
    return Dancer(
        weights,
        OnnxEngine(weights),
        np.concatenate([music, np.broadcast_to(controls, (longest, controls.shape[-1]))], axis=-1),
    )


@pytest.fixture(scope="module")
def old_dances(dancer):
    """seed -> a dance that is edited, on its feet as those that users have; made once."""
    made = {}

    def of(seed):
        if seed not in made:
            made[seed] = clean_motion(Motion.from_vectors(dancer.dance(seed))).vectors()
        return made[seed]

    return of


def at_borders(motion, constraint):
    """The largest acceleration at a border of what is constrained, of the joints that hang on what changes there."""
    exact, rows = constraint.exact, accelerations(motion)
    turns, place = exact[:, ROTATIONS.start :: 6], exact[:, ROOT].any(axis=1)
    parents = np.array(SMPL.parents)
    largest = 0.0
    for border in np.flatnonzero((exact[1:, ROOT.start :] != exact[:-1, ROOT.start :]).any(axis=1)) + 1:
        changed = turns[border] != turns[border - 1]
        joints = np.isin(parents, np.flatnonzero(changed))
        joints[Joint.PELVIS] = place[border] != place[border - 1]
        constrained = np.where(changed, turns, True).all(axis=1) & (place | (not joints[Joint.PELVIS]))
        for row in range(max(border - ROWS, 0), min(border + ROWS - 2, len(rows))):
            if not constrained[row : row + 3].all():
                largest = max(largest, rows[row, joints].max())
    return largest


def check(dancer, old, constraint, seed, sequential=False):
    """A new dance that keeps its constraint exactly, smooth at borders before and after the finishing, and another."""
    usual = float(np.percentile(accelerations(Motion.from_vectors(old)), 99))
    constraint = replace(constraint, usual=usual)
    new = dancer.dance(seed, constraint, sequential)
    np.testing.assert_array_equal(new[constraint.exact], constraint.values[constraint.exact])
    assert at_borders(Motion.from_vectors(new), constraint) <= ALLOWED * usual
    finished = dancer.finished(new, constraint)
    assert at_borders(finished, constraint) <= ALLOWED * usual
    return new, finished


def quickest(old, first, last):
    """The frame from first to last - 1 at which some joint accelerates most."""
    return first + int(accelerations(Motion.from_vectors(old)).max(axis=1)[first:last].argmax()) + 1


@pytest.mark.parametrize("side", ["before", "behind"])
def test_a_border_through_the_quickest_stroke_of_a_dance(dancer, old_dances, side):
    old = old_dances(11)
    cut = quickest(old, 45, 105)
    kept = frame_range(old[cut:], cut, FRAMES) if side == "before" else frame_range(old[:cut], 0, FRAMES)
    new, _ = check(dancer, old, kept, seed=5)
    far = slice(0, cut - 20) if side == "before" else slice(cut + 20, FRAMES)
    apart = Motion.from_vectors(new).joints()[far] - Motion.from_vectors(old).joints()[far]
    assert np.linalg.norm(apart, axis=-1).mean() > 0.05  # metres: it is a new dance, not the old one made smooth


def kept_of(old, what, first, length):
    """A constraint of 150 frames: `what` of the old dance for `length` frames from `first` on, or all but these."""
    last = min(first + length, FRAMES)
    match what:
        case "range made anew":
            return combine(frame_range(old[:first], 0, FRAMES), frame_range(old[last:], last, FRAMES))
        case "poses":
            return combine(pose_at(old[first], [first], FRAMES), pose_at(old[last - 1], [last - 1], FRAMES))
        case "path":
            return root_path(old[first:last, ROOT][:, :2], range(first, last), FRAMES)
        case "continued":
            return frame_range(old[:first], 0, FRAMES)
    return frame_range(old[first:last], first, FRAMES, BODY_PARTS[what])


# Not legs without the hips that carry them: the foot cleanup may then have to move one of the two at once.
KINDS = ["range made anew", "poses", "path", "continued", "whole", "upper", "lower", "left_arm"]
EDITS = st.tuples(st.sampled_from(KINDS), st.integers(5, 125), st.integers(3, 120), st.integers(0, 999), st.booleans())


def make(dancer, old_dances, edit):
    what, first, length, seed, sequential = edit
    old = old_dances(seed % 4)
    check(dancer, old, kept_of(old, what, first, length), 50 + seed, sequential)


@settings(max_examples=4, deadline=None, derandomize=True, phases=[Phase.generate])
@given(edit=EDITS)
def test_whatever_is_kept_no_border_shows(dancer, old_dances, edit):
    make(dancer, old_dances, edit)


@pytest.mark.slow
@settings(max_examples=200, deadline=None, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False)
@given(edit=EDITS)
def test_two_hundred_edits_without_a_border_that_shows(dancer, old_dances, edit):
    make(dancer, old_dances, edit)
