"""The machine's resources: compute devices, threads, memory and its fallbacks, child processes.

May be imported by every room above it; `threads` and `child_processes` need the standard library only.
"""
