"""The SMPL body, from a model file that the user owns: `smpl_file` reads it, `shaping` gives it a shape (docs/body.md).

Imported by worker; Blender imports `skinned`, which needs numpy only.
"""
