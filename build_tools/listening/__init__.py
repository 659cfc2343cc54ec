"""Trains the beat network, on songs that are composed at random and rendered with a sound font.

May import edge_backend; nothing of the product imports it.
"""
