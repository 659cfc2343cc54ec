"""`batch SONGS... --out DIR`."""

import argparse
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from ...batch.executor import Executor, PoolConfig
from ...batch.manifest import Outcome, read_manifest
from ...batch.memory import free_memory, suitable_jobs, usable_cores
from ...batch.pool import make_here
from ...batch.run import run_batch
from ...batch.take_requests import Take, TakeRequest, songs_in, takes_of
from ...errors import EdgeError
from ...errors.exit_codes import of_many
from ...fileio.output_folder import check_folder
from ...model.engine_choice import promised_engine
from ...protocol.messages import Error, Result
from ..console import check_target, send
from .dance_options import dancing


def run(options: argparse.Namespace) -> int:
    """Make all takes. Returns the exit code. Raises EdgeError batch_nothing and those of the room batch; OSError."""
    takes = _takes(options)
    if not takes:
        raise EdgeError(
            "batch_nothing", "There is no song to dance to.", "Give songs, folders with songs, or --manifest."
        )
    check_folder(options.out)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.report:
        check_target(options.report, ".csv", ".json")
    reporter = _Reporter(options, len(takes))
    outcomes = run_batch(
        takes,
        options.out,
        _executor(options),
        options.report or options.out / "manifest.csv",
        report=reporter,
        weights_folder=options.weights_folder,
        replace=options.replace,
    )
    failed = sum(outcome.state == "failed" for outcome in outcomes)
    reporter.summarise(outcomes, failed)
    return of_many(len(outcomes), failed)


def _takes(options: argparse.Namespace) -> list[Take]:
    usual = replace(dancing(options), start=options.start, duration=options.duration)
    requests = [
        TakeRequest(replace(usual, song=str(song), seed=seed))
        for song in songs_in(options.songs)
        for seed in options.seeds
    ]
    if options.manifest:
        requests += read_manifest(options.manifest, usual, options.seeds)
    return takes_of(requests)


def _executor(options: argparse.Namespace) -> Executor:
    cores = usable_cores()
    where = {"device": options.device, "weights_folder": options.weights_folder, "engine": options.engine}
    if options.ray:
        from ...batch.on_ray import make_on_ray  # noqa: PLC0415 - an optional dependency

        config = PoolConfig(options.jobs or 0, options.threads or 1, **where)
        return partial(make_on_ray, config=config, address=options.ray)
    _, device = promised_engine(options.engine, options.device)
    jobs = options.jobs or suitable_jobs(device, free_memory(), cores)
    config = PoolConfig(jobs, options.threads or max(1, cores // jobs), **where)
    return partial(make_here, config=config)


class _Reporter:
    """Prints a line for each take, or sends a message with --json."""

    def __init__(self, options: argparse.Namespace, total: int) -> None:
        self._json, self._folder, self._total, self._done = options.json, options.out, total, 0

    def __call__(self, outcome: Outcome) -> None:
        self._done += 1
        if self._json:
            send(_message(outcome, self._folder))
        else:
            print(f"[{self._done}/{self._total}] {outcome.take.name}: {_words(outcome)}", flush=True)

    def summarise(self, outcomes: list[Outcome], failed: int) -> None:
        """Print the numbers of takes made, skipped and failed."""
        if not self._json:
            made, there = (sum(outcome.state == word for outcome in outcomes) for word in ("made", "there"))
            print(f"{made} made, {there} there already, {failed} failed.", file=sys.stderr)


def _message(outcome: Outcome, folder: Path) -> Error | Result:
    name, error = outcome.take.name, outcome.error
    if error:
        return Error.of(name, error)
    return Result(name, str(folder / f"{name}.npz"))


def _words(outcome: Outcome) -> str:
    if outcome.error:
        return f"{outcome.error} [{outcome.error.code}]"
    return f"{outcome.frames} frames in {outcome.seconds:.1f} s" if outcome.state == "made" else "there already"
