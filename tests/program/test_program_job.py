"""A job in Blender's real program without a window, as in a script."""

import json
import os
import sys
import time
from pathlib import Path

import pytest
import real_program

HERE = Path(__file__).parent


@pytest.fixture(params=["bundled, without a network", "of the user's own"])
def own_python(request: pytest.FixtureRequest, worker_python: Path) -> str:
    """The user's own Python for the worker, "" = what came in the zip, in a program without a network."""
    if request.param == "of the user's own":
        return str(worker_python)
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a program without a network takes Linux, and root")
    return ""


def test_a_script_dances_edits_saves_and_opens_and_the_program_ends_well(
    own_python: str, user_folder: Path, song: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"SONG": song, "WORKER_PYTHON": own_python, "OUT": song.parent}.items():
        monkeypatch.setenv(name, str(value))
    words = ["-b", *real_program.script(HERE / "program_job.py")]
    code, out, errors = real_program.finish(user_folder, *words, offline=not own_python)
    assert code == 0 and "Traceback" not in out + errors, out + errors
    facts = json.loads((song.parent / "facts.json").read_text())
    assert facts["background"] and facts["version"].split()[0] == real_program.version(user_folder)
    takes, keys, (first, last) = facts["first"]
    assert takes == ["song 3"] and keys > 1000 and (first, last) == pytest.approx((1, 90), abs=1.5)
    assert facts["opened"] == facts["edited"] and len(facts["edited"][0]) == 2
    assert list(temporary.iterdir()) == []
    if sys.platform == "linux":
        gone = time.monotonic() + 10
        while real_program.living(temporary) and time.monotonic() < gone:
            time.sleep(0.05)
        assert real_program.living(temporary) == []
