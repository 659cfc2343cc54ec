"""The documents: links lead somewhere, every page can be found, what they say to type can be typed."""

import argparse
import importlib
import math
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from safetensors import safe_open

import build_addon
from edge_backend import cli
from edge_backend.model.weights_file import read_info
from edge_backend.request import STYLES

ROOT = Path(build_addon.__file__).parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md"), ROOT / "weights/README.md"])
OWN_PARSERS = {"train": "edge_backend.training.__main__", "evaluate": "edge_backend.evaluation.__main__"}


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def links(page: Path) -> Iterator[str]:
    """Where a page's links and pictures lead, code left out."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    yield from re.findall(r"\]\(([^)\s]+)\)", text)
    yield from re.findall(r'<img src="([^"]+)"', text)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    lost = []
    for link in links(page):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


def anchors(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_every_page_is_on_the_first_page() -> None:
    listed = {(DOCS / link.partition("#")[0]).resolve() for link in links(DOCS / "index.md")}
    assert sorted(page.name for page in DOCS.glob("*.md") if page.resolve() not in listed | {DOCS / "index.md"}) == []


# --- Commands


def typed(page: Path) -> Iterator[str]:
    """What a page says to type: lines of `sh` blocks, lines set in by four spaces, and commands in tables."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield from joined(block)
    yield from joined("\n".join(re.findall(r"^ {4,}(python(?:[^\n\\]|\\\n)*)$", text, re.MULTILINE)))
    yield from re.findall(r"^\| `(python3? [^`]+)` \|", text, re.MULTILINE)


def joined(lines: str) -> Iterator[str]:
    """Lines, those with a backslash at their end together with the next."""
    yield from filter(None, (line.strip() for line in re.sub(r"\\\n\s*", "", lines).splitlines()))


COMMANDS = [(name_of(page), command) for page in PAGES for command in typed(page)]
KNOWN_PROGRAMS = (
    "python -m edge_backend",
    "python -m edge_dance",
    "blender ",
    "python3 build_addon.py",
    "pip install",
    ".venv/bin/",
)


def test_the_pages_say_much_to_type() -> None:
    assert len(COMMANDS) > 60
    unknown = [row for row in COMMANDS if not row[1].startswith(KNOWN_PROGRAMS)]
    assert unknown == []


@pytest.mark.parametrize(("page", "command"), COMMANDS, ids=[f"{page}: {command}" for page, command in COMMANDS])
def test_what_is_to_be_typed_is_understood(page: str, command: str) -> None:
    words = shlex.split(command.replace("STEPS", "1000"), comments=True)
    try:
        if words[:2] == ["python3", "build_addon.py"]:
            build_addon.parse(words[2:])
        elif words[2] == "edge_backend.training":
            parser_of("edge_backend.training.__main__").parse_args(words[3:])
        elif words[2] == "edge_backend" and words[3] in OWN_PARSERS:
            parser_of(OWN_PARSERS[words[3]]).parse_args(words[4:])
        elif words[2] == "edge_backend":
            cli._parser().parse_args(words[3:])
    except SystemExit as end:
        assert end.code == 0, f"{page}: {command}"  # 0: it asked for --help


def parser_of(module: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = importlib.import_module(module)._parser()
    return parser


def test_the_first_dance_goes_as_its_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the bundled weights, on a little more than a second of clicks, which is the least."""
    time = np.arange(round(1.2 * 22050)) / 22050
    soundfile.write(tmp_path / "song.ogg", 0.5 * np.sin(2 * np.pi * 90 * time) * np.exp(-12 * (time % 0.5)), 22050)
    monkeypatch.chdir(tmp_path)
    commands = [command for command in typed(DOCS / "first_dance.md") if command.startswith("python -m edge_backend")]
    assert len(commands) == 6
    for command in commands:
        assert cli.main(shlex.split(command)[3:]) == 0, command
    made = {path.name for path in tmp_path.iterdir()} - {"song.ogg"}
    assert made == {
        "dance.npz", "dance.mp4", "dance.png", "calm.npz", "dance.bvh", "amass.npz", "edge.pkl",
    }  # fmt: skip


# --- What has to agree with the code


def test_the_front_page_names_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (actions,) = [action for action in cli._parser()._actions if isinstance(action, argparse._SubParsersAction)]
    hidden = {"worker", "setup"}  # Blender's business
    assert [name for name in actions.choices if f"edge_backend {name}" not in text and name not in hidden] == []


@pytest.mark.parametrize("workflow", sorted((ROOT / ".github/workflows").glob("*.yml")), ids=lambda path: path.stem)
def test_what_the_workflows_run_is_understood(workflow: Path) -> None:
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    commands = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    lines = [line.replace("${{ matrix.blender }}", "4.2") for command in commands for line in command.splitlines()]
    ours = [shlex.split(line) for line in lines if "build_addon.py" in line]
    assert ours
    for words in ours:
        options = build_addon.parse(words[2:])
        for place in options.arguments:
            assert (ROOT / place).exists(), place


def test_the_model_card_says_what_the_weights_say_of_themselves() -> None:
    weights = ROOT / "weights/starter.safetensors"
    info, card = read_info(weights), (ROOT / "weights/README.md").read_text(encoding="utf-8")
    net = info.config
    size = f"latent {net.latent}, feed-forward {net.ff}, {net.layers} decoder layers, {net.heads} heads"
    with safe_open(weights, framework="np") as file:
        tensors = [file.get_slice(name) for name in file.keys() if not name.startswith("normaliser")]  # noqa: SIM118
        parameters = sum(math.prod(tensor.get_shape()) for tensor in tensors)
    assert f"{size}; {parameters / 1e6:.1f} M parameters" in card
    assert f"{info.training['step']:,} steps of {info.training['settings']['batch']} windows" in card
    assert f"{info.feature_width} rhythm channels, {len(STYLES)} styles" in card
    assert f"| licence | {info.licence.partition(';')[0]}" in card
