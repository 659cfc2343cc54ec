"""The entry point of the command line, `python -m edge_backend COMMAND`.

Large packages are imported only by the commands that need them, so that `--help` is fast.
"""

import importlib
import os
import sys
import traceback
from collections.abc import Sequence

from ..errors import EdgeError
from ..errors.exit_codes import FAILED, INTERRUPTED
from ..errors.from_exception import explain
from ..protocol.codec import encode
from ..protocol.messages import Error
from ..protocol.parent_watch import end_with_parent, end_with_stdin
from ..runtime.malloc_tuning import keep_freed_memory
from .log_output import log_of
from .parser import build_parser

_OWN_PARSERS = {"train": ".commands.train", "evaluate": ".commands.evaluate"}
"""Commands with their own parsers, whose choices require imports that take long."""

_POOLS = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip
"""Thread numbers of torch, numpy, scipy and librosa, which read these variables when they are imported."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns an exit code of errors.exit_codes; a failure prints one sentence on stderr."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Waiting threads sleep: spinning ones would take the cores from Blender, and are slower beside it.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    keep_freed_memory()
    try:
        return _run(given)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of stdout closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if "--debug" in given:
            traceback.print_exc()
        _show(explain(error), given)
        return FAILED


def _run(given: list[str]) -> int:
    if given and given[0] in _OWN_PARSERS:
        own = importlib.import_module(_OWN_PARSERS[given[0]], __package__)
        status: int = own.main(given[1:])
        return status
    options = build_parser().parse_args(given)
    if getattr(options, "child", False):
        end_with_parent()
        end_with_stdin()
    if getattr(options, "threads", None):
        os.environ |= dict.fromkeys(_POOLS, str(options.threads))
    command = importlib.import_module(f".commands.{options.module}", __package__)
    with log_of(options):
        failed: int | None = command.run(options)
    return failed or 0


def _show(failure: EdgeError, given: list[str]) -> None:
    if "--json" not in given:
        print(f"{failure} [{failure.code}]", file=sys.stderr)
        return
    sys.stdout.buffer.write(encode(Error.of(given[0], failure)))
    sys.stdout.flush()
