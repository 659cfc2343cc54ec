"""Armatures: the built-in dancer, which bone is what, and how the model's rotations become bone channels."""
