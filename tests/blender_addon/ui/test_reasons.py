"""For every disabled button its panel shows the reason."""

import sys
from types import SimpleNamespace

import bpy
import pytest
from blender_fixtures import addon, put_dancer, put_song, random_motion, write_song
from drawing import draw, operators, panels


@pytest.fixture
def health(monkeypatch):
    """Set the health of the backend."""
    status = addon("setup.status")

    def set_(state, python=sys.version_info[:2], bundled=False):
        found = addon("setup.health").Health(state, f"The backend is {state}.", bundled=bundled)
        lacking = status.why_no_packages(python)
        monkeypatch.setattr(status.watch, "_status", status.Status(health=found, no_packages=lacking))

    set_("ready")
    return set_


def greyed():
    """(panel, operator, whether its reason is shown) for each disabled button of each visible panel."""
    known = {operator.bl_idname: operator for operator in operators()}
    for panel in panels():
        layout = draw(panel)
        for name, enabled in layout.operators:
            operator = known.get(name)
            reason = operator.why_not(bpy.context) if hasattr(operator, "why_not") else ""
            if reason:
                yield panel.__name__, name, reason in layout.texts
            elif not enabled:
                yield panel.__name__, name, bool(layout.texts)


NEW = {"slot": {"label": "A", "section": 0, "place": 0, "energy": 0.5, "counts": [0.0, 0.5]}, "phrase": "", "again": -1,
       "mirrored": False, "originality": 0.0}  # fmt: skip
"""A slot of a plan, danced by the model."""

SCENES = ["nothing", "song", "dancer", "song and dancer", "take", "plan", "job", "work", "camera", "no backend",
          "unfinished backend", "bundled engine", "other armature"]  # fmt: skip


@pytest.mark.parametrize("scene", SCENES)
def test_every_grey_button_has_its_reason_beside_it(scene, health, tmp_path, monkeypatch):
    if scene not in ("nothing", "dancer"):
        put_song(write_song(tmp_path / "song.wav", 5))
    if scene not in ("nothing", "song"):
        dancer = put_dancer()
    if scene in ("take", "plan", "job", "work", "camera"):
        motion = random_motion(20)
        if scene == "plan":
            motion.meta["choreography"] = {"format": 1, "song": "", "start": 0.0, "steps": [NEW]}
        addon("takes.new_take").add_take(dancer, motion, bpy.context.scene, 1)
    service = addon("backend.service").service
    if scene == "job":
        monkeypatch.setattr(service, "job", addon("backend.job").Job(None, tmp_path))
    if scene == "work":
        monkeypatch.setattr(service, "work", addon("backend.work").Work("Placing keys", iter(())))
        service.work.cancelled = True
    if scene == "camera":
        bpy.context.scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    if scene == "no backend":
        health("missing")
    if scene == "unfinished backend":
        health("unfinished")
    if scene == "bundled engine":
        health("ready", bundled=True)
    if scene == "other armature":
        ob = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
        bpy.context.collection.objects.link(ob)
        bpy.context.view_layer.objects.active = ob
    found = list(greyed())
    assert [one for one in found if not one[2]] == []
    assert found


def test_grey_entries_of_file_export_have_their_reasons_below_them():
    menu = SimpleNamespace(draw=addon("ui.file_menus")._draw_export)
    nobody = draw(menu)
    assert {name for name, _ in nobody.operators} == {"edge_dance.export_motion", "edge_dance.export_character"}
    assert "Select a character that has a dance." in nobody.texts
    assert any(text.startswith("No dancer is selected.") for text in nobody.texts)
    dancer = put_dancer()
    assert draw(menu).texts == ["Select a character that has a dance."]
    addon("takes.new_take").add_take(dancer, random_motion(20), bpy.context.scene, 1)
    assert draw(menu).texts == []


def test_first_contact_offline_says_what_to_do_and_has_the_switch(health):
    assert not bpy.app.online_access
    health("missing")
    main = draw(addon("ui.panels").VIEW3D_PT_edge_dance)
    assert any("Allow Online Access" in text for text in main.texts)
    assert ("use_online_access", True) in main.properties
    assert "Dances need the backend: see above." in main.texts


def test_a_python_without_packages_is_reported_in_the_box(health):
    health("missing", (3, 15))
    main = draw(addon("ui.panels").VIEW3D_PT_edge_dance)
    assert any("Python 3.15 here; the backend needs 3.11 to 3.14" in text for text in main.texts)
    assert ("use_online_access", True) not in main.properties  # it would not help
