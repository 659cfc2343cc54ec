"""From noise to dance: the noise schedule, samplers, guidance, long dances and constraints (torch)."""
