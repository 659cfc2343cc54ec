"""Derives the form of a dance from the song map: its plan, the library of its phrases, and its energy."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..audio.features import Features
from ..audio.listening import listen, read_map
from ..audio.loading import Audio
from ..choreography.energy import energy_curve
from ..choreography.library import Library, open_libraries
from ..choreography.plan import Plan, plan_by_form
from ..choreography.plan_file import plan_as_json, read_plan
from ..choreography.planning import PlanSettings, plan_by_library
from ..choreography.slots import is_clear, slots_of, with_slots_beside
from ..numerics.array import Array
from ..schema.edits import EditRequest
from ..schema.requests import FeaturesRequest, GenerateRequest
from ..schema.song_map import SongMap


@dataclass(frozen=True)
class SongForm:
    """The form of a dance. plan: empty for a dance that the model generates freely. library: of the plan's phrases.

    energy: of the dance, 0 to 1, or of each frame (n,); None = from the music's loudness.
    """

    plan: Plan = ()
    library: Library | None = None
    energy: float | Array | None = None


def given_map(request: GenerateRequest | FeaturesRequest) -> SongMap | None:
    """The song map in the request's file, None without one. Raises EdgeError song_map_invalid; OSError."""
    return read_map(request.song_map) if request.song_map else None


def map_of(request: GenerateRequest, audio: Audio, given: SongMap | None) -> SongMap | None:
    """The song map whose sections and bars the dance follows; None if it follows none.

    These are free dances, edits, dances by EDGE's own sampler, and, unless the request has phrases or a plan, dances to
    songs whose beat is unclear. given: of `given_map`; None = the map is computed from the audio.
    """
    kept = request.edit != EditRequest() and not request.plan
    if request.form == "free" or kept or request.sampler == "reference":
        return None
    song_map = given or listen(audio, request.beats)
    return song_map if is_clear(song_map) or request.phrases or request.plan else None


def song_form(
    request: GenerateRequest,
    song_map: SongMap | None,
    frames: int,
    *,
    song_sha256: str,
    style: str,
    level: float,
    features: Features,
) -> SongForm:
    """The form of a dance of `frames` frames; of a song in which nothing returns, its energy alone.

    song_map: of `map_of`. style: of `leading_style`. level: the mean of the energy, which follows the bars unless
    features are computed per window. Raises EdgeError as library.open_libraries, planning.plan_by_library and
    plan_file.read_plan; OSError.
    """
    if song_map is None:
        return SongForm(energy=request.energy)
    library = open_libraries(request.phrases) if request.phrases else None
    energy = request.energy if features.windows_alone else energy_curve(song_map, len(features.values), level)
    if request.plan:
        return SongForm(read_plan(Path(request.plan), song_sha256, request.start), library, energy)
    slots, mirrored = slots_of(song_map, frames), request.returning == "mirrored"
    if library:
        settings = PlanSettings(style, mirrored, request.originality)
        slots = with_slots_beside(slots, frames)
        return SongForm(plan_by_library(slots, library, request.seed, settings, frames), library, energy)
    plan = plan_by_form(slots, mirrored, request.originality)
    return SongForm(plan if any(step.again >= 0 for step in plan) else (), None, energy)


def described(form: SongForm, song_sha256: str, start: float) -> dict[str, Any]:
    """The entry `choreography` of the metadata: the plan; empty without one."""
    return {"choreography": plan_as_json(form.plan, song_sha256, start)} if form.plan else {}
