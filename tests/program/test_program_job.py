"""A job in Blender's real program without a window, as in a script."""

import json
import sys
import time
from pathlib import Path

import pytest
import real_program

HERE = Path(__file__).parent


def test_a_script_dances_edits_saves_and_opens_and_the_program_ends_well(
    user_folder: Path, song: Path, worker_python: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"SONG": song, "WORKER_PYTHON": worker_python, "OUT": song.parent}.items():
        monkeypatch.setenv(name, str(value))
    words = ["-b", *real_program.script(HERE / "program_job.py")]
    code, out, errors = real_program.finish(user_folder, *words)
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
