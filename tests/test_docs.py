"""The documents: links lead somewhere, every page can be found, what they say agrees with the code."""

import argparse
import math
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from doc_pages import DOCS, PAGES, ROOT, name_of
from safetensors import safe_open

import build_addon
from build_tools import site
from edge_backend.cli.parser import build_parser
from edge_backend.model.weights_file import read_info
from edge_backend.schema.requests import STYLES


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


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_of_the_code_that_a_page_names_are_there(page: Path) -> None:
    rooms = ("edge_backend", "blender_addon", "build_tools", "requirements", "tests", "demo", ".")
    there = {path.as_posix() for room in rooms for path in (ROOT / room).glob("**/*.py" if room != "." else "*.py")}
    named = re.findall(r"`([\w/]+\.py)`", page.read_text(encoding="utf-8"))
    # NAME stands for a name of the reader's own.
    assert [name for name in named if "NAME" not in name and not any(path.endswith(f"/{name}") for path in there)] == []


def anchors(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_every_page_is_on_the_first_page() -> None:
    listed = {(DOCS / link.partition("#")[0]).resolve() for link in links(DOCS / "index.md")}
    assert sorted(page.name for page in DOCS.glob("*.md") if page.resolve() not in listed | {DOCS / "index.md"}) == []


# --- What has to agree with the code


def test_the_front_page_names_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (actions,) = [action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction)]
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


def test_the_site_s_links_stay_on_it_or_lead_to_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert ROOT / settings["docs_dir"] == DOCS and settings["hooks"] == ["build_tools/site.py"]
    first, *chapters = settings["nav"]
    pages = [first, *(page for chapter in chapters for pages in chapter.values() for page in pages)]
    assert sorted(pages) == sorted(page.name for page in DOCS.glob("*.md"))
    monkeypatch.setenv("GITHUB_REPOSITORY", "somebody/something")
    for page in DOCS.glob("*.md"):
        read = site.on_page_markdown(page.read_text(encoding="utf-8"), page=None, config=None, files=None)
        code_left_out = re.sub(r"```.*?```|`[^`\n]*`", "", read, flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)\s]+)\)", code_left_out):
            outside = link.startswith(("https://", "#"))
            assert outside or ((DOCS / link.partition("#")[0]).is_relative_to(DOCS) and ".." not in link), link
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    assert "https://github.com/somebody/something/blob/main/README.md" in site.on_page_markdown(index)
    monkeypatch.delenv("GITHUB_REPOSITORY")
    assert (ROOT / "README.md").as_uri() in site.on_page_markdown(index)


def test_the_model_card_agrees_with_the_weights_metadata() -> None:
    weights = ROOT / "weights/starter.safetensors"
    info, card = read_info(weights), (ROOT / "weights/README.md").read_text(encoding="utf-8")
    net = info.config
    size = f"latent {net.latent}, feed-forward {net.ff}, {net.layers} decoder layers, {net.heads} heads"
    with safe_open(weights, framework="np") as file:
        tensors = [file.get_slice(name) for name in file.keys() if not name.startswith("normaliser")]  # noqa: SIM118
        parameters = sum(math.prod(tensor.get_shape()) for tensor in tensors)
    assert size in card and f"; {parameters / 1e6:.1f} M parameters" in card
    assert ("`frame_music`" in card) == net.frame_music
    assert f"{info.training['step']:,} steps of {info.training['settings']['batch']} windows" in card
    assert f"{info.feature_width} rhythm channels, {len(STYLES)} styles" in card
    assert f"| licence | {info.licence.partition(';')[0]}" in card
