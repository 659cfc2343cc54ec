"""Seamless loops: a dance to some bars of a song whose end is its beginning."""

import math
from dataclasses import asdict, dataclass, replace

import numpy as np

from ..audio.beats import BeatGrid
from ..audio.loading import Audio
from ..diffusion.ring import Ring
from ..errors import EdgeError
from ..motion.beat_alignment import align_to_beats
from ..motion.feet import FootSettings, clean_motion
from ..motion.looping import lap_motion
from ..motion.motion import Motion
from ..motion.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from ..motion.smoothing import smoothed
from ..numerics.array import Array
from ..schema.frames import FPS
from ..schema.requests import GenerateRequest
from .postprocess import place_at_origin

CLOSING = 10  # last frames, over which the remaining difference to the first frame fades in


@dataclass(frozen=True)
class Span:
    """Whole bars of a song. start, end: seconds. beats: (n,) seconds from `start`, without the one at the end."""

    bars: int
    start: float
    end: float
    beats: Array

    @property
    def frames(self) -> int:
        """The nearest number of whole frames."""
        return max(round((self.end - self.start) * FPS), 1)


def find_span(grid: BeatGrid, bars: int) -> Span:
    """The first `bars` whole bars of the grid. Raises EdgeError loop_too_long where it has fewer."""
    begins = grid.downbeats[grid.downbeats >= 0]
    if len(begins) <= bars:
        raise EdgeError(
            "loop_too_long",
            f"The song has {max(len(begins) - 1, 0)} whole bars from there on, and the loop is to have {bars}.",
            "Ask for fewer bars, or start earlier in the song.",
        )
    start, end = float(begins[0]), float(begins[bars])
    inside = (grid.beats >= start - 1e-3) & (grid.beats < end - 1e-3)
    return Span(bars, start, end, grid.beats[inside] - start)


def song_around(values: Array, span: Span, ring: Ring) -> Array:
    """Music windows (W, 150, channels) of the ring, from features (frames, channels) of the song at 30 fps."""
    places = np.linspace(span.start, span.end, span.frames, endpoint=False) * FPS
    known = np.arange(len(values))
    loop = np.stack([np.interp(places, known, channel) for channel in values.T], axis=1)
    return ring.cut(loop.astype(np.float32))


def sound_around(audio: Audio, span: Span, ring: Ring) -> Audio:
    """The sound of the bars, repeated for as long as the ring's windows last, and one second more.

    It is for features that are computed separately for each window.
    """
    first, last = (round(edge * audio.rate) for edge in (span.start, span.end))
    seconds = ring.covered / FPS + 1
    laps = math.ceil(seconds * audio.rate / (last - first))
    return replace(audio, samples=np.tile(audio.samples[first:last], laps)[: round(seconds * audio.rate)])


def finish_loop(
    sampled: Motion, travel: Array, span: Span, *, on_beat: float, feet: FootSettings, smoothness: float
) -> Motion:
    """Postprocess a loop: T + 1 frames, the last equal to the first but for the travel (bit for bit without travel).

    sampled: T frames. travel: (2,) metres from lap to lap, world. on_beat, feet, smoothness: as in Postprocessor. Beat
    alignment, smoothing and foot cleanup are applied to several laps, so that both ends have the same neighbours. The
    dance starts at x = y = 0 and faces -y.
    """
    frames = sampled.frames
    beats = span.beats * frames / (span.end - span.start) / FPS  # of whole frames
    seam = _between_beats(beats, frames)
    from_seam = np.sort((beats * FPS - seam) % frames / FPS)
    around, middle = lap_motion(replace(_unrolled(sampled, travel, seam, frames + 1), beats=from_seam))
    every_lap = np.arange(around.frames) % frames == 0
    timed = align_to_beats(around, around.beats, on_beat, every_lap).part(middle)
    around, middle = lap_motion(timed)
    clean = clean_motion(smoothed(around, smoothness), feet)
    closed = _closed(clean.part(middle), travel)
    # From between two beats back to the bar line.
    turned = _unrolled(closed.part(slice(frames)), travel, -seam, frames + 1)
    return _exact(place_at_origin(replace(turned, beats=beats.astype(np.float32))))


def loop_meta(span: Span, motion: Motion, request: GenerateRequest, stretch: float) -> dict[str, object]:
    """The entry `loop` of a motion file's metadata: the bars that were found, and the request.

    stretch: seconds of the song that were searched for bars. `asked` in the result: start and duration as requested,
    because the metadata otherwise describe the bars that were found.
    """
    frames = round(stretch * FPS)
    return {
        "asked": {
            "loop": None if request.loop is None else asdict(request.loop),
            "song": {"start": request.start, "duration": frames / FPS},
        },
        "bars": span.bars,
        "frames": motion.frames - 1,
        "start": round(span.start, 4),
        "seconds": round(span.end - span.start, 4),
        "travel": (motion.root[-1] - motion.root[0])[:2].astype(float).tolist(),
    }


def _between_beats(beats: Array, frames: int) -> int:
    """The frame halfway between the last beat and the end of the loop, where no stop is aligned."""
    return round((float(beats[-1]) * FPS + frames) / 2) if len(beats) else 0


def _unrolled(motion: Motion, travel: Array, first: int, count: int) -> Motion:
    """`count` frames of the endlessly repeated loop, from frame `first`, which may be negative."""
    lap, frame = np.divmod(np.arange(first, first + count), motion.frames)
    out = motion.part(frame)
    out.root[:, :2] += lap[:, None] * travel
    return out


def _closed(motion: Motion, travel: Array) -> Motion:
    """The loop (T + 1 frames) with its last frame equal to the first: the difference fades in over CLOSING frames."""
    reach = min(CLOSING, motion.frames - 1)
    share = np.clip(1 - np.arange(motion.frames)[::-1] / reach, 0, 1)[:, None]
    share = share**2 * (3 - 2 * share)
    moved = motion.root[0] + np.array([*travel, 0.0]) - motion.root[-1]
    turned = matrix_to_axis_angle(motion.rotations[0] @ motion.rotations[-1].swapaxes(-1, -2))
    back = axis_angle_to_matrix(turned * share[..., None])
    return replace(
        motion,
        root=(motion.root + share * moved).astype(np.float32),
        rotations=(back @ motion.rotations).astype(np.float32),
    )


def _exact(motion: Motion) -> Motion:
    """The loop with the last frame's values copied from the first, plus the travel."""
    rotations, root, contacts = motion.rotations.copy(), motion.root.copy(), motion.contacts.copy()
    rotations[-1], contacts[-1], root[-1, 2] = rotations[0], contacts[0], root[0, 2]
    return replace(motion, rotations=rotations, root=root, contacts=contacts)
