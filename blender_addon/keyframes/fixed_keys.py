"""Channels that stand still in a dance and are keyed once, so that no other animation of the character moves them."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..rig.standing import StandingBone
from .channel_keys import ChannelKeys


def fixed_keys(bones: Mapping[str, StandingBone], keys: Sequence[ChannelKeys], frame: float) -> list[ChannelKeys]:
    """One key at `frame` for each channel that the dance's own keys leave out, of its bones and of those that carry it.

    Where a dance is worked out, bones that turn with it are in place, and all others stand as they stood.
    """
    written = {(channel.bone, channel.channel) for channel in keys}
    fixed = []
    for name, bone in bones.items():
        turned = (name, bone.rotation) in written
        for channel in bone.values:
            if channel in bone.keyed and (name, channel) not in written:
                values = np.zeros(3) if turned and channel == "location" else bone.values[channel]
                fixed.append(ChannelKeys(name, channel, np.array([frame]), values[None], "CONSTANT"))
    return fixed
