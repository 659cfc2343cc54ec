"""Feet that stand: foot skate, floating and sinking taken out of a motion, on the dancer and on any rig with legs.

`clean` is the way in; docs/feet.md explains the method. numpy and the standard library only.
"""

from .clean import Cleaned, clean, clean_motion, settle, settle_in_steps
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
    "settle",
    "settle_in_steps",
]
