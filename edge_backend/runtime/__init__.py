"""The machine's resources: compute devices, memory and its fallbacks, child processes.

May be imported by the rooms that run the network: generation, worker, batch, bench, evaluation, training and cli."""
