"""The log of a command: on stderr, or as messages of the protocol if Blender reads them."""

import argparse
import logging
from contextlib import AbstractContextManager, nullcontext

from ..protocol.log_messages import LogMessages, is_own, records_to
from .console import send

LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
"""Levels by the number of times that --verbose is given."""


def log_level(options: argparse.Namespace, least: int = 0) -> int:
    """The log level of a command. least: added to the number of times that --verbose is given."""
    return LEVELS[min(options.verbose + least, len(LEVELS) - 1)]


def log_of(options: argparse.Namespace, least: int = 0) -> AbstractContextManager[None]:
    """Write the log of one command while the context is open. least: as in log_level.

    stderr gets this program's warnings, and with --verbose its other records and those of libraries. A child process of
    Blender sends messages instead.
    """
    if getattr(options, "command", "") == "worker" or getattr(options, "messages", False):
        return nullcontext()  # the worker and set-up send their logs themselves
    if getattr(options, "child", False):
        return records_to(LogMessages(send), log_level(options, least=1))
    handler = logging.StreamHandler()
    if options.verbose:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    else:
        handler.addFilter(is_own)
    return records_to(handler, log_level(options, least))
