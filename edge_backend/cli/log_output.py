"""Where a command's log goes: to stderr, or, where Blender is the reader, into messages."""

import argparse
import logging
from contextlib import AbstractContextManager, nullcontext

from ..protocol.log_messages import LogMessages, is_own, records_to
from .console import send

LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
"""By how often --verbose is given."""


def log_level(options: argparse.Namespace, least: int = 0) -> int:
    """The level that --verbose asks for. least: how verbose the command is without it."""
    return LEVELS[min(options.verbose + least, len(LEVELS) - 1)]


def log_of(options: argparse.Namespace, least: int = 0) -> AbstractContextManager[None]:
    """The log of one command, while the context is open. least: as in log_level.

    On stderr stand this program's warnings; with --verbose its other records, too, and those of libraries. A child of
    Blender sends messages instead; the worker and set-up see to theirs themselves.
    """
    if getattr(options, "command", "") == "worker" or getattr(options, "messages", False):
        return nullcontext()  # they have a channel of their own
    if getattr(options, "child", False):
        return records_to(LogMessages(send), log_level(options, least=1))
    handler = logging.StreamHandler()
    if options.verbose:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    else:
        handler.addFilter(is_own)
    return records_to(handler, log_level(options, least))
