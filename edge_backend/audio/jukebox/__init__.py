"""Jukebox music features: activations of layer 66 of OpenAI's 5-billion-parameter music prior, for each 5 s of a song.

EDGE was trained on them (Tseng, Castellon, Liu, CVPR 2023, section 3); docs/jukebox.md says how to get and use them.
Needs torch, except `place` and `settings`. May be imported by audio.features and by every room above audio.
"""
