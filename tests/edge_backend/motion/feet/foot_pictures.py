"""Pictures of feet over time: height and speed of a heel and its toes, plants drawn in, before and after."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from foot_dances import Track
from PIL import Image, ImageDraw, ImageFont

from edge_backend.motion.feet import SMPL_RIG
from edge_backend.motion.feet.contact_detection import joint_speed
from edge_backend.numerics.array import Array
from edge_backend.numerics.intervals import runs

PANEL, MARGIN, HEAD = (520, 160), (52, 48), 54
WHITE, INK, GRID = (255, 255, 255), (40, 40, 40), (226, 226, 226)
HEEL, TOES = (200, 80, 30), (20, 100, 180)
HEEL_BAND, TOES_BAND = (252, 226, 210), (212, 230, 248)
FONT = ImageFont.load_default(size=14)


def draw_feet(path: Path, title: str, tracks: tuple[Track, Track], planted: Array, first: int) -> None:
    """The left foot. Left: before; right: after. Above: heights over the place of a flat foot; below: speed.

    planted: (T, 2) heel, toes, of the frames shown, which begin at frame `first`. The bands show them.
    """
    width, height = 2 * (PANEL[0] + MARGIN[0]) + 16, HEAD + 2 * (PANEL[1] + MARGIN[1])
    image = Image.new("RGB", (width, height), WHITE)
    draw = ImageDraw.Draw(image)
    draw.text((MARGIN[0], 8), title, INK, FONT)
    for label, colour, at in (("heel (ankle joint)", HEEL, 330), ("toes (toe joint)", TOES, 180)):
        draw.rectangle((width - at, 12, width - at + 12, 22), colour)
        draw.text((width - at + 17, 8), label, INK, FONT)
    leg, foot = SMPL_RIG.legs[0], SMPL_RIG.feet[0]
    for column, (name, track) in enumerate(zip(("before", "after"), tracks, strict=True)):
        points = track.joints[:, [leg.ankle, leg.toe]]
        heights = (points[..., 2] - [foot.ankle_height, foot.toe_height]) * 100
        speed = joint_speed(points * [1, 1, 0]) * 100
        left = MARGIN[0] + column * (PANEL[0] + MARGIN[0])
        for row, (unit, curves, limits) in enumerate(
            (("height, cm", heights, (-5, 20)), ("speed along the floor, cm/s", speed, (0, 100)))
        ):
            panel = Panel(draw, left, HEAD + row * (PANEL[1] + MARGIN[1]), limits, first, len(curves))
            panel.bands(planted)
            panel.grid()
            panel.curves(curves)
            draw.text((panel.left, panel.top - 19), f"{name}: {unit}", INK, FONT)
    image.quantize(32).save(path, optimize=True)


@dataclass(frozen=True)
class Panel:
    """A field for curves over `frames` frames from frame `first` on; limits of the values, bottom and top."""

    draw: ImageDraw.ImageDraw
    left: int
    top: int
    limits: tuple[float, float]
    first: int
    frames: int

    def x(self, frame: float) -> float:
        return self.left + frame * PANEL[0] / (self.frames - 1)

    def y(self, value: float) -> float:
        low, high = self.limits
        return self.top + PANEL[1] * (1 - (min(max(value, low), high) - low) / (high - low))

    def bands(self, planted: Array) -> None:
        middle = self.top + PANEL[1] / 2
        for part, colour, low, high in ((0, HEEL_BAND, self.top, middle), (1, TOES_BAND, middle, self.top + PANEL[1])):
            for start, end in runs(planted[:, part]):
                self.draw.rectangle((self.x(start), low, self.x(end - 1), high), colour)

    def grid(self) -> None:
        for tick in np.linspace(*self.limits, 6):
            self.draw.line((self.x(0), self.y(tick), self.x(self.frames - 1), self.y(tick)), INK if tick == 0 else GRID)
            self.draw.text((self.left - 8, self.y(tick)), f"{tick:g}", INK, FONT, anchor="rm")
        for frame in range(-self.first % 30, self.frames, 30):
            self.draw.line((self.x(frame), self.top, self.x(frame), self.top + PANEL[1]), GRID)
            label = f"{(self.first + frame) // 30} s"
            self.draw.text((self.x(frame), self.top + PANEL[1] + 3), label, INK, FONT, anchor="ma")

    def curves(self, values: Array) -> None:
        for curve, colour in zip(values.T, (HEEL, TOES), strict=True):
            self.draw.line([(self.x(t), self.y(value)) for t, value in enumerate(curve)], colour, width=2)
