"""The library that comes with EDGE Dance."""

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from song_forms import song_map

import build_addon
from edge_backend.choreography.joins import joining
from edge_backend.choreography.library import STARTER, frames_beside, open_libraries, phrase_material
from edge_backend.choreography.phrases import MOST_SUDDEN
from edge_backend.choreography.pieces import laid, pieces_of, with_clips_beside
from edge_backend.choreography.planning import PlanSettings, plan_by_library
from edge_backend.choreography.slots import slots_of
from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.motion import joined
from edge_backend.schema.frames import FPS
from edge_backend.schema.requests import STYLES

PHRASES = Path(build_addon.__file__).parent / "weights" / "phrases"


def test_it_fits_into_eight_megabytes(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "phrases.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in PHRASES.rglob("*.npz"):
            archive.write(path)
    assert (tmp_path / "phrases.zip").stat().st_size < 8_000_000


def test_it_has_phrases_of_every_style_at_every_usual_tempo() -> None:
    library = open_libraries([STARTER])
    assert len(library.phrases) > 3000
    assert {phrase.style for phrase in library.phrases} == set(STYLES) - {"any"}
    for tempo in range(70, 180, 10):
        assert sum(abs(np.log(phrase.tempo / tempo)) < 0.14 for phrase in library.phrases) > 100
    assert all(phrase.licence for phrase in library.phrases)


@pytest.mark.parametrize("style", ["salsa", "commercial"])
def test_a_dance_to_a_quick_song_is_nearly_all_of_phrases(style: str) -> None:
    """174 bpm: two bars last 2.8 s, and a join as long as in any song; 1 s before the first bar and after the last."""
    quick, library = 120 / 174, open_libraries([STARTER])
    slots = [
        replace(slot, counts=tuple(1 + quick * count for count in slot.counts))
        for slot in slots_of(song_map("ABABCB", bars=8), 10_000)
    ]
    frames = slots[-1].stop + FPS
    for seed in range(2):
        plan = plan_by_library(slots, library, seed, PlanSettings(style), frames)
        lead, rest = frames_beside(plan, library, frames)
        clips, phrases = phrase_material(plan, library, 0)
        pieces = with_clips_beside(pieces_of(plan, np.full(frames - rest, -1), phrases), lead, rest)
        by_model = (joining(pieces, laid(pieces, joined(clips))).weight[:, 0] < 1).sum() + 2 * FPS - lead - rest
        assert by_model <= 0.15 * frames


def test_its_ends_are_those_of_its_clips() -> None:
    library = open_libraries([STARTER])
    for number in range(0, len(library.phrases), 800):
        clip, phrase = library.clip(number), library.phrases[number]
        assert phrase.counts[-1] <= clip.frames
        frame = round(phrase.counts[-1])
        height = forward_kinematics(clip.rotations, clip.root)[min(frame, clip.frames - 1), 0, 2]
        assert abs(library.ends[number, 2] - height) < 2e-3  # half precision


def test_no_joint_of_its_phrases_jumps() -> None:
    library = open_libraries([STARTER])
    numbers = {phrase.clip: number for number, phrase in enumerate(library.phrases)}
    sudden = {}
    for clip, number in numbers.items():
        joints = library.clip(number).joints().astype(np.float64)
        sudden[clip] = np.linalg.norm(np.diff(joints, n=2, axis=0), axis=-1).max(axis=1) * FPS**2
    for phrase in library.phrases:
        assert sudden[phrase.clip][round(phrase.counts[0]) : round(phrase.counts[-1]) - 1].max() <= MOST_SUDDEN
