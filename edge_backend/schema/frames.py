"""The model's frame rate and window sizes. Standard library only."""

FPS = 30
"""Frames a second of every motion."""

WINDOW = 150
"""Frames of the network's window, 5 s."""

HOP = 75
"""Frames between the starts of successive windows of a long dance (EDGE, section 3.3)."""
