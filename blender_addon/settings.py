"""The panel's settings as a request, and as the values that a take stores. No bpy, no torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from .edge_backend.schema.requests import (
    QUALITIES,
    BeatsRequest,
    FeetRequest,
    Form,
    GenerateRequest,
    LoopRequest,
    Returning,
    TempoChange,
)


class Settings(Protocol):
    """The properties of properties.EDGE_DANCE_Settings that a request needs."""

    style: str
    use_energy: bool
    energy: float
    seed: int
    quality: str
    clean_feet: bool
    weights: str
    guidance: float
    smoothness: float
    on_beat: float
    form: Form
    returning: Returning
    originality: float
    made_of: str
    phrase_folder: str
    tempo: TempoChange
    beat_offset: float
    bar_offset: int
    use_loop: bool
    loop_bars: int
    loop_travel: bool


def beats_request(settings: Settings) -> BeatsRequest:
    """The panel's corrections of the detected beats."""
    return BeatsRequest(settings.tempo, round(settings.beat_offset, 6), settings.bar_offset)


def wanted_weights(settings: Settings) -> str:
    """The weights of the panel; the bundled ones where its field is empty."""
    return settings.weights.strip() or GenerateRequest("").weights


def generate_request(settings: Settings, song: Path, start: float, duration: float) -> GenerateRequest:
    """The request for a dance to `duration` seconds of the song, from `start` seconds on."""
    sampler, steps = QUALITIES[settings.quality]
    return GenerateRequest(
        song=str(song),
        start=start,
        duration=duration,
        seed=settings.seed,
        steps=steps,
        sampler=sampler,
        weights=wanted_weights(settings),
        style=settings.style,
        energy=settings.energy if settings.use_energy else None,
        feet=FeetRequest(enabled=settings.clean_feet),
        beats=beats_request(settings),
        guidance=round(settings.guidance, 6),
        smoothness=round(settings.smoothness, 6),
        on_beat=round(settings.on_beat, 6),
        loop=LoopRequest(settings.loop_bars, settings.loop_travel) if settings.use_loop else None,
        form=settings.form,
        returning=settings.returning,
        originality=round(settings.originality, 6),
        phrases=_phrases(settings),
    )


def _phrases(settings: Settings) -> tuple[str, ...]:
    """The libraries of phrases that the dance is made of; a folder as it was typed."""
    return {"starter": ("starter",), "own": (settings.phrase_folder,)}.get(settings.made_of, ())


_OF_THE_SCENE = (
    *("rna_type", "name", "music", "phrase_folder", "all_sounds", "show_song_map"),
    *("variations", "keep_cancelled"),
)
"""Properties of EDGE_DANCE_Settings that belong to the scene and are not stored with a take."""


def stored_settings(settings: Any) -> dict[str, Any]:
    """The panel's settings as JSON values, to be stored with a take."""
    names = [prop.identifier for prop in settings.bl_rna.properties if not prop.is_readonly]
    return {name: getattr(settings, name) for name in names if name not in _OF_THE_SCENE}


def restore_settings(settings: Any, stored: Mapping[str, Any]) -> None:
    """Set the panel to stored settings. Unknown properties and unknown choices are skipped."""
    for name, value in stored.items():
        prop = settings.bl_rna.properties.get(name)
        if prop is None or name in _OF_THE_SCENE or (prop.type == "ENUM" and value not in prop.enum_items):
            continue
        setattr(settings, name, value)
