"""A dance by the bundled weights needs numpy, ONNX Runtime and soundfile; other packages may be missing."""

import subprocess
import sys
from pathlib import Path

from pipeline_fixtures import write_song

from edge_backend.motion.files import load_motion

REPOSITORY = Path(__file__).parents[3]
OTHERS = (
    "torch",
    "scipy",
    "librosa",
    "safetensors",
    "soxr",
    "av",
    "numba",
    "sklearn",
    "PIL",
    "onnx",
    "flatbuffers",
    "google",
)


def test_a_dance_by_the_bundled_weights_needs_no_other_package(tmp_path: Path) -> None:
    song = write_song(tmp_path / "song.wav")
    code = (
        f"import sys; sys.modules |= dict.fromkeys({OTHERS})\n"  # as if they were not installed
        "from edge_backend.cli import main as cli\n"
        f"sys.exit(cli.main(['generate', {str(song)!r}, '-o', {str(tmp_path / 'dance.npz')!r}, "
        "'--steps', '2', '--sequential']))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    motion = load_motion(tmp_path / "dance.npz")
    assert motion.frames == 180
    assert motion.meta["engine"].startswith("ONNX Runtime 1.")
