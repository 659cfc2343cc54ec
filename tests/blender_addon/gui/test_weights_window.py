"""Weights in Blender's real window: import, licence, download, cancel, resume. Needs Xvfb, xdotool and ImageMagick."""

import shutil
from pathlib import Path

import pytest
from file_server import serving
from jukebox_stand_in import ENCODER, PRIOR, make_files, python_for
from running import needs_window, run

CHECKPOINT = Path(__file__).parents[2] / "data/parity/edge_reference.pt"

pytestmark = [pytest.mark.slow, needs_window]


@pytest.fixture(scope="module")
def facts(addon_zip, worker_python, tmp_path_factory):
    """The facts of the scenario, the requests to the server, and the files in the weights folder afterwards."""
    folder = tmp_path_factory.mktemp("weights")
    files = make_files(folder / "openai", worker_python)
    shutil.copy(CHECKPOINT, folder / "edge-jukebox.pt")
    weights = folder / "mine"
    weights.mkdir()
    with serving(files) as server:
        server.pause_s = 0.1  # 64 KB each time: 9 s in all
        python = python_for(folder, worker_python, server.url, files)
        given = {"addon_zip": addon_zip, "worker_python": python, "song_s": 5, "size": "1400x1000"}
        more = {"WEIGHTS": str(weights), "CHECKPOINT": str(folder / "edge-jukebox.pt")}
        seen = run("weights.py", folder, **given, **more)
    return seen | {
        "asked": [list(row) for row in server.asked],
        "there": sorted(path.name for path in weights.iterdir()),
    }


def test_a_checkpoint_becomes_the_weights_and_what_is_none_changes_nothing(facts):
    name, problem = facts["refused"]
    assert name == "starter" and "song.wav is not a torch checkpoint" in problem
    assert facts["imported"] == ["edge-jukebox", "None"]


def test_nothing_is_fetched_before_the_licence_is_accepted(facts):
    assert facts["not_accepted"] == [True, ["edge-jukebox.safetensors"]]


def test_a_cancelled_download_is_gone_on_with_and_the_panel_follows_it(facts):
    stage, share = facts["downloading"]
    kept, problem = facts["cancelled"]
    assert stage == "downloading" and 0.2 < share < 0.9 and problem == "None"
    assert kept > 1_500_000
    assert facts["asked"] == [[ENCODER, 0], [PRIOR, 0], [PRIOR, kept]]
    shares = [share for stage, share in facts["seen"] if stage == "downloading"]
    assert len(shares) > 5 and shares == sorted(shares) and shares[0] > 0.2


def test_jukebox_is_there_in_the_end_and_its_downloads_are_not(facts):
    assert facts["there"] == ["edge-jukebox.safetensors", "jukebox-5b"]
