"""A picture of a song map: waveform, beats and bars, sections with their labels, and energy by bar."""

import itertools

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..audio.loading import Audio
from ..schema.song_map import SongMap
from .caption import clock_time, label_font

Colour = tuple[int, int, int]

SIZE = (1600, 420)
MARGIN = 12
WAVE, ENERGY, SECTIONS = (40, 220), (230, 330), (340, 380)  # pixels from the top, each row's first and last
BACKGROUND, TEXT, WAVEFORM = (24, 25, 29), (225, 226, 230), (120, 126, 140)
BEAT, DOWNBEAT, ENERGY_BAR, BREAK = (70, 74, 84), (196, 158, 62), (58, 128, 118), (60, 40, 44)
LABELS: tuple[Colour, ...] = (
    (62, 110, 170),
    (170, 92, 62),
    (88, 140, 72),
    (140, 84, 150),
    (150, 136, 60),
    (70, 140, 146),
)


def draw_map(audio: Audio, found: SongMap, size: tuple[int, int] = SIZE) -> Image.Image:
    """Draw a song map. audio: the sound that it describes."""
    image = Image.new("RGB", size, BACKGROUND)
    draw, font = ImageDraw.Draw(image), label_font(14)

    def place(seconds: float) -> float:
        return MARGIN + (size[0] - 2 * MARGIN) * seconds / max(found.duration, 1e-6)

    for gap in found.breaks:
        draw.rectangle((place(gap.start), WAVE[0], place(gap.end), WAVE[1]), fill=BREAK)
    for second, number in found.beats:
        draw.line((place(second), WAVE[0], place(second), WAVE[1]), fill=DOWNBEAT if number == 1 else BEAT)
    _draw_wave(draw, audio.samples, size[0])
    for bar in found.bars:
        top = ENERGY[1] - bar.energy * (ENERGY[1] - ENERGY[0])
        draw.rectangle((place(bar.start), top, max(place(bar.end) - 1, place(bar.start)), ENERGY[1]), fill=ENERGY_BAR)
    for section in found.sections:
        left, right = place(section.start), place(section.end)
        draw.rectangle((left, SECTIONS[0], right - 1, SECTIONS[1]), fill=colour_of(section.label))
        draw.text((left + 5, SECTIONS[0] + 12), section.label, fill=TEXT, font=font)
    title = (
        f"{found.tempo:.1f} bpm, {found.metre} beats a bar, {round(100 * found.confidence)} % sure, by {found.method}"
    )
    draw.text((MARGIN, 12), title, fill=TEXT, font=font)
    for second in np.linspace(0, found.duration, 9):
        draw.text(
            (min(place(float(second)), size[0] - 50), size[1] - 24), clock_time(float(second)), fill=TEXT, font=font
        )
    return image


def colour_of(label: str) -> Colour:
    """The colour of all sections with that label."""
    return LABELS[sum(map(ord, label)) % len(LABELS)]


def _draw_wave(draw: ImageDraw.ImageDraw, samples: NDArray[np.float32], width: int) -> None:
    """Draw the highest and lowest sample of each pixel column."""
    columns = width - 2 * MARGIN
    edges = np.linspace(0, len(samples), columns + 1).astype(int)
    middle, half = (WAVE[0] + WAVE[1]) / 2, (WAVE[1] - WAVE[0]) / 2
    full = max(float(np.abs(samples).max()), 1e-6) if len(samples) else 1.0
    for column, (start, end) in enumerate(itertools.pairwise(edges)):
        part = samples[start : max(end, start + 1)]
        high, low = float(part.max()) / full, float(part.min()) / full
        draw.line((MARGIN + column, middle - half * high, MARGIN + column, middle - half * low), fill=WAVEFORM)
