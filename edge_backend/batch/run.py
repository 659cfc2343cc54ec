"""Runs a batch: skips existing takes, generates the others, and records all of them in the manifest."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from ..errors import EdgeError
from ..errors.from_exception import explain
from ..fileio.file_lock import exclusive_lock
from .executor import Executor
from .manifest import Outcome, write_manifest
from .pool import UNFINISHED
from .take_requests import Take, state_of

LOCK = ".batch.lock"

Report = Callable[[Outcome], None]


def run_batch(
    takes: Sequence[Take],
    folder: Path,
    executor: Executor,
    manifest: Path,
    *,
    report: Report,
    weights_folder: Path | None = None,
    replace: bool = False,
) -> list[Outcome]:
    """Generate the takes that are not in the folder yet, each as NAME.npz. Returns all outcomes, in the takes' order.

    A failed take does not stop the others. If a file of a take's name is of another take, the take fails, unless
    `replace` is set. manifest: written at the beginning and after every take. report: is called with every outcome.
    Raises EdgeError batch_busy, file_lock, and those of executor; OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    busy = EdgeError("batch_busy", f"Another batch is at work in {folder}.", "Wait for it, or choose another folder.")
    with exclusive_lock(folder / LOCK, busy):
        shutil.rmtree(folder / UNFINISHED, ignore_errors=True)  # left by a killed batch
        outcomes = {take.name: _at_first(take, folder, weights_folder, replace) for take in takes}
        write_manifest(manifest, outcomes.values())
        for outcome in outcomes.values():
            if outcome.state != "waiting":
                report(outcome)
        waiting = [outcome.take for outcome in outcomes.values() if outcome.state == "waiting"]
        with closing(executor(waiting, folder)) as done:
            for outcome in done:
                outcomes[outcome.take.name] = outcome
                write_manifest(manifest, outcomes.values())
                report(outcome)
        return list(outcomes.values())


def _at_first(take: Take, folder: Path, weights_folder: Path | None, replace: bool) -> Outcome:
    path = folder / f"{take.name}.npz"
    try:
        state = state_of(take, path, weights_folder)
    except (EdgeError, OSError) as failure:
        return Outcome(take, "failed", error=explain(failure))
    if state == "there":
        return Outcome(take, "there")
    if state == "other" and not replace:
        other = EdgeError(
            "batch_other_take",
            f"{path} is there, and is another take.",
            "Choose another folder, or give --replace.",
        )
        return Outcome(take, "failed", error=other)
    return Outcome(take, "waiting")
