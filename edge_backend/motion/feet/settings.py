"""Settings of the foot cleanup."""

from dataclasses import dataclass
from typing import Literal

Part = Literal["foot", "heel", "toes"]


@dataclass(frozen=True, slots=True)
class ContactRange:
    """A contact given by the animator, which overrides the model's and the tests of height and speed.

    leg: number of the leg in the rig (SMPL: 0 left, 1 right). start, end: frames, both included. part: the whole foot,
    or its heel or toes alone. planted: False releases the part in these frames.
    """

    leg: int
    start: int
    end: int
    part: Part = "foot"
    planted: bool = True


@dataclass(frozen=True, slots=True)
class FootSettings:
    """Settings of the foot cleanup. Raises ValueError for values out of range.

    enabled: False returns the motion unchanged. strength: 0 changes nothing, 1 locks planted feet exactly.
    contact_threshold: in (0, 1], the contact channel's value from which a plant starts; half of it continues a plant.
    blend_frames: frames over which a correction fades beside a plant; large corrections take more. floor: height of the
    floor, metres, world z. allow_pivots: whether a planted toe may turn on the spot; if not, its heading is locked too.
    contacts: the animator's, which override detection.
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
