"""The SMPL body, from a model file that the user owns; docs/body.md.

`smpl_file` reads the model, `shaping` gives it a shape with the package smplx, `skinned` is what goes to Blender, which
imports that module alone: it needs numpy only.
"""
