"""The network, the engines that evaluate it, its weights files, and the style and energy that it can be asked for.

Imported by diffusion and every room above it; Blender imports `catalogue`, which needs the standard library only. Torch
is needed by the modules of the network itself (decoder, cached_decoder, torch_engine) and of torch files alone.
"""
