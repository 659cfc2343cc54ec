"""Music for motion that has none: how the starter weights' training pack is made.

Mocap of dance comes without its songs. Here each piece gets music that fits it: `accents` finds what a musician would
play to, `beat_grid` lays a steady beat through it, `arrangement` renders drums, bass and chords on that beat, and
`pack_writer` runs the product's own feature code on the rendered audio, so that training hears what use will hear.
"""
