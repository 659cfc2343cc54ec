"""Frames of the scene and of a dance. No bpy."""

from typing import NamedTuple

from ..edge_backend.motion.motion import Motion


class Timing(NamedTuple):
    """Where the new dance lies in the scene.

    first: the scene's frame of its frame 0. rate: the scene's frames a second. frames: how many it has, 30 a second.
    """

    first: float
    rate: float
    frames: int

    def to_dance(self, frame: float) -> float:
        """A frame of the scene, counted in the dance."""
        return (frame - self.first) * Motion.fps / self.rate

    def to_scene(self, frame: float) -> float:
        """A frame of the dance, counted in the scene."""
        return self.first + frame * self.rate / Motion.fps
