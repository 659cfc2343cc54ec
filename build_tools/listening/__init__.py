"""Makes the weights of the beat network: songs written from notes, played by a sound font, and the training on them.

May import edge_backend; nothing of the product imports it.
"""
