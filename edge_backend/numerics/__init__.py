"""Mathematics without a meaning of its own: filters, banded systems, cubic curves and splines, stretches of frames.

numpy only; imports no other room and may be imported from every room.
"""
