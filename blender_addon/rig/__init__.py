"""The characters: the built-in dancer and how the model's rotations become bone channels."""
