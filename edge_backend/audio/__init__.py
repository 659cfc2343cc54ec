"""From a sound file to arrays: samples, the beat grid, the song map, and the features that condition the network.

Only `jukebox` needs torch. May be imported by generation and every room above it.
"""
