"""From a sound file to numbers: samples, the beat grid, and the features that condition the network.

`features` needs torch for Jukebox alone. May be imported by generation and every room above it.
"""
