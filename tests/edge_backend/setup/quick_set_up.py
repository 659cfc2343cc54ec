"""Makes set-up quick: environments borrow the pip of the Python they are made from, and another backend is tested."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from edge_backend.setup import environment, locked, wheels
from edge_backend.setup.home import python_of


def patch(locks: Path, backend: Path, put: Callable[[object, str, object], None] = setattr) -> None:
    put(locked, "FOLDER", Path(locks))
    put(environment, "_BACKEND", Path(backend))
    put(environment, "make", make)
    put(wheels, "download", partial(wheels.download, pause_s=0.0))


def make(folder: Path, _virtualenv: Sequence[Path] = ()) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    options = ["--without-pip", "--system-site-packages"]
    subprocess.run([sys.executable, "-I", "-m", "venv", *options, str(folder)], check=True)
    return python_of(folder)
