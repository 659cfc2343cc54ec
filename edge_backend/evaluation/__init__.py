"""Metrics of dances (feet, beats, movement, variety) with confidence intervals, and the evaluation report.

Imports no room that generates dances; imported by cli alone.
"""
