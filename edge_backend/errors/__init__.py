"""Failures that people read: EdgeError, any exception as one, and the exit codes of commands.

Standard library only: Blender imports it. May be imported from everywhere.
"""

from .edge_error import EdgeError, any_exception_as

__all__ = ["EdgeError", "any_exception_as"]
