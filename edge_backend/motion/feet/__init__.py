"""Foot cleanup: removes foot skate, floating and floor penetration from a motion, on any skeleton with legs.

`clean` is the entry point; docs/feet.md explains the method. `planted` means a footplant constraint throughout: a heel
or toe joint that must not move horizontally (Kovar et al. 2002). numpy and the standard library only.
"""

from .clean import Cleaned, clean, clean_motion, find_plants, settle, settle_in_steps
from .rig import SMPL_RIG, FootRig, Leg
from .settings import ContactRange, FootSettings

__all__ = [
    "SMPL_RIG",
    "Cleaned",
    "ContactRange",
    "FootRig",
    "FootSettings",
    "Leg",
    "clean",
    "clean_motion",
    "find_plants",
    "settle",
    "settle_in_steps",
]
