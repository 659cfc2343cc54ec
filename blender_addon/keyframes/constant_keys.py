"""Channels that do not move in a dance, keyed once so that no other animation of the character moves them."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..rig.standing import StandingBone
from .channel_keys import ChannelKeys


def constant_keys(bones: Mapping[str, StandingBone], keys: Sequence[ChannelKeys], frame: float) -> list[ChannelKeys]:
    """One key at `frame` for each channel without keys in the dance, of its bones and of the bones that carry them.

    The dance is computed for a rig whose rotating bones have no location of their own and whose other bones do not
    move.
    """
    written = {(channel.bone, channel.channel) for channel in keys}
    constant = []
    for name, bone in bones.items():
        turned = (name, bone.rotation) in written
        for channel in bone.values:
            if channel in bone.keyed and (name, channel) not in written:
                values = np.zeros(3) if turned and channel == "location" else bone.values[channel]
                constant.append(ChannelKeys(name, channel, np.array([frame]), values[None], "CONSTANT"))
    return constant
