"""What the animator can set about the foot cleanup."""

from dataclasses import dataclass
from typing import Literal

Part = Literal["foot", "heel", "toes"]


@dataclass(frozen=True, slots=True)
class ContactRange:
    """A contact given by hand, which overrules the model's and the checks of height and speed.

    leg: number of the leg in the rig (SMPL: 0 left, 1 right). start, end: frames, both included. part: the whole foot,
    or its heel or toes alone. planted: False keeps the part free in these frames.
    """

    leg: int
    start: int
    end: int
    part: Part = "foot"
    planted: bool = True


@dataclass(frozen=True, slots=True)
class FootSettings:
    """How feet are cleaned. Lengths are metres for a leg of 0.81 m (SMPL's); they grow with the rig's legs.

    enabled: off returns the motion as it came. strength: 0 changes nothing, 1 locks planted feet exactly.
    contact_threshold: the model's contact, in [0, 1], from which a foot counts as planted; half of it keeps it planted.
    blend_frames: frames over which a correction fades beside a plant; large corrections take longer by themselves.
    floor: where the floor is to be, world z. allow_pivots: a planted toe may turn on the spot; off locks its heading
    too. contacts: given by hand.
    """

    enabled: bool = True
    strength: float = 1.0
    contact_threshold: float = 0.5
    blend_frames: int = 6
    floor: float = 0.0
    allow_pivots: bool = True
    contacts: tuple[ContactRange, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise ValueError(f"strength is {self.strength}, not between 0 and 1")
        if not 0 < self.contact_threshold <= 1:
            raise ValueError(f"contact_threshold is {self.contact_threshold}, not above 0 and at most 1")
        if self.blend_frames < 1:
            raise ValueError(f"blend_frames is {self.blend_frames}, less than 1")
