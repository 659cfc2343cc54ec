"""Single keys for channels that are constant in a dance, so that no other animation of the character moves them."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..rig.standing import StandingBone
from .channel_keys import ChannelKeys


def constant_keys(bones: Mapping[str, StandingBone], keys: Sequence[ChannelKeys], frame: float) -> list[ChannelKeys]:
    """A key at `frame` for each of the bones' channels that has none in the dance.

    bones: of the bone map, with their ancestors, by name. keys: of the dance. Locations of rotating bones get 0, other
    channels their present values, as the retargeting assumes.
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
