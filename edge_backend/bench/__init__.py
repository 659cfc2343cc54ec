"""How fast dances are made here: stages, the network beside the machine's matrix peak, memory.

Imported by cli alone.
"""
