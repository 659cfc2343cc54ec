"""Temporary keys on a character, to evaluate its poses before a take is made."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import bpy
import numpy as np

from .. import compat
from ..keyframes.channel_keys import ChannelKeys
from .new_take import TakeKeys, write_keys
from .switches import record_switches
from .take_list import showing


@contextmanager
def keys_shown(armature: bpy.types.Object, keys: TakeKeys, first_frame: float) -> Iterator[None]:
    """In this block the armature has a temporary action with these keys. Raises EdgeError armature_tweaked."""
    record_switches(armature, keys.switches.paths)
    action, curves = compat.new_action("Trial")
    try:
        write_keys(curves, keys, first_frame)
        with showing(armature, action):
            yield
    finally:
        bpy.data.actions.remove(action)


def keys_between(keys: TakeKeys, first: float, last: float) -> TakeKeys:
    """The keys that the curves from frame `first` to `last`, inclusive, depend on."""
    return replace(keys, channels=[_between(channel, first, last) for channel in keys.channels])


def _between(keys: ChannelKeys, first: float, last: float) -> ChannelKeys:
    count = len(keys.frames)
    begin = min(max(0, int(np.searchsorted(keys.frames, first, "right")) - 1), count - 1)
    end = max(begin + 1, min(count, int(np.searchsorted(keys.frames, last, "left")) + 1))
    slopes = keys.slopes[begin:end] if keys.slopes is not None else None
    return replace(keys, frames=keys.frames[begin:end], values=keys.values[begin:end], slopes=slopes)
