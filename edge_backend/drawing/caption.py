"""Text on pictures, and a timeline with song title, time and beats."""

from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from .body import Array

_BRIGHT, _DIM, _BEAT, _PAST = (232, 236, 248), (128, 138, 165), (84, 94, 128), (150, 170, 235)


@dataclass(frozen=True)
class Timeline:
    """The timeline at the lower edge. title: of the song. seconds: length of the dance. beats: (n,) seconds."""

    title: str
    seconds: float
    beats: Array

    def draw(self, image: Image.Image, now: float) -> None:
        """Draw the timeline into an RGB picture, in place. now: seconds."""
        pen, unit = ImageDraw.Draw(image), image.height / 720
        left, right, y = 40 * unit, image.width - 40 * unit, image.height - 34 * unit

        def place(seconds: float) -> float:
            return left + (right - left) * min(seconds / self.seconds, 1.0)

        pen.line((left, y, right, y), fill=_BEAT, width=max(round(2 * unit), 1))
        for beat in self.beats:
            x = place(float(beat))
            pen.line(
                (x, y - 5 * unit, x, y + 5 * unit), fill=_PAST if beat <= now else _BEAT, width=max(round(unit), 1)
            )
        pen.line((left, y, place(now), y), fill=_PAST, width=max(round(3 * unit), 1))
        x, radius = place(now), 6 * unit
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_BRIGHT)
        pen.text((left, y - 14 * unit), self.title, fill=_DIM, font=label_font(round(19 * unit)), anchor="ls")
        clock = f"{clock_time(now)} / {clock_time(self.seconds)}"
        pen.text((right, y - 14 * unit), clock, fill=_BRIGHT, font=label_font(round(19 * unit)), anchor="rs")


def label(image: Image.Image, text: str) -> None:
    """Draw text into the upper left corner, in place."""
    unit = image.height / 360
    ImageDraw.Draw(image).text((12 * unit, 10 * unit), text, fill=_DIM, font=label_font(round(16 * unit)))


def clock_time(seconds: float) -> str:
    """Format seconds as minutes, seconds and tenths: 1:02.5."""
    tenths = int(seconds * 10 + 1e-6)
    return f"{tenths // 600}:{tenths // 10 % 60:02}.{tenths % 10}"


@cache
def label_font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """Pillow's own font, that many pixels high."""
    return ImageFont.load_default(max(size, 8))
