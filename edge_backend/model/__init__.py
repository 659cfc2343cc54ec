"""The network, its weights files, and what it can be asked for. Needs torch, but for `catalogue` and `controls`."""
