"""How good dances are, in figures: metrics of feet, beats, movement and body, intervals for them, and a report.

Imports nothing that makes dances, and is imported by cli alone.
"""
