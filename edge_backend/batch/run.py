"""A batch from beginning to end: existing takes are kept, the others made, and the manifest records all of them."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from ..errors import EdgeError
from ..errors.from_exception import explain
from ..fileio.file_lock import holding
from .executor import Executor
from .manifest import Outcome, write_manifest
from .pool import UNFINISHED
from .take_requests import Take, state_of

LOCK = ".batch.lock"

Tell = Callable[[Outcome], None]


def run_batch(
    takes: Sequence[Take],
    folder: Path,
    executor: Executor,
    manifest: Path,
    *,
    tell: Tell,
    weights_folder: Path | None = None,
    replace: bool = False,
) -> list[Outcome]:
    """Make the takes that are not in the folder yet, each as NAME.npz; what became of every one, in their order.

    A take that fails stops none of the others. A file of the same name that is another take is left alone, and its
    take has failed, unless `replace` is set. manifest: written at the beginning and whenever a take is done. tell:
    hears of every take as it is done. Raises EdgeError batch_busy, file_lock, and as executor do; OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    busy = EdgeError("batch_busy", f"Another batch is at work in {folder}.", "Wait for it, or choose another folder.")
    with holding(folder / LOCK, busy):
        shutil.rmtree(folder / UNFINISHED, ignore_errors=True)  # of a batch that was killed
        outcomes = {take.name: _at_first(take, folder, weights_folder, replace) for take in takes}
        write_manifest(manifest, outcomes.values())
        for outcome in outcomes.values():
            if outcome.state != "waiting":
                tell(outcome)
        waiting = [outcome.take for outcome in outcomes.values() if outcome.state == "waiting"]
        with closing(executor(waiting, folder)) as done:
            for outcome in done:
                outcomes[outcome.take.name] = outcome
                write_manifest(manifest, outcomes.values())
                tell(outcome)
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
