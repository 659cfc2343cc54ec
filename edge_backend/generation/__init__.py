"""From a request to a dance: features, sampling, and what follows it, with weights kept in memory between dances.

May be imported by worker, batch, bench, evaluation and cli."""
