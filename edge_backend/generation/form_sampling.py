"""Samples a dance by a plan: new slots by the network, then the joins between these, phrases and repeated slots."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np

from ..choreography.joins import LONGEST, joining
from ..choreography.library import Library, frames_beside, phrase_material
from ..choreography.pieces import laid, new_frames, pieces_of, with_clips_beside
from ..choreography.plan import Plan
from ..diffusion.constraints import Constraint, free
from ..diffusion.long_form import plan_windows
from ..diffusion.song import FinalFrames
from ..motion.motion import Motion, joined
from ..numerics.array import Array
from .beat_timing import BeatTiming
from .postprocess import LOOK_AHEAD

WINDOWS_OF_A_JOIN = 1  # work of a join, in windows: it lies in two, each of which is sampled without guidance


class Sample(Protocol):
    """Samples a motion of n frames under a constraint on n frames.

    condition: (n or more, channels), or (windows, 150, channels). share: (start, end), 0 to 1, of the dance's sampling,
    for progress. guided: use classifier-free guidance, which doubles the work.
    """

    def __call__(
        self,
        condition: Array,
        constraint: Constraint,
        on_final: FinalFrames,
        share: tuple[float, float],
        *,
        guided: bool,
    ) -> Motion:
        """The sampled motion."""


def sample_in_form(
    sample: Sample,
    condition: Array,
    plan: Plan,
    frames: int,
    on_final: FinalFrames,
    *,
    timing: BeatTiming,
    library: Library | None = None,
    on_laid: Callable[[Constraint], None] | None = None,
) -> tuple[Motion, Constraint]:
    """Sample a dance of `frames` frames by a plan, in two passes: the new frames, then the joins. Returns it, and the
    constraint under which its pieces were joined.

    The new frames are aligned with the beats before anything returns, so that it returns with the same timing.

    condition: the music, (frames or more, channels); the new frames are then sampled as one dance to the concatenation
    of their music. Or (windows, 150, channels), for features that are computed per window; then all frames are sampled,
    and repeated slots are replaced afterwards. on_final: as in sample_song; in the first pass it gets the frames before
    the first join, of which the last LOOK_AHEAD are not on the beats yet. A dance that begins with a phrase as it is
    begins before anything is sampled; before its first bar it shows the phrase's clip, if that goes so far back, and
    after its last bar that of the last phrase.
    timing: of the whole dance. library: of the plan's phrases. on_laid: called between the passes with the constraint.
    Raises EdgeError phrase_unknown, phrases_unreadable.
    """
    new = new_frames(plan, frames) if condition.ndim == 2 else np.ones(frames, dtype=bool)
    lead, rest = frames_beside(plan, library, frames) if condition.ndim == 2 else (0, 0)
    first, last = (plan[0].slot.start, plan[-1].slot.stop) if plan else (0, frames)
    new[first - lead : first] = new[last : last + rest] = False
    count = int(new.sum())
    clips, phrases = phrase_material(plan, library, count)
    pieces = with_clips_beside(pieces_of(plan, np.where(new, np.cumsum(new) - 1, -1), phrases), lead, rest)
    first_join = pieces[1].start - LONGEST if len(pieces) > 1 else frames
    shown = first_join if not pieces[0].front else 0
    timing = timing.of(new)
    new_music = np.concatenate([condition[:frames][new], condition[frames:]]) if condition.ndim == 2 else condition

    def on_material(sampled: Motion) -> None:
        on_final(timing.aligned(sampled, sampled.frames - LOOK_AHEAD).part(slice(shown)))

    windows = plan_windows(count).windows if count else 0
    share = windows / (windows + max(WINDOWS_OF_A_JOIN * (len(pieces) - 1), 1))
    if pieces[0].front and not pieces[0].originality:
        alone = replace(pieces[0], at=pieces[0].at - count)  # of the clips without the new frames
        on_final(laid([alone], joined(clips)).part(slice(first_join)))
    sampled = [sample(new_music, free(count), on_material, (0.0, share), guided=True)] if count else []
    material = [timing.aligned(dance, count) for dance in sampled]
    dance = laid(pieces, joined(material + clips))
    varied = any(piece.originality for piece in pieces)
    constraint = joining(pieces, dance)
    if on_laid:
        on_laid(constraint)
    return sample(condition, constraint, on_final, (share, 1.0), guided=varied), constraint
