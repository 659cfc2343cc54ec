"""From the panel's settings to a request. No bpy, no torch."""

from pathlib import Path
from typing import Protocol

from .edge_backend.request import FeetRequest, GenerateRequest, Sampler

# Sampler and network evaluations per window.
QUALITIES: dict[str, tuple[Sampler, int]] = {"draft": ("dpmpp", 10), "normal": ("ddim", 50), "best": ("ddim", 100)}


class Settings(Protocol):
    """What properties.EDGE_DANCE_Settings holds."""

    style: str
    use_energy: bool
    energy: float
    seed: int
    quality: str
    clean_feet: bool


def generate_request(settings: Settings, song: Path, start: float, duration: float) -> GenerateRequest:
    """The request for a dance to `duration` seconds of the song from `start` on."""
    sampler, steps = QUALITIES[settings.quality]
    return GenerateRequest(
        song=str(song),
        start=start,
        duration=duration,
        seed=settings.seed,
        steps=steps,
        sampler=sampler,
        style=settings.style,
        energy=settings.energy if settings.use_energy else None,
        feet=FeetRequest(enabled=settings.clean_feet),
    )
