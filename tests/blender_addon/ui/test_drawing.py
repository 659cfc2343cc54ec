"""Panels and polls use memory only: they open no file, read no folder, and start no thread or process."""

import sys
import time
import tracemalloc
from types import SimpleNamespace

import bpy
import pytest
from blender_fixtures import CAN_MAKE_STRIPS, addon, put_dancer, put_song, write_song
from characters import mixamo, put_character
from drawing import Context, draw, operators, panels

_DISK = ("open", "os.listdir", "os.scandir", "os.mkdir", "glob.glob", "subprocess.Popen", "_thread.start_new_thread")
_noted: list[str] | None = None


def _hook(event, arguments):
    if _noted is not None and event in _DISK:
        _noted.append(f"{event} {arguments[:1]}")


sys.addaudithook(_hook)  # for good: there is no way to take one off


@pytest.fixture
def noted():
    global _noted  # noqa: PLW0603
    _noted = []
    yield _noted
    _noted = None


@pytest.fixture(params=["at first", "with a dancer and a song"])
def scene(request, tmp_path):
    if request.param != "at first":
        put_song(write_song(tmp_path / "song.wav", 5))
        put_dancer()


def test_panels_draw_from_memory(scene, quick_worker, noted):
    for panel in panels():
        draw(panel)
    assert noted == []


def test_operators_are_polled_from_memory(scene, quick_worker, noted):
    for operator in operators():
        if hasattr(operator, "poll"):
            operator.poll(bpy.context)
    assert noted == []


def test_what_is_drawn_is_looked_up_by_a_timer(quick_worker):
    watch, tick = addon("setup.status").watch, addon("ui.status_timer").tick
    assert bpy.app.timers.is_registered(tick)
    deadline = time.monotonic() + 30
    while watch.read().health.state != "ready" or not watch.read().weights:
        assert time.monotonic() < deadline
        began = time.thread_time()
        tick()
        assert time.thread_time() - began < 0.05
        time.sleep(0.01)
    assert "starter" in [entry.id for entry in watch.read().weights if entry.path]


@pytest.mark.skipif(not CAN_MAKE_STRIPS, reason="no audio in that package")
def test_a_packed_song_is_not_copied_at_each_redraw(tmp_path):
    strip = put_song(write_song(tmp_path / "song.wav", 120))
    put_dancer()
    strip.sound.pack()
    size = strip.sound.packed_file.size
    assert size > 5e6
    bpy.ops.edge_dance.generate.poll()
    tracemalloc.start()
    try:
        for _ in range(3):
            assert bpy.ops.edge_dance.generate.poll() and bpy.ops.edge_dance.mark_beats.poll()
            for panel in panels():
                draw(panel)
        assert tracemalloc.get_traced_memory()[1] < size / 4
    finally:
        tracemalloc.stop()


def test_the_names_of_a_group_are_readable_in_a_narrow_sidebar(monkeypatch):
    dancers = [put_dancer() for _ in range(6)]
    for dancer in dancers:
        dancer.select_set(True)
    sidebar, letter = 280, 6  # pixels
    monkeypatch.setattr(Context, "region", SimpleNamespace(width=sidebar))
    font = SimpleNamespace(size=lambda *_: None, dimensions=lambda _, words: (letter * len(words), 11))
    monkeypatch.setattr(addon("ui.text_layout"), "blf", font)
    lines = draw(addon("ui.group").VIEW3D_PT_edge_dance_group).texts
    assert all(any(dancer.name in line for line in lines) for dancer in dancers)
    assert letter * max(map(len, lines)) < sidebar


@pytest.mark.parametrize(("pixels", "scale", "wanted"), [(292, 1.0, "row"), (420, 2.0, "column"), (588, 2.0, "row")])
def test_two_buttons_are_one_below_the_other_in_a_narrow_sidebar(pixels, scale, wanted):
    """Blender's sidebar is 292 pixels wide at first; at 210, the buttons of a row have texts like `New D...`."""
    layout = SimpleNamespace(row=lambda **_how: "row", column=lambda **_how: "column")
    preferences = SimpleNamespace(system=SimpleNamespace(ui_scale=scale))
    context = SimpleNamespace(region=SimpleNamespace(width=pixels), preferences=preferences)
    assert addon("ui.text_layout").beside(layout, context) == wanted


def test_the_active_row_of_the_bone_map_stands_below_the_list_with_its_whole_names():
    character = put_character(mixamo())
    assert bpy.ops.edge_dance.find_bones() == {"FINISHED"}
    names = [row.name for row in character.edge_dance_bones]
    panel = addon("ui.bone_map").VIEW3D_PT_edge_dance_bone_map
    for slot, words in (("thigh.L", "Left thigh: mixamorig:LeftUpLeg"), ("travel", "Root control: no bone")):
        character.edge_dance_bone = names.index(slot)
        assert words in draw(panel).texts


@pytest.mark.parametrize(
    ("state", "words", "ours", "button"),
    [
        ("broken", "The backend's Python is not there: /tmp.", False, False),
        ("broken", "The backend is damaged.", True, True),
        ("missing", "The backend has not been set up.", True, True),
    ],
)
def test_the_preferences_say_what_is_wrong_and_offer_set_up_where_it_helps(monkeypatch, state, words, ours, button):
    health = addon("setup.health").Health(state, words, ours)
    monkeypatch.setattr(addon("setup.status").watch, "_status", addon("setup.status").Status(health=health))
    drawn = draw(addon("ui.preferences").EDGE_DANCE_Preferences)
    assert words in drawn.texts
    assert ("edge_dance.set_up_backend" in dict(drawn.operators)) is button
