"""Conversion between frames of the scene and frames of a dance. No bpy."""

from typing import NamedTuple

from ..edge_backend.motion.motion import Motion


class Timing(NamedTuple):
    """The range of a dance in the scene.

    first: the frame of the scene of the dance's frame 0. rate: the scene's frames per second. frames: the number of
    frames of the dance, at 30 per second.
    """

    first: float
    rate: float
    frames: int

    def to_dance(self, frame: float) -> float:
        """Convert a frame of the scene to one of the dance; both may be fractional."""
        return (frame - self.first) * Motion.fps / self.rate

    def to_scene(self, frame: float) -> float:
        """Convert a frame of the dance to one of the scene; both may be fractional."""
        return self.first + frame * self.rate / Motion.fps
