"""The network, its weights files, and the style and energy that it can be asked for. Needs torch.

Imported by diffusion and every room above it; Blender imports `catalogue`, which needs the standard library only.
"""
