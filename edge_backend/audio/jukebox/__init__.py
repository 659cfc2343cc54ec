"""Jukebox music features: what layer 66 of OpenAI's 5-billion-parameter music prior makes of each 5 s of a song.

EDGE was trained on them (Tseng, Castellon, Liu, CVPR 2023, section 3). docs/jukebox.md tells how to get and use them.
"""
