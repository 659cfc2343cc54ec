"""Panels. They draw what other rooms know, and do nothing else."""
