"""`setup`: creates, repairs, updates or removes the backend's environment. Standard library only.

With --messages it uses the worker's protocol on stdin and stdout, and ends when it is cancelled or when Blender ends.
"""

import argparse
import os
import sys
import threading

from ...errors import EdgeError
from ...errors.from_exception import explain
from ...protocol.codec import ProtocolError, decode
from ...protocol.log_messages import LogMessages, records_to
from ...protocol.messages import Cancel, Error, Result, Shutdown
from ...protocol.parent_watch import end_now, end_with_parent
from ...protocol.stdio_channel import Channel
from ...schema.progress import Report
from ...setup.program import SetUp, remove, set_up
from ...setup.wheels import Source
from ...worker.progress_messages import ProgressMessages
from ..log_output import log_level
from ..progress_bar import ProgressBar

JOB = "setup"
"""The job's name in messages."""


def run(options: argparse.Namespace) -> None:
    """Run the set-up. Raises EdgeError setup_*, download_*, disk_full."""
    if options.messages:
        _serve(options)
    else:
        bar = ProgressBar()
        try:
            print(_work(options, bar))
        finally:
            bar.close()


def _work(options: argparse.Namespace, report: Report) -> str:
    if options.remove:
        return remove(options.home)
    if options.proxy:
        os.environ["https_proxy"] = options.proxy  # read by urllib
    source = Source(options.mirror, options.wheels)
    return set_up(SetUp(options.home, options.build, source), report)


def _serve(options: argparse.Namespace) -> None:
    """Run the set-up with messages on stdin and stdout, then exit; never returns."""
    end_with_parent()
    channel = Channel()
    threading.Thread(target=_listen, args=(channel,), name="listener", daemon=True).start()
    try:
        with records_to(LogMessages(channel.send), log_level(options, least=1)):
            channel.send(Result(JOB, _work(options, ProgressMessages(JOB, channel.send))))
    except Exception as error:
        channel.send(Error.of(JOB, explain(error)))
    sys.stderr.flush()
    os._exit(0)


def _listen(channel: Channel) -> None:
    """Read messages; on Cancel or Shutdown, or at the end of stdin, exit at once. A later run resumes the set-up."""
    for line in channel.lines():
        try:
            message = decode(line)
        except ProtocolError:
            continue
        if isinstance(message, Cancel | Shutdown):
            cancelled = EdgeError("cancelled", "Set-up was cancelled.", "It goes on from there the next time.")
            channel.send(Error.of(JOB, cancelled))
            break
    end_now()  # with its child processes
