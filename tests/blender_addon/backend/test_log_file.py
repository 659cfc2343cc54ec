"""The log of several Blenders at once, and without rights to write it."""

import contextlib
import logging
import os
from pathlib import Path

import pytest
from blender_fixtures import addon
from small_disk import mounted


@pytest.fixture
def log_file():
    module = addon("backend.log_file")
    handlers = [handler for handler in module.log.handlers if isinstance(handler, logging.FileHandler)]
    before = [handler.baseFilename for handler in handlers]
    yield module
    module.close_log()
    for path in before:
        module.open_log(Path(path).parent)


def old_logs(folder, count):
    folder.mkdir(exist_ok=True)
    for number in range(count):
        path = folder / f"backend-{900_000 + number}.log"
        path.write_text("of another Blender")
        os.utime(path, (1000 + number, 1000 + number))


def test_an_old_log_that_another_blender_has_open_costs_this_one_nothing(log_file, tmp_path, monkeypatch):
    old_logs(tmp_path, 10)

    def unlink(self, **_options):
        raise PermissionError(13, "it is open", str(self))

    monkeypatch.setattr(Path, "unlink", unlink)
    log_file.open_log(tmp_path)
    log_file.log.info("a row")
    assert "a row" in log_file.last_lines(5)


def test_an_old_log_that_has_just_gone_costs_this_one_nothing(log_file, tmp_path):
    old_logs(tmp_path, 10)
    with contextlib.suppress(OSError):  # listed, and not there when it is looked at
        (tmp_path / "backend-gone.log").symlink_to(tmp_path / "nowhere")
    log_file.open_log(tmp_path)
    log_file.log.info("a row")
    assert "a row" in log_file.last_lines(5)


def test_the_newest_are_left(log_file, tmp_path):
    old_logs(tmp_path, 10)
    log_file.open_log(tmp_path)
    log_file.log.info("a row")
    left = {path.name for path in tmp_path.iterdir()}
    newest = {f"backend-{900_000 + number}.log" for number in range(5, 10)}
    assert left == newest | {f"backend-{os.getpid()}.log"}


def test_a_full_disk_is_not_reported_for_every_row(log_file, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", True)
    with mounted(tmp_path / "disk", "size=16k") as disk:
        log_file.open_log(disk)
        for _ in range(300):
            log_file.log.info("x" * 200)
        assert "x" * 200 in log_file.last_lines(3)
        log_file.close_log()
    assert not capfd.readouterr().err


def test_where_no_log_can_be_there_is_none(log_file, tmp_path):
    with mounted(tmp_path / "disk", "ro") as disk:
        log_file.open_log(disk / "logs")
        log_file.log.info("a row")
        assert not log_file.last_lines(5)
