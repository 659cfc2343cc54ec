"""The song's beats, bars and sections, stored with its strip.

For ops and ui. Imports compat, lookups, music, settings and edge_backend, no other room.
"""
