"""Jobs and workers without any operator."""

import pytest


@pytest.fixture
def bench(tmp_path):
    from test_job import Bench  # noqa: PLC0415 - needs the extension, which the first fixtures install

    bench = Bench(tmp_path, [])
    yield bench
    for worker in bench.workers:
        worker.kill()
