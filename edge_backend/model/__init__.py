"""The network, its weights files, and what it can be asked for. Needs torch."""
