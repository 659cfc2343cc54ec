"""How the model counts time: frames and windows of them. Standard library only."""

FPS = 30
"""Frames a second of every motion."""

WINDOW = 150
"""Frames that the network sees at a time, 5 s."""

HOP = 75
"""Frames from one window of a long dance to the next (EDGE, section 3.3)."""
