"""Numbers without a meaning of their own: filters, banded systems, curves, intervals of frames.

numpy only, imports no other room. May be imported from everywhere."""
