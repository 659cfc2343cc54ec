"""The machine that runs the network: its devices, its memory, and what to do when that runs out.

May be imported by the rooms that run the network: generation, worker, batch, bench, evaluation, training and cli."""
