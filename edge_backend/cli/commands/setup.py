"""`setup`: makes, mends, renews or removes the backend's own environment. Standard library only.

With --messages it is Blender's child: it speaks the worker's protocol, and ends when it is cancelled or Blender does.
"""

import argparse
import os
import sys
import threading

from ...errors import EdgeError
from ...errors.from_exception import explain
from ...protocol.codec import ProtocolError, decode
from ...protocol.messages import Cancel, Error, Result, Shutdown
from ...protocol.parent_watch import end_now, end_with_parent
from ...protocol.stdio_channel import Channel
from ...schema.progress import Report
from ...setup.program import SetUp, remove, set_up
from ...setup.wheels import Source
from ...worker.progress_messages import ProgressMessages
from ..progress_bar import ProgressBar

JOB = "setup"
"""The name of the job in its messages."""


def run(options: argparse.Namespace) -> None:
    """Do it. Raises EdgeError setup_*, download_*, disk_full."""
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
        os.environ["https_proxy"] = options.proxy  # urllib goes by it
    source = Source(options.mirror, options.wheels)
    return set_up(SetUp(options.home, options.build, source), report)


def _serve(options: argparse.Namespace) -> None:
    """Never returns."""
    end_with_parent()
    channel = Channel()
    threading.Thread(target=_listen, args=(channel,), name="listener", daemon=True).start()
    try:
        channel.send(Result(JOB, _work(options, ProgressMessages(JOB, channel.send))))
    except Exception as error:
        failure = explain(error)
        channel.send(Error(JOB, failure.code, failure.message, failure.hint, failure.detail))
    sys.stderr.flush()
    os._exit(0)


def _listen(channel: Channel) -> None:
    """Until somebody wants it to stop. It stops at once, wherever it is: another run goes on from there."""
    for line in channel.lines():
        try:
            message = decode(line)
        except ProtocolError:
            continue
        if isinstance(message, Cancel | Shutdown):
            cancelled = EdgeError("cancelled", "Set-up was cancelled.", "It goes on from there the next time.")
            channel.send(Error(JOB, cancelled.code, cancelled.message, cancelled.hint))
            break
    end_now()  # pip goes along
