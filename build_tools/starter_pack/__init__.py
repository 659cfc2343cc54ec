"""Makes the training pack of the starter weights, with synthetic music for dance motion capture without music.

`accents` finds the accents of each piece, `beat_grid` fits a steady beat to them, `arrangement` renders drums, bass and
chords on that beat, and `pack_writer` extracts features from the rendered audio with the product's code, so that
training and generation see the same kind of features.
"""
