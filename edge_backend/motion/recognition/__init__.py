"""Finds the parts of a body among a skeleton's bones, by hierarchy, rest pose and names together.

`recognise` is the entry point; docs/retargeting.md explains the method. numpy and the standard library only, because
Blender imports it.
"""

from .recognise import Recognition, recognise, upright
from .skeleton import Bone, BoneTree

__all__ = ["Bone", "BoneTree", "Recognition", "recognise", "upright"]
