"""The backend is started when the Dance tab shows a character, once, and only if that is wanted."""

import time

import bpy
import pytest
from blender_fixtures import addon


@pytest.fixture
def service(quick_worker):
    service = addon("backend.service").service
    service.stop()
    service._warmed = None
    yield service
    quick_worker.property_unset("start_ahead")
    service.stop()


def draw():
    """What happens whenever the panel is drawn with a character: it asks, and the timer looks."""
    addon("setup.status").watch.read(warm=True)
    addon("ui.status_timer").tick()


def draw_until(done, seconds=30):
    """The same, until something is done."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        began = time.thread_time()
        draw()
        assert time.thread_time() - began < 0.02
        time.sleep(0.02)


@pytest.mark.timing
def test_the_first_job_finds_the_worker_that_was_started_ahead(service):
    draw_until(lambda: service.running)
    worker = service._worker
    assert "--ahead" in worker._launch.command()
    job = service.open_job(addon("preferences").launch(bpy.context))
    job.start(addon("edge_backend.schema.requests").BodyRequest("no file"))
    while not job.finished:
        job.poll()
        time.sleep(0.02)
    assert job.error.code != "backend_died" and service._worker is worker and worker.alive
    service.close_job()


@pytest.mark.timing
def test_who_has_freed_its_memory_does_not_get_it_back_unasked(service):
    draw_until(lambda: service.running)
    assert bpy.ops.edge_dance.free_memory() == {"FINISHED"}
    for _ in range(20):
        draw()
        time.sleep(0.01)
    assert not service.running


def test_it_can_be_switched_off(service, quick_worker):
    quick_worker.start_ahead = False
    draw_until(lambda: addon("setup.status").watch.peek().health.state == "ready")
    for _ in range(20):
        draw()
        time.sleep(0.01)
    assert not service.running


def test_without_a_backend_the_button_is_grey_and_nothing_is_started(service, quick_worker, tmp_path):
    why_no_backend = addon("ui.setup").why_no_backend
    assert not why_no_backend()  # as far as is known
    quick_worker.backend_python = str(tmp_path / "no python")
    draw_until(why_no_backend)
    draw()
    assert not service.running
