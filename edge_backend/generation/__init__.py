"""Generates a dance for a request: features, sampling, postprocessing; weights stay in memory between dances.

May be imported by worker, batch, bench, evaluation and cli."""
