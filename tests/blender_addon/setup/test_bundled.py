"""What a new user has: the zip, and nothing set up. Blender's own Python makes the dance."""

import sys
from pathlib import Path

import bpy
import pytest
from blender_fixtures import addon, put_dancer, put_song


@pytest.fixture
def new_user(preferences, monkeypatch):
    """No Python is named, and none with the packages is on the PATH."""
    preferences.backend_python = ""
    monkeypatch.setenv("PATH", "")
    service = addon("backend.service").service
    service.stop()
    yield preferences
    service.stop()


def test_one_click_makes_a_dance_by_what_came_in_the_zip(song_file, new_user):
    put_song(song_file, frame=1)
    dancer = put_dancer()
    bpy.context.scene.edge_dance.quality = "draft"
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    action = dancer.animation_data.action
    assert action.name.startswith("Test Song") and len(addon("compat").fcurves_of(action)) > 90
    worker = addon("backend.service").service._worker
    assert Path(worker._process.args[0]) == Path(sys.executable) and "-I" in worker._process.args


def test_beats_are_marked_by_it_too(song_file, new_user):
    put_song(song_file, frame=1)
    assert bpy.ops.edge_dance.mark_beats() == {"FINISHED"}
    assert len(bpy.context.scene.timeline_markers) > 10


def test_the_doctor_of_the_report_finds_nothing_amiss(new_user):
    report = addon("setup.report")
    host = report.Host("4.5", "none", None, ())
    home = addon("edge_backend.setup.home").Home(addon("preferences").backend_home())
    text = report.make_report(addon("preferences").launch(bpy.context), home, host)
    assert "Python: Blender's own" in text and "onnx" in text.lower() and "BAD" not in text
