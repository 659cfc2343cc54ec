"""Phrases: parts of a clip that are whole counts long, measured for the planner."""

import cmath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..errors import EdgeError
from ..motion.beat_alignment import motion_beats, places_on_the_beat
from ..motion.motion import Motion
from ..motion.rotations import axis_angle_to_matrix
from ..motion.skeleton import Joint
from ..numerics.array import Array
from ..schema.frames import FPS
from .slots import PHRASE_COUNTS

Level = Literal["floor", "low", "high"]

STEP = PHRASE_COUNTS // 2  # counts from the start of a phrase to the start of the next
READINGS = (
    (60, 76),
    (76, 98),
    (98, 124),
    (124, 152),
    (152, 184),
)  # bpm; a clip of unknown tempo is counted once in each
ANY = (0.0, np.inf)  # bpm
STILL = 0.05  # mean m/s of the joints relative to the pelvis; less is no dance
FASTEST = 25.0  # m/s of a joint; more is a jump of the recording
MOST_SUDDEN = 360.0  # m/s^2 of a joint; more is a jump and back, without which the rest may be danced
FLOOR, LOW = 0.4, 0.75  # metres of the pelvis below which a phrase is danced on the floor, or low
NEAR_COUNT = 0.2  # a stop of the body this near to a count, in counts, is an accent on it
REACH_S = 0.1  # the velocity at a phrase's ends is the mean over this time
VELOCITY_S = 0.2  # one m/s counts as much as this many metres
# Compared where one phrase follows another; collars, spine and hands follow from these.
JOINTS = (
    Joint.PELVIS, Joint.LEFT_KNEE, Joint.RIGHT_KNEE, Joint.LEFT_ANKLE, Joint.RIGHT_ANKLE, Joint.LEFT_TOES,
    Joint.RIGHT_TOES, Joint.SPINE3, Joint.HEAD, Joint.LEFT_SHOULDER, Joint.RIGHT_SHOULDER, Joint.LEFT_ELBOW,
    Joint.RIGHT_ELBOW, Joint.LEFT_WRIST, Joint.RIGHT_WRIST,
)  # fmt: skip
POSE = 6 * len(JOINTS)
_MIRRORED = [0, 2, 1, 4, 3, 6, 5, 7, 8, 10, 9, 12, 11, 14, 13]  # of JOINTS


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase of a clip.

    counts: (n + 1,) frames of the clip, with fractions, of its n counts and of its end. accents: numbers of the counts
    on which the body stops. energy: mean speed of the joints relative to the pelvis, m/s. move: (x, y) metres from its
    start to its end, for a dancer who faces -y at the start. turn, facing: radians from the heading at the start to
    that at the end, and to the mean one. level: from the pelvis's mean height. source: the file's name. speeds: as
    energy, of each count.
    """

    id: str
    clip: str
    counts: tuple[float, ...]
    accents: tuple[int, ...]
    style: str
    energy: float
    move: tuple[float, float]
    turn: float
    facing: float
    level: Level
    source: str
    licence: str
    speeds: tuple[float, ...]

    @property
    def tempo(self) -> float:
        """Counts a minute."""
        return 60 * FPS * (len(self.counts) - 1) / (self.counts[-1] - self.counts[0])


def cut(motion: Motion, clip: str, source: str, *, style: str, licence: str, tempo: float | None) -> list[Phrase]:
    """The phrases of a clip, each PHRASE_COUNTS counts long, one every STEP counts.

    Counts are the motion's beats; without any, those of `tempo` (bpm) that lie best on its stops, drawn onto these;
    without a tempo, those of the best tempo in each of READINGS. Phrases in which the recording jumps are left out.
    Raises EdgeError phrases_unusable, whose message says what is wrong.
    """
    joints = motion.joints().astype(np.float64)
    _check(joints, source)
    torn = _torn(joints)
    found: list[Phrase] = []
    for counts, (low, high) in _readings(motion, joints, tempo):
        for first in range(0, len(counts) - PHRASE_COUNTS, STEP):
            part = counts[first : first + PHRASE_COUNTS + 1]
            bpm = 60 * FPS / np.diff(part).mean()
            if not low <= bpm <= high or ((torn > part[0] - 1) & (torn < part[-1] + 1)).any():
                continue
            name = f"{clip}-{round(bpm)}-{first}"
            found.append(_measured(motion, joints, part, Phrase(
                name, clip, tuple(part.round(3).tolist()), (), style, 0.0, (0.0, 0.0), 0.0, 0.0, "high", source,
                licence, ()
            )))  # fmt: skip
    if not found and len(torn):
        raise _unusable(source, f"jumps at frame {torn[0]}, and has no {PHRASE_COUNTS} counts without that")
    if not found:
        raise _unusable(source, f"has no {PHRASE_COUNTS} counts: it is {motion.frames / FPS:.1f} s long")
    return found


def following(phrases: Sequence[Phrase]) -> list[int]:
    """For each phrase the number of the one that begins STEP counts after it in its clip; -1 if there is none."""
    number = {(phrase.clip, phrase.counts[0], phrase.counts[STEP]): at for at, phrase in enumerate(phrases)}
    return [number.get((phrase.clip, phrase.counts[STEP], phrase.counts[2 * STEP]), -1) for phrase in phrases]


def frames_around(phrases: Sequence[Phrase]) -> tuple[Array, Array]:
    """The frames (n,) of its clip that can be shown before each phrase, and after: those of phrases that reach it."""
    before, after = np.zeros((2, len(phrases)))
    clips: dict[str, list[int]] = {}
    for number, phrase in enumerate(phrases):
        clips.setdefault(phrase.clip, []).append(number)
    for members in clips.values():
        starts, ends = np.array([(phrases[number].counts[0], phrases[number].counts[-1]) for number in members]).T
        earlier = (starts <= starts[:, None]) & (ends >= starts[:, None])
        before[members] = starts - np.where(earlier, starts, np.inf).min(axis=1)
        later = (starts <= ends[:, None]) & (ends >= ends[:, None])
        after[members] = np.where(later, ends, -np.inf).max(axis=1) - ends
    return before, after


def going_on(phrase: Phrase, after: Phrase) -> Phrase:
    """The phrase with the STEP last counts of `after`, which begins STEP counts after it.

    Energy, move, turn and facing are estimates from those of both.
    """
    counts = len(phrase.counts) - 1
    way = complex(*after.move) * cmath.rect(0.5, phrase.turn / 2)
    return replace(
        phrase,
        counts=phrase.counts + after.counts[-STEP:],
        accents=phrase.accents + tuple(count + STEP for count in after.accents if count + STEP >= counts),
        energy=(phrase.energy + after.energy) / 2,
        speeds=phrase.speeds + after.speeds[-STEP:],
        move=(phrase.move[0] + way.real, phrase.move[1] + way.imag),
        turn=phrase.turn + after.turn / 2,
        facing=(counts * phrase.facing + STEP * (phrase.turn + after.turn / 4)) / (counts + STEP),
    )


def pose_at(joints: Array, facing: Array, frame: float) -> Array:
    """The pose (POSE,) at a frame: places (metres) of JOINTS as if at the origin, facing -y, and their velocities.

    joints: (T, 24, 3) metres, world. facing: (T,) radians, from `headings`. Velocities are times VELOCITY_S.
    """
    here = int(np.clip(round(frame), 0, len(joints) - 1))
    reach = max(round(REACH_S * FPS / 2), 1)
    first, last = max(here - reach, 0), min(here + reach, len(joints) - 1)
    velocity = (joints[last] - joints[first])[list(JOINTS)] * FPS / max(last - first, 1)
    place = joints[here, list(JOINTS)].copy()
    place[:, :2] -= joints[here, Joint.PELVIS, :2]
    back = axis_angle_to_matrix(np.array([0.0, 0.0, -facing[here]])).T
    return np.concatenate([place @ back, VELOCITY_S * velocity @ back]).ravel()


def mirrored_pose(poses: Array) -> Array:
    """Poses (n, POSE), each mirrored left to right."""
    parts = poses.reshape(len(poses), 2, len(JOINTS), 3)[:, :, _MIRRORED] * np.array([-1, 1, 1], poses.dtype)
    return parts.reshape(poses.shape)


def headings(motion: Motion) -> Array:
    """Headings (T,) of the pelvis: radians from -y, counterclockwise from above, continuous past half turns."""
    forward = motion.rotations[:, Joint.PELVIS, :2, 2].astype(np.float64)
    return np.unwrap(np.arctan2(forward[:, 0], -forward[:, 1]))


def _measured(motion: Motion, joints: Array, counts: Array, phrase: Phrase) -> Phrase:
    first, last = round(counts[0]), min(round(counts[-1]), motion.frames - 1)
    facing = headings(motion)[first : last + 1]
    body = joints[first : last + 1] - joints[first : last + 1, [Joint.PELVIS]]
    path = joints[[first, last], Joint.PELVIS, :2]
    back = axis_angle_to_matrix(np.array([0.0, 0.0, -facing[0]]))[:2, :2]
    move = back @ (path[1] - path[0])
    stops = motion_beats(joints[first : last + 1]) * FPS + first if last - first > 3 else np.zeros(0)
    length = np.diff(counts)
    accents = [
        number for number, size in enumerate(length) if (np.abs(stops - counts[number]) < NEAR_COUNT * size).any()
    ]
    speed = np.linalg.norm(np.diff(body, axis=0), axis=-1).mean(axis=1) * FPS
    until = np.concatenate([[0.0], np.cumsum(speed)])
    along = np.interp(counts - first, np.arange(len(until)), until)
    height = float(joints[first : last + 1, Joint.PELVIS, 2].mean())
    return Phrase(
        phrase.id,
        phrase.clip,
        phrase.counts,
        tuple(accents),
        phrase.style,
        round(float(speed.mean()), 4),
        (round(float(move[0]), 3), round(float(move[1]), 3)),
        round(float(facing[-1] - facing[0]), 3),
        round(float(facing.mean() - facing[0]), 3),
        "floor" if height < FLOOR else "low" if height < LOW else "high",
        phrase.source,
        phrase.licence,
        tuple((np.diff(along) / length).round(3).tolist()),
    )


def _readings(motion: Motion, joints: Array, tempo: float | None) -> Iterator[tuple[Array, tuple[float, float]]]:
    """Frames of the counts, and the range of their phrases' tempi, bpm.

    One array, or one for each of READINGS if neither beats nor a tempo are known: a phrase whose counts leave the range
    for its stops is better read in another.
    """
    if len(motion.beats) > PHRASE_COUNTS:
        yield np.asarray(motion.beats, np.float64) * FPS, ANY
        return
    stops = motion_beats(joints) * FPS
    for low, high in [(tempo, tempo)] if tempo else READINGS:
        tempi = np.arange(low, high + 0.5)
        fits = [_comb(stops, 60 * FPS / each) for each in tempi]
        best = int(np.argmax([fit for fit, _ in fits]))
        counts = np.arange(fits[best][1], len(joints) - 0.5, 60 * FPS / tempi[best])
        yield drawn_onto_stops(counts, stops, len(joints)), ANY if tempo else (low, high)


def drawn_onto_stops(counts: Array, stops: Array, frames: int) -> Array:
    """Counts (n,) moved onto stops (m,) of a body, both in frames of a clip of this many frames.

    As motion.beat_alignment moves stops onto beats: as many as possible, by small changes of tempo, the counts on which
    phrases begin before others. So the stops of a phrase lie on beats wherever its counts do.
    """
    begins_phrase = np.arange(len(counts)) % STEP == 0
    places = places_on_the_beat(stops / FPS, counts / FPS, np.zeros(frames, dtype=bool), begins_phrase)
    return counts if places is None else np.interp(counts, np.arange(frames), places)


def _comb(stops: Array, period: float) -> tuple[float, float]:
    """How well the stops fit a grid of this period, from 0 to 1 (length of their mean phase), and its first frame."""
    if not len(stops):
        return 0.0, 0.0
    mean = np.exp(2j * np.pi * stops / period).mean()
    return float(abs(mean)), float(np.angle(mean) / (2 * np.pi) % 1 * period)


def _check(joints: Array, source: str) -> None:
    if len(joints) < FPS:
        raise _unusable(source, "is shorter than a second")
    speed = np.linalg.norm(np.diff(joints, axis=0), axis=-1) * FPS
    if speed.max() > FASTEST:
        frame = int(speed.max(axis=1).argmax()) + 1
        raise _unusable(source, f"jumps at frame {frame}: a joint moves at {speed.max():.0f} m/s")
    body = joints - joints[:, [Joint.PELVIS]]
    if np.linalg.norm(np.diff(body, axis=0), axis=-1).mean() * FPS < STILL:
        raise _unusable(source, "hardly moves")


def _torn(joints: Array) -> Array:
    """The frames in which a joint (T, 24, 3) accelerates more than MOST_SUDDEN."""
    sizes = np.linalg.norm(np.diff(joints, n=2, axis=0), axis=-1) * FPS**2
    return np.flatnonzero(sizes.max(axis=1) > MOST_SUDDEN) + 1


def _unusable(source: str, why: str) -> EdgeError:
    return EdgeError("phrases_unusable", f"{source} gives no phrases: it {why}.", "Leave it out.")
