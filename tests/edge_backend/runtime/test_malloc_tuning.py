"""Freed memory is reused by the network, without page faults for new, zeroed pages."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from edge_backend.runtime.malloc_tuning import RETAINED_BYTES

ROOT = Path(__file__).resolve().parents[3]
AS_THE_NETWORK = 5 << 20  # bytes; the largest array of one evaluation
MOMENTS = 8

COUNT = f"""
import resource

def new_pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    arrays = [bytearray({AS_THE_NETWORK}) for _ in range({MOMENTS})]
    arrays.reverse()
    del arrays
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

new_pages()
"""

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left as they are")


def _told(program: str) -> list[int]:
    done = subprocess.run([sys.executable, "-c", COUNT + program], cwd=ROOT, capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.split()[-2:]]


def test_freed_memory_is_used_again_as_it_is() -> None:
    program = """
print(new_pages())
from edge_backend.runtime.malloc_tuning import keep_freed_memory
keep_freed_memory()
new_pages()
print(new_pages())
"""
    before, after = _told(program)
    pages = MOMENTS * AS_THE_NETWORK // 4096
    assert before > pages / 2
    assert after < pages / 100
    assert MOMENTS * AS_THE_NETWORK < RETAINED_BYTES


def test_every_command_keeps_its_memory() -> None:
    program = """
from edge_backend.cli.main import main
assert main(["weights", "list"]) == 0
new_pages()
print()
print(new_pages(), 0)
"""
    assert _told(program)[0] < MOMENTS * AS_THE_NETWORK // 4096 / 100


def test_what_is_free_between_things_that_stay_is_given_back() -> None:
    program = """
from edge_backend.runtime.malloc_tuning import keep_freed_memory, trim_heap

def mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() // 1_000_000

keep_freed_memory()
blocks = [bytearray(1 << 20) for _ in range(150)]
stays = blocks[1::2]
del blocks
before = mb()
trim_heap()
print(before, mb())
"""
    before, after = _told(program)
    assert before - after > 60
