"""A Python that Blender can use as its backend's and that gets a small Jukebox, from this machine, in OpenAI's place.

`python_for` writes it; what it runs is this file. The product's own addresses and checksums stay as they are: they are
replaced in that process alone.
"""

import hashlib
import json
import shlex
import subprocess
import sys
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data/jukebox"
ENCODER, PRIOR = "vqvae.pth.tar", "prior_level_2.pth.tar"  # OpenAI's names


def make_files(folder: Path, python: Path) -> dict[str, bytes]:
    """Both files, in OpenAI's layout but 6 MB. python: one that has torch."""
    subprocess.run([str(python), __file__, "make", str(folder)], check=True)
    return {name: (folder / name).read_bytes() for name in (ENCODER, PRIOR)}


def python_for(folder: Path, python: Path, place: str, files: dict[str, bytes]) -> Path:
    """A program that does as `python` does, but that `weights fetch jukebox` fetches these files from `place`."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    (folder / "place.json").write_text(json.dumps({"place": place, "digests": digests}))
    program = folder / "python"
    this = shlex.join([str(python), __file__, "run", str(folder / "place.json")])
    program.write_text(
        f'#!/bin/sh\nif [ "$3" = weights ]; then shift 2; exec {this} "$@"; fi\nexec {shlex.quote(str(python))} "$@"\n'
    )
    program.chmod(0o755)
    return program


def _make(folder: Path) -> None:
    import torch  # noqa: PLC0415 - not in Blender's Python
    from safetensors.torch import load_file  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    (folder / PRIOR).write_bytes((DATA / PRIOR).read_bytes())
    content = {"hps": {}, "model": load_file(DATA / "vqvae_level2_random.safetensors"), "opt": None, "step": 1}
    torch.save(content, folder / ENCODER, _use_new_zipfile_serialization=False)


def _run(facts: Path, arguments: list[str]) -> int:
    """In the surroundings in which Blender starts its backend."""
    from functools import partial  # noqa: PLC0415

    from edge_backend.audio.jukebox import conversion  # noqa: PLC0415
    from edge_backend.cli import main as cli  # noqa: PLC0415
    from edge_backend.cli.commands import jukebox_fetch, weights_fetch  # noqa: PLC0415

    known = json.loads(facts.read_text())
    jukebox_fetch.PLACE = known["place"]
    conversion.SHA256.update(known["digests"])  # one object, wherever it was imported
    weights_fetch.convert = partial(conversion.convert, layers=6, heads=2)
    return cli.main(arguments)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        _make(Path(sys.argv[2]))
    else:
        sys.exit(_run(Path(sys.argv[2]), sys.argv[3:]))
