"""Where every command writes is checked before its work: suffix, folder, and what stands there already."""

from pathlib import Path

import pytest
from small_disk import mounted

from edge_backend.cli import main as cli

FILES = {
    "generate song.wav -o {}": (".npz",),
    "features song.wav -o {}": (".npz",),
    "listen song.wav -o {}": (".json",),
    "listen song.wav -o {folder}/map.json --plot {}": (".png",),
    "preview dance.npz -o {}": (".mp4",),
    "preview dance.npz --sheet {}": (".png",),
    "phrases preview library phrase -o {}": (".png",),
    "export dance.npz -o {}": (".bvh", ".npz", ".pkl"),
    "convert dance.bvh {}": (".npz", ".pkl", ".bvh"),
    "convert dance.bvh {} --to amass": (".npz",),
    "weights import checkpoint.pt -o {}": (".safetensors",),
    "weights export-onnx starter -o {}": (".onnx",),
    "batch {folder}/song.wav --out {folder} --report {}": (".csv", ".json"),
    "train mocap motions {}": (".safetensors",),
    "train aist motions wavs {}": (".safetensors",),
    "train run pack.safetensors --out {folder} --export {}": (".safetensors",),
}
"""Command -> the suffixes that it writes. {} is its output, {folder} a folder that is there. Inputs are not read."""

FOLDERS = (
    "batch {folder}/song.wav --out {}",
    "convert dance.bvh {}",
    "evaluate dance.npz -o {}",
    "phrases add {} dance.bvh",
    "jukebox fetch -o {}",
    "jukebox convert originals -o {}",
    "train run pack.safetensors --out {}",
)


@pytest.fixture
def said(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    """(command, output) -> the last line of a command that fails."""
    (tmp_path / "song.wav").write_text("no song")

    def fail(command: str, output: Path) -> str:
        words = [word.replace("{}", str(output)).replace("{folder}", str(tmp_path)) for word in command.split()]
        assert cli.main(words) == 2
        return capfd.readouterr().err.splitlines()[-1]

    return fail


@pytest.mark.parametrize(("command", "suffixes"), FILES.items())
def test_another_suffix_is_refused_with_those_that_will_do(
    said, tmp_path: Path, command: str, suffixes: tuple[str, ...]
) -> None:
    for name in ("dance.xyz", "dance"):
        if not name.endswith("xyz") and command.startswith("convert"):
            continue  # a folder
        (tmp_path / name).write_text("mine")
        sentence = said(command, tmp_path / name)
        assert f"The name {name} does not end in " in sentence
        assert all(suffix in sentence for suffix in suffixes)
        assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize(("command", "suffixes"), FILES.items())
def test_a_file_needs_a_folder_and_is_none(said, tmp_path: Path, command: str, suffixes: tuple[str, ...]) -> None:
    name = f"dance{suffixes[0]}"
    (tmp_path / "file").write_text("mine")
    (tmp_path / name).mkdir()
    assert f"{tmp_path / name} is a folder." in said(command, tmp_path / name)
    assert f"{tmp_path / 'file'} is a file, not a folder." in said(command, tmp_path / "file" / name)
    if not command.startswith("train run"):  # which makes it
        assert f"The folder {tmp_path / 'no'} does not exist." in said(command, tmp_path / "no" / name)
        assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("command", FOLDERS)
def test_a_folder_is_no_file(said, tmp_path: Path, command: str) -> None:
    (tmp_path / "file").write_text("mine")
    for output in (tmp_path / "file", tmp_path / "file" / "deeper"):
        assert f"{tmp_path / 'file'} is a file, not a folder." in said(command, output)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("command", [*FILES, *FOLDERS])
def test_a_read_only_disk_is_named_before_the_work(said, tmp_path: Path, command: str) -> None:
    suffix = FILES[command][0] if command in FILES else ""
    with mounted(tmp_path / "disk", "ro") as disk:
        assert f"Nothing can be written into the folder {disk}: Read-only" in said(command, disk / f"dance{suffix}")


@pytest.mark.parametrize(
    ("command", "suffix"),
    [
        ("convert {} {}", ".npz"),
        ("export {} -o {}", ".npz"),
        ("preview dance.npz --audio {} -o {}", ".mp4"),
        ("preview {} --sheet {}", ".png"),
    ],
)
def test_what_is_read_stays(said, tmp_path: Path, command: str, suffix: str) -> None:
    target = tmp_path / f"read{suffix}"
    target.write_text("mine")
    assert f"{target} is a file that is read." in said(command, target)
    assert target.read_text() == "mine"
