"""From noise to dance: the noise schedule, samplers, guidance, long dances and constraints. Needs torch.

Imported by generation, bench and training; Blender imports `body_parts`, which needs numpy only.
"""
