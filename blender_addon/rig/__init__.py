"""Armatures: the built-in dancer, bone maps, retargeting to bone channels, and obstacles to a dance.

Imported by keyframes, takes and every room above them."""
