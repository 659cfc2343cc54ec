"""Evaluates windows in parallel, each on one thread (torch, on the CPU).

Threads that share each of the network's many small products synchronise after every one of them; with a window per
thread they synchronise once.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from itertools import pairwise

import torch
from torch import Tensor

MOST_THREADS = 8  # the calls of all of them share Python's interpreter lock


def parallel_threads(device: torch.device) -> int:
    """Number of threads to evaluate windows on: torch's, or 1 for a GPU and for more threads than MOST."""
    threads = torch.get_num_threads()
    return threads if device.type == "cpu" and threads <= MOST_THREADS else 1


def rounds(count: int, batch: int, threads: int) -> list[list[slice]]:
    """Splits range(count) into rounds of ranges that are computed at the same time.

    A round has one range per thread, of equal sizes that add up to `batch`, or of one window each; the rest of count
    is one range per round, which uses all threads.
    """
    apart = count - count % threads if threads > 1 else 0
    each = max(batch // threads, 1)
    result = []
    for start in range(0, apart, each * threads):
        size = min(each, (apart - start) // threads)
        borders = [start + number * size for number in range(threads)]
        result.append([slice(border, border + size) for border in borders])
    return result + [[slice(apart + part.start, apart + part.stop)] for part in chunks(count - apart, batch)]


def chunks(count: int, batch: int) -> list[slice]:
    """Splits range(count) into the fewest ranges of at most `batch`, whose sizes differ by at most 1."""
    pieces = -(-count // batch)
    borders = [count * piece // pieces for piece in range(pieces + 1)] if pieces else []
    return [slice(*border) for border in pairwise(borders)]


def run_parallel(works: Sequence[Callable[[], Tensor]]) -> list[Tensor]:
    """The results of `works`, each computed on a thread of its own; a single one uses all of torch's threads.

    Raises the exceptions of the works.
    """
    if len(works) == 1:
        return [works[0]()]
    threads = torch.get_num_threads()
    inference = torch.is_inference_mode_enabled()  # torch stores it per thread, as it does the number of threads

    def alone(work: Callable[[], Tensor]) -> Tensor:
        torch.set_num_threads(1)
        with torch.inference_mode(inference):
            return work()

    try:
        futures = [_config().submit(alone, work) for work in works]
        wait(futures)  # also if one fails: the others set the number of threads, which is restored below
    finally:
        torch.set_num_threads(threads)  # the number of threads is global in some builds of torch
    return [future.result() for future in futures]


@cache
def _config() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST_THREADS, "alone")
