"""The network, the engines that evaluate it, its weights files, and its control channels for style and energy.

Imported by diffusion and every room above it; Blender imports `catalogue`, which needs the standard library only. Only
the network in torch (decoder, cached_decoder, kinematics, torch_engine, ...) and the readers of torch files need torch.
"""
