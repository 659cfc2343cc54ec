"""A skinned SMPL body from the user's model file: `smpl_file` reads it, `shaping` applies the shape (docs/body.md).

Imported by worker; Blender imports `skinned`, which needs numpy only.
"""
