"""Benchmarks: time per stage of generation, network speed relative to the machine's matrix product peak, memory.

Imported by cli alone.
"""
