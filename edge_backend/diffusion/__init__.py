"""From noise to dance, in numpy: the noise schedule, samplers, guidance, long dances and constraints. The network is an
engine of `model`; nothing here imports torch.

Imported by generation, bench and training; Blender imports `body_parts`, which needs numpy only.
"""
