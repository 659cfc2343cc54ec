"""The frames of a dance while it is sampled: which are final, which are constrained, and how windows see them."""

import numpy as np

from ..motion.boundary_smoothing import smooth_boundaries
from ..motion.motion import Motion
from ..motion.representation import CHANNELS, ROOT, Normaliser
from ..numerics.array import Array
from ..schema.frames import HOP, WINDOW
from .constraint_guidance import WindowConstraint
from .constraints import Constraint
from .long_form import WindowPlan, stitch
from .whittaker_blend import blended

LOOK_BACK = 30  # frames that stay open before a window's end if something is constrained this soon after it
ROOM = 0.5  # the largest normalised distance from the middle at which the network is used to seeing the root

_PLACE = slice(ROOT.start, ROOT.start + 2)  # the root over the floor


class Timeline:
    """Frames with the weights of a constraint; writing windows raises their weights to 1.

    motion: of plan.padded_frames frames. Channels with weight 1 are final.
    """

    def __init__(self, plan: WindowPlan, constraint: Constraint, normaliser: Normaliser) -> None:
        self.plan = plan
        self.motion = Motion.from_vectors(_padded(constraint.values, plan))
        self._weight = np.pad(constraint.weight, ((0, plan.padded_frames - plan.frames), (0, 0)))
        self._normaliser = normaliser
        self._constrained = constraint.weight.any(axis=1)
        self._usual = constraint.usual
        self._final = 0  # number of the first frames that are known to be final

    def open_windows(self) -> list[int]:
        """The windows with a channel that is not final."""
        return [window for window in range(self.plan.windows) if self.is_open(window)]

    def is_open(self, window: int) -> bool:
        """Whether a channel in the window is not final."""
        inside = slice(window * HOP, min(window * HOP + WINDOW, self.plan.frames))
        return bool((self._weight[inside] < 1).any())

    def final(self) -> Motion:
        """The frames from the beginning on that are final."""
        while self._final < self.plan.frames and (self._weight[self._final] >= 1).all():
            self._final += 1
        return self.motion.part(slice(self._final))

    def constraint_of(self, windows: range, steps: int) -> WindowConstraint | None:
        """The final and the constrained channels of these windows as a constraint; None if there are none."""
        inside = _frames_of(windows)
        weight = self._cut(self._weight[inside], windows)
        values = self._cut(self._normalised(self.motion.part(inside).vectors()), windows)
        return WindowConstraint(weight, values, steps) if bool((weight > 0).any()) else None

    def write_windows(self, windows: range, x0: Array, look_back: bool) -> None:
        """Write sampled windows x0 (W, 150, 151), normalised, and make them final.

        look_back: leave the last frames open where a constraint follows soon, so that the next window can lead up to
        it.
        """
        start, end = windows.start * HOP, min((windows.stop - 1) * HOP + WINDOW, self.plan.frames)
        inside = slice(start, end)
        sampled = stitch(self._normaliser.unnormalise(x0, clip=False)).part(slice(end - start))
        final = self._weight[inside] >= 1
        stretch = sampled.with_values(final, self.motion.part(inside))
        stretch = smooth_boundaries(blended(stretch, final), final, self._usual)
        if look_back and self._constrained[end : end + LOOK_BACK].any():
            end -= LOOK_BACK
        self._write(stretch.part(slice(end - start)), start)
        self._weight[start:end] = 1

    def _write(self, stretch: Motion, start: int) -> None:
        """Put the frames of a stretch in, the first of them at the frame `start`."""
        inside = slice(start, start + stretch.frames)
        self.motion.rotations[inside] = stretch.rotations
        self.motion.root[inside] = stretch.root
        self.motion.contacts[inside] = stretch.contacts

    def windows_of(self, dance: Array, windows: range) -> Array:
        """The windows (W, 150, 151), normalised but not clipped, of a dance (frames, 151) in metres."""
        return self._cut(self._normalised(_padded(dance, self.plan)[_frames_of(windows)]), windows)

    def _normalised(self, dance: Array) -> Array:
        return dance * self._normaliser.scale + self._normaliser.min

    def _cut(self, frames: Array, windows: range) -> Array:
        """These windows (W, 150, channels) of their own frames alone: a dance of an hour has 1440 windows."""
        return WindowPlan(len(frames), len(windows)).cut(frames)


def _frames_of(windows: range) -> slice:
    """The frames that the windows cover."""
    return slice(windows.start * HOP, (windows.stop - 1) * HOP + WINDOW)


def origins(plan: WindowPlan, constraint: Constraint, start: Array | None, normaliser: Normaliser) -> Array | None:
    """Offset (W, 1, 151), normalised, of each window from the range of root positions that the network was trained on.

    None where no constrained root is far away. Windows without a constrained root are interpolated from their
    neighbours. start: the dance to vary (frames, 151), metres, whose root counts as constrained.
    """
    place, constrained = constraint.values[:, _PLACE], (constraint.weight[:, _PLACE] > 0).all(axis=1)
    if start is not None:
        place, constrained = start[:, _PLACE], np.ones(len(start), dtype=bool)
    scale = normaliser.scale[_PLACE]
    if not (np.abs(place[constrained] * scale + normaliser.min[_PLACE]) > ROOM).any():
        return None
    middles = {
        window: (inside.min(axis=0) + inside.max(axis=0)) / 2
        for window in range(plan.windows)
        if len(inside := place[window * HOP : window * HOP + WINDOW][constrained[window * HOP : window * HOP + WINDOW]])
    }
    away = np.zeros((plan.windows, 1, CHANNELS), np.float32)
    for axis, channel in enumerate(range(_PLACE.start, _PLACE.stop)):
        known = [middle[axis] * scale[axis] for middle in middles.values()]
        away[:, 0, channel] = np.interp(range(plan.windows), list(middles), known)
    return away


def _padded(frames: Array, plan: WindowPlan) -> Array:
    """Values (padded_frames, 151), the last frame repeated."""
    return np.pad(frames, ((0, plan.padded_frames - len(frames)), (0, 0)), mode="edge")
