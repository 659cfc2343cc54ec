"""Keys that a character shows for a moment, to be looked at before there is a take with them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import bpy
import numpy as np

from .. import compat
from ..keyframes.channel_keys import ChannelKeys
from .new_take import write_keys
from .switches import record_switches
from .take_list import showing


@contextmanager
def keys_shown(
    armature: bpy.types.Object, keys: Iterable[ChannelKeys], first_frame: float, scene: bpy.types.Scene
) -> Iterator[None]:
    """Have the armature show these keys of a take during this block. Raises EdgeError armature_tweaked."""
    record_switches(armature)
    action, curves = compat.new_action("Trial")
    try:
        write_keys(armature, curves, keys, first_frame, scene)
        with showing(armature, action):
            yield
    finally:
        bpy.data.actions.remove(action)


def keys_between(keys: Sequence[ChannelKeys], first: float, last: float) -> list[ChannelKeys]:
    """The keys that matter from frame `first` to frame `last`, inclusive: the curves are the same there."""
    return [_between(channel, first, last) for channel in keys]


def _between(keys: ChannelKeys, first: float, last: float) -> ChannelKeys:
    count = len(keys.frames)
    begin = min(max(0, int(np.searchsorted(keys.frames, first, "right")) - 1), count - 1)
    end = max(begin + 1, min(count, int(np.searchsorted(keys.frames, last, "left")) + 1))
    slopes = keys.slopes[begin:end] if keys.slopes is not None else None
    return replace(keys, frames=keys.frames[begin:end], values=keys.values[begin:end], slopes=slopes)
