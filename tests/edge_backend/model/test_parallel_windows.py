"""Windows on parallel threads: each once, and torch's number of threads is restored."""

import threading
import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from edge_backend.model.parallel_windows import MOST_THREADS, chunks, parallel_threads, rounds, run_parallel


@pytest.fixture(autouse=True)
def two_threads(torch_threads):
    torch_threads(2)


@pytest.mark.parametrize(("count", "batch"), [(0, 8), (1, 8), (8, 8), (9, 8), (23, 8), (239, 8), (5, 1)])
def test_chunks_cover_everything_once_in_even_pieces(count, batch):
    pieces = chunks(count, batch)
    assert [index for piece in pieces for index in range(count)[piece]] == list(range(count))
    sizes = [piece.stop - piece.start for piece in pieces]
    assert max(sizes, default=0) <= batch
    assert max(sizes, default=0) - min(sizes, default=0) <= 1


@given(st.integers(1, 240), st.integers(1, 16), st.integers(1, MOST_THREADS))
def test_rounds_cover_everything_once_with_as_much_work_for_each_thread(count, batch, threads):
    found = rounds(count, batch, threads)
    assert [index for parts in found for part in parts for index in range(count)[part]] == list(range(count))
    for parts in found:
        sizes = {part.stop - part.start for part in parts}
        assert len(parts) in (1, threads)
        assert len(sizes) == 1 and 0 not in sizes
        assert sum(part.stop - part.start for part in parts) <= max(batch, threads)
    together = sum(parts[0].stop - parts[0].start for parts in found if len(parts) == 1)
    assert threads == 1 or together < threads


def test_one_thread_has_the_batches_that_it_asks_for():
    assert rounds(5, 4, threads=1) == [[slice(0, 2)], [slice(2, 5)]]


def test_four_windows_are_two_for_each_of_two_threads():
    assert rounds(5, 4, threads=2) == [[slice(0, 2), slice(2, 4)], [slice(4, 5)]]


def test_each_computes_alone_and_at_the_same_time():
    both_are_there = threading.Barrier(2, timeout=20)

    def work():
        both_are_there.wait()
        return torch.tensor([torch.get_num_threads(), int(torch.is_inference_mode_enabled())])

    with torch.inference_mode():
        assert torch.stack(run_parallel([work, work])).tolist() == [[1, 1], [1, 1]]
    assert torch.get_num_threads() == 2


def test_one_alone_has_all_threads():
    (found,) = run_parallel([lambda: torch.tensor(torch.get_num_threads())])
    assert found == 2


def test_what_they_make_stands_in_their_order():
    def make(number):
        return lambda: torch.tensor(number)

    assert torch.stack(run_parallel([make(number) for number in range(20)])).tolist() == list(range(20))


def test_a_failure_is_raised_when_all_are_done_and_the_threads_are_restored():
    done = []

    def fail():
        raise MemoryError("no room")

    def take_long():
        time.sleep(0.2)
        done.append(True)
        return torch.zeros(1)

    with pytest.raises(MemoryError):
        run_parallel([fail, take_long])
    assert done
    assert torch.get_num_threads() == 2


def test_only_a_processor_with_some_threads_has_them_work_apart(torch_threads):
    assert parallel_threads(torch.device("cpu")) == 2
    assert parallel_threads(torch.device("cuda")) == 1
    torch_threads(MOST_THREADS + 1)
    assert parallel_threads(torch.device("cpu")) == 1
