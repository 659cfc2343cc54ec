"""General mathematics on arrays: filters, banded systems, cubic curves and splines, stretches of frames.

numpy only; imports no other room and may be imported from every room.
"""
