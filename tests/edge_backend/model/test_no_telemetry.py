"""ONNX Runtime's telemetry, which starts by writing a file `.ses`, is off."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("onnxruntime")


@pytest.mark.skipif(sys.platform == "win32", reason="there the system decides")
@pytest.mark.parametrize("module", ["edge_backend.model.onnx_engine", "edge_backend.generation.pipeline"])
def test_the_engine_is_silent(module: str, tmp_path: Path) -> None:
    variables = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    command = [sys.executable, "-c", f"import {module}, edge_backend.model.onnx_engine"]
    subprocess.run(command, env=variables | {"TMPDIR": str(tmp_path)}, check=True)
    assert list(tmp_path.iterdir()) == []
