"""Weights of the user's own: imported from a checkpoint, used for a dance, and errors if they are missing."""

import json
import sys
from pathlib import Path

import bpy
import pytest
from blender_fixtures import addon, put_dancer, put_song
from drawing import draw
from file_server import serving
from jukebox_stand_in import ENCODER, PRIOR, make_files, python_for

CHECKPOINT = Path(__file__).parents[2] / "data/parity/edge_reference.pt"


@pytest.fixture
def own_folder(preferences, tmp_path):
    preferences.weights_folder = str(tmp_path / "Gewichte für Tänze")
    yield Path(preferences.weights_folder)
    preferences.weights_folder = ""


@pytest.fixture
def online():
    """Enable online access in Blender."""
    system = bpy.context.preferences.system
    before = system.use_online_access
    system.use_online_access = True
    yield system
    system.use_online_access = before


def names():
    return [name for name, _ in addon("properties")._weights(None, bpy.context, "")]


def test_a_checkpoint_is_imported_and_danced_with(own_folder, song_file):
    assert names() == ["starter"]
    settings = bpy.context.scene.edge_dance
    assert bpy.ops.edge_dance.import_weights(filepath=str(CHECKPOINT), name="Mine") == {"FINISHED"}
    assert (own_folder / "Mine.safetensors").is_file() and names() == ["starter", "Mine"]
    assert settings.weights == "Mine"
    put_song(song_file)
    dancer = put_dancer()
    settings.quality = "draft"
    assert bpy.ops.edge_dance.generate() == {"FINISHED"}
    take = dancer.animation_data.action["edge_dance"]
    assert json.loads(take["settings"])["weights"] == "Mine"
    assert json.loads(take["meta"])["weights"]["id"] == "Mine"


def test_a_file_that_is_no_checkpoint_is_refused_and_leaves_nothing(own_folder, song_file):
    settings = bpy.context.scene.edge_dance
    with pytest.raises(RuntimeError, match="Test Song"):
        bpy.ops.edge_dance.import_weights(filepath=str(song_file))
    assert settings.weights == "starter" and not list(own_folder.iterdir())


def test_a_weights_folder_that_cannot_be_made_is_said_in_a_sentence(preferences, tmp_path):
    (tmp_path / "file").write_text("no folder")
    preferences.weights_folder = str(tmp_path / "file" / "weights")
    with pytest.raises(RuntimeError, match=r"Not a directory.*weights"):
        bpy.ops.edge_dance.import_weights(filepath=str(CHECKPOINT))


def test_weights_that_are_not_here_are_named_before_anything_is_made(own_folder, song_file):
    put_song(song_file)
    dancer = put_dancer()
    bpy.context.scene.edge_dance.weights = "nobody-knows"
    with pytest.raises(RuntimeError, match="no weights named nobody-knows"):
        bpy.ops.edge_dance.generate()
    assert dancer.animation_data is None or dancer.animation_data.action is None


def test_jukebox_is_not_fetched_without_its_licence_or_a_network(own_folder, tmp_path, online):
    with pytest.raises(RuntimeError, match="licence was not accepted"):
        bpy.ops.edge_dance.get_jukebox()
    online.use_online_access = False
    with pytest.raises(RuntimeError, match="Online access is off"):
        bpy.ops.edge_dance.get_jukebox(accept=True)
    with pytest.raises(RuntimeError, match=r"vqvae\.pth\.tar"):
        bpy.ops.edge_dance.get_jukebox(accept=True, directory=str(tmp_path))
    assert not own_folder.exists() or not any(own_folder.rglob("*.safetensors"))


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for the backend's Python is a shell script")
def test_jukebox_is_fetched_again_where_it_broke_off_and_its_downloads_are_not_kept(
    own_folder, preferences, worker_python, tmp_path, online
):
    """With small files of OpenAI's layout from this machine; ../gui tests the same in Blender's real window."""
    files = make_files(tmp_path / "openai", worker_python)
    with serving(files) as server:
        preferences.backend_python = str(python_for(tmp_path, worker_python, server.url, files))
        part = own_folder / "openai" / f"{PRIOR}.part"  # of a Blender that was closed meanwhile
        part.parent.mkdir(parents=True)
        part.write_bytes(files[PRIOR][:1_000_000])
        assert bpy.ops.edge_dance.get_jukebox(accept=True) == {"FINISHED"}
        assert server.asked == [(ENCODER, 0), (PRIOR, 1_000_000)]
        assert [path.name for path in own_folder.iterdir()] == ["jukebox-5b"]
        assert addon("edge_backend.audio.jukebox.place").locate(own_folder) == own_folder / "jukebox-5b"
        assert bpy.ops.edge_dance.get_jukebox(accept=True) == {"FINISHED"}  # it is there: checked, not fetched
        assert len(server.asked) == 2


def test_an_empty_field_means_the_bundled_weights_in_the_panel_and_in_the_dance(monkeypatch):
    status, settings = addon("setup.status"), bpy.context.scene.edge_dance
    found = tuple(addon("properties").known(addon("preferences").weights_folder(bpy.context)))
    shown = status.Status(places=status.watch.peek().places or "known", weights=found)
    monkeypatch.setattr(status.watch, "_status", shown)
    settings.weights = ""
    assert addon("settings").generate_request(settings, "/song.ogg", 0.0, 4.0).weights == "starter"
    texts = " ".join(draw(addon("ui.weights").VIEW3D_PT_edge_dance_weights).texts)
    assert "not installed" not in texts and "Comes with the extension" in texts
