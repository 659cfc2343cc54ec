"""Draws the floor: a grid in perspective, the figure's shadow, and a glow under feet in contact."""

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from .body import COLOURS, CORAL, TEAL, Array, Limbs
from .camera import Camera
from .figure import KEY_LIGHT, to_bytes

_TOP, _HORIZON = np.array([[0.006, 0.008, 0.016], [0.022, 0.028, 0.052]], np.float32)  # linear RGB
_POOL = np.array([0.062, 0.072, 0.110], np.float32)  # linear RGB, added on the floor around the dancer
_LINE_COLOUR, _SHADOW_COLOUR = (150, 170, 235), (10, 12, 20)
_LINE_STRENGTH, _PULSE_STRENGTH = 0.45, 0.5
_CELL_M, _LINE_M = 0.5, 0.012
_FAR_M = 3.2  # metres; light and grid fade with exp(-(distance / this)^2)

_MAP_M, _MAP_CELLS = 4.4, 280  # side of the square around the dancer on which shadow and glow are drawn
_FOOT_M = 0.085  # radius of a glow
_FADE_FRAMES = 14  # frames over which a glow fades after the contact


class Floor:
    """The picture without the figure; values that do not depend on the camera's position are computed once."""

    def __init__(self, camera: Camera) -> None:
        """camera: of the size and direction of those passed to `draw`, which may differ in x and y."""
        width, height = camera.size
        rays = camera.rays()
        self._horizon = int(np.argmax((rays[..., 2] < -0.02).all(axis=1)))  # the first row that is all floor
        rays = rays[self._horizon :]
        reach = rays[..., :2] * (camera.position[2] / -rays[..., 2:])  # (rows, width, 2) metres from under the camera
        distance = np.linalg.norm(reach - (camera.target - camera.position)[:2], axis=-1)
        fade = np.exp(-((distance / _FAR_M) ** 2))
        self._empty = _backdrop(height, width, self._horizon, fade)
        self._axes = [_grid_axis(reach[..., axis], fade) for axis in (0, 1)]

    def draw(self, camera: Camera, limbs: Limbs, glow: Array, pulse: float) -> Image.Image:
        """A new RGB picture of the floor.

        limbs: for the shadow. glow: (n, 4), x, y (metres, world), side (0 left, 1 right), strength 0..1. pulse: 0..1,
        brightness of the grid.
        """
        image = self._empty.copy()
        lines = self._lines(camera) * (255 * (_LINE_STRENGTH + _PULSE_STRENGTH * pulse))
        image.paste(_LINE_COLOUR, (0, self._horizon), Image.fromarray(lines.astype(np.uint8)))
        floor_map = _draw_map(limbs, glow, camera.target)
        seen, (left, top) = _project(floor_map, camera, self._horizon)
        colours = [_SHADOW_COLOUR, *(tuple(to_bytes(COLOURS[side]).tolist()) for side in (TEAL, CORAL))]
        for colour, mask in zip(colours, seen.split(), strict=True):
            if box := mask.getbbox():
                image.paste(colour, (left + box[0], top + box[1]), mask.crop(box))
        return image

    def _lines(self, camera: Camera) -> Array:
        """Coverage (rows, width) by grid lines, 0..1, of the pixels below the horizon, fading with distance."""
        covers = []
        for axis, (cells, sharpness, bias, strength) in enumerate(self._axes):
            from_line = cells + np.float32(camera.position[axis] / _CELL_M)
            from_line -= np.rint(from_line)
            np.abs(from_line, out=from_line)
            from_line *= sharpness
            covers.append(np.clip(bias - from_line, 0, 1) * strength)
        return np.maximum(*covers)


def _project(floor_map: Image.Image, camera: Camera, horizon: int) -> tuple[Image.Image, tuple[int, int]]:
    """The floor map in perspective, cropped to the pixels that it can cover, and their upper left corner."""
    edges = camera.target[:2] + _MAP_M / 2 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    seen = camera.project(np.pad(edges, ((0, 0), (0, 1))))
    left, top = np.floor(seen.min(axis=0)).astype(int).clip((0, horizon), camera.size).tolist()
    right, bottom = np.ceil(seen.max(axis=0)).astype(int).clip((0, horizon), camera.size).tolist()

    width, height = camera.size
    across, down, ahead = camera.axes / camera.focal
    # The ray's x, y, z as affine functions of the pixel: factors for the column, for the row, and the constant.
    x, y, z = np.stack([across, down, ahead * camera.focal - across * width / 2 - down * height / 2], axis=1)
    scale, corner = _MAP_CELLS / _MAP_M, edges[0]
    u = scale * ((camera.position[0] - corner[0]) * z - camera.position[2] * x)  # z times the map's column
    v = scale * ((camera.position[1] - corner[1]) * z - camera.position[2] * y)
    rows = np.stack([u, v, z])
    rows[:, 2] += rows[:, 0] * left + rows[:, 1] * top
    rows /= rows[2, 2]
    size, coefficients = (right - left, bottom - top), rows.ravel()[:8].tolist()
    return floor_map.transform(size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR), (left, top)


def _backdrop(height: int, width: int, horizon: int, fade: Array) -> Image.Image:
    """Background gradient and light on the floor, with noise against banding. fade: (rows below the horizon, width)."""
    down = (np.arange(height, dtype=np.float32) / max(horizon, 1)).clip(0, 1)[:, None, None] ** 2
    image = np.broadcast_to(_TOP + down * (_HORIZON - _TOP), (height, width, 3)).copy()
    image[horizon:] += fade[..., None] * _POOL
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, image.shape)
    return Image.fromarray((np.sqrt(image) * 255 + 0.5 + noise).astype(np.uint8))


def _grid_axis(reach: Array, fade: Array) -> tuple[Array, Array, Array, Array]:
    """Arrays (rows, width) for `Floor._lines`: positions in cells, pixels per cell, pixels to a line's edge, strength.

    reach: (rows, width) metres along the axis from below the camera. fade: (rows, width).
    """
    down, across = np.gradient(reach)
    footprint = np.maximum(np.abs(down) + np.abs(across), 1e-4)  # metres of floor per pixel
    thin = np.minimum(_LINE_M / footprint, 1)  # lines thinner than a pixel are drawn fainter, not thicker
    parts = reach / _CELL_M, _CELL_M / footprint, _LINE_M / 2 / footprint + 0.5, thin * fade
    return tuple(part.astype(np.float32) for part in parts)  # type: ignore[return-value]


def foot_glow(joints: Array, contacts: Array, frame: int) -> Array:
    """The glows (n, 4) of a frame for `Floor.draw`: of feet in contact, and fading ones of recent contacts.

    joints: (T, 24, 3) metres, world. contacts: (T, 4) left ankle, right ankle, left toes, right toes, in [0, 1].
    """
    rows = [
        (*joints[past, joint, :2], side, float(contacts[past, channel]) * (1 - (frame - past) / _FADE_FRAMES) ** 2)
        for past in range(max(frame - _FADE_FRAMES + 1, 0), frame + 1)
        for channel, (joint, side) in enumerate(((7, 0), (8, 1), (10, 0), (11, 1)))
        if contacts[past, channel] > 0.5
    ]
    return np.array(rows, np.float32).reshape(-1, 4)


def _draw_map(limbs: Limbs, glow: Array, centre: Array) -> Image.Image:
    """The square of floor around centre (3,), from above: shadow, left glow and right glow as three channels."""
    scale, corner = _MAP_CELLS / _MAP_M, centre[:2] - _MAP_M / 2
    left, right = (_draw_glow(glow[glow[:, 2] == side], scale, corner) for side in (0, 1))
    return Image.merge("RGB", (_draw_shadow(limbs, scale, corner), left, right))


def _draw_shadow(limbs: Limbs, scale: float, corner: Array) -> Image.Image:
    """The limbs' shadow by the key light, blurred and lightened with their height. scale: cells per metre."""
    away = KEY_LIGHT[:2] / KEY_LIGHT[2]
    starts, ends = ((p[:, :2] - p[:, 2:] * away - corner) * scale for p in (limbs.starts, limbs.ends))
    heights = (limbs.starts[:, 2] + limbs.ends[:, 2]) / 2
    shadow = Image.new("L", (_MAP_CELLS, _MAP_CELLS))
    for low, high, blur, strength in ((0.6, 9.0, 6.5, 115), (0.2, 0.6, 3.5, 145), (-9.0, 0.2, 1.6, 180)):
        layer = Image.new("L", shadow.size)
        pen = ImageDraw.Draw(layer)
        for limb in np.flatnonzero((heights >= low) & (heights < high)):
            (x0, y0), (x1, y1), radius = starts[limb], ends[limb], float(limbs.radii[limb].mean()) * scale
            pen.line((x0, y0, x1, y1), fill=strength, width=max(round(2 * radius), 1))
            for x, y in ((x0, y0), (x1, y1)):
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=strength)
        shadow = ImageChops.lighter(shadow, layer.filter(ImageFilter.GaussianBlur(blur)))
    return shadow


def _draw_glow(glow: Array, scale: float, corner: Array) -> Image.Image:
    layer = Image.new("L", (_MAP_CELLS, _MAP_CELLS))
    pen = ImageDraw.Draw(layer)
    radius = _FOOT_M * scale
    for x, y, _, strength in sorted(glow.tolist(), key=lambda row: row[3]):
        u, v = (x - corner[0]) * scale, (y - corner[1]) * scale
        pen.ellipse((u - radius, v - radius, u + radius, v + radius), fill=round(150 * strength))
    return layer.filter(ImageFilter.GaussianBlur(0.03 * scale))
