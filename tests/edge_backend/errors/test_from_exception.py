"""The sentences that users read for exceptions."""

import errno
import re
from pathlib import Path

import pytest
import torch

from edge_backend.errors import EdgeError
from edge_backend.errors.from_exception import explain

REPOSITORY = Path(__file__).parents[3]
SOURCES = [*(REPOSITORY / "edge_backend").rglob("*.py"), *(REPOSITORY / "blender_addon").rglob("*.py")]
CODE = re.compile(r"""(?:EdgeError|ProtocolError)\(\s*"([a-z0-9_]+)\"""")


def test_an_allocation_that_torch_cannot_make_is_called_out_of_memory() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 58)
    failure = explain(caught.value)
    assert failure.code == "out_of_memory"
    assert "Traceback" in failure.detail


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (MemoryError(), "out_of_memory", "memory"),
        (OSError(errno.ENOSPC, "No space left on device", "/somewhere/dance.npz"), "disk_full", "/somewhere/dance.npz"),
        (
            PermissionError(errno.EACCES, "Permission denied", "dance.npz"),
            "file_failed",
            "Permission denied: dance.npz",
        ),
        (ModuleNotFoundError("No module named 'librosa'", name="librosa"), "package_missing", "librosa"),
        (RuntimeError("shape mismatch"), "internal", "RuntimeError"),
        (EdgeError("audio_silent", "There is only silence."), "audio_silent", "silence"),
    ],
)
def test_each_failure_is_one_sentence_with_a_code(error: Exception, code: str, words: str) -> None:
    failure = explain(error)
    assert failure.code == code
    assert words in failure.message
    assert re.fullmatch(r"[^\n]+\.", failure.message)


def test_every_code_in_the_source_stands_in_the_table_with_cause_and_cure() -> None:
    texts = [path.read_text("utf-8") for path in SOURCES]
    used = {code for text in texts for code in CODE.findall(text)}
    assert len(used) > 20  # the search finds what it is meant to find
    table = (REPOSITORY / "docs/errors.md").read_text("utf-8")
    rows = [code for code, _, _ in re.findall(r"^\| `(\w+)` \| (\S.+?) \| (\S.+?) \|$", table, re.MULTILINE)]
    assert len(rows) == len(set(rows))
    assert sorted(used - set(rows)) == []
    assert [code for code in rows if not any(f'"{code}"' in text for text in texts)] == []  # nothing outlived its use
