"""The layout of the code: imports lead to lower floors only, nothing is unused, and docs/architecture.md agrees."""

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import build_addon

ROOT = Path(build_addon.__file__).parent
FLOORS = (
    ("errors", "schema", "numerics"),
    ("fileio", "protocol", "runtime"),
    ("motion", "setup"),
    ("model", "body", "evaluation", "motion_import"),
    ("diffusion", "audio"),
    ("choreography",),
    ("generation", "drawing"),
    ("worker", "batch", "bench", "training"),
    ("cli",),
)
ADDON_FLOORS = (
    ("backend", "disk_room", "lookups", "redraw", "selection", "settings"),
    ("compat", "setup"),
    ("preferences", "rig", "sound_strips"),
    ("keyframes", "sound_render"),
    ("music",),
    ("song_map", "takes"),
    ("constraints", "properties", "render"),
    ("formation",),
    ("ops",),
    ("command_line", "ui"),
    ("registration",),
)
FLOORS_OF = {"edge_backend": FLOORS, "blender_addon": ADDON_FLOORS}
FLOOR_OF = {
    (package, room): floor
    for package, floors in FLOORS_OF.items()
    for floor, rooms in enumerate(floors)
    for room in rooms
}
ENTRY_POINTS = {"__init__", "__main__"}


@cache
def modules(package: str) -> dict[str, Path]:
    """Dotted names below the package -> files."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(package: str, name: str) -> set[str]:
    """The package's own modules that a module imports, at its top or inside of functions."""
    path = modules(package)[name]
    home = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*home[: len(home) - node.level + 1], *(node.module or "").split(".")]
            module = ".".join(filter(None, base))
            found |= {
                deeper if (deeper := f"{module}.{alias.name}") in modules(package) else module for alias in node.names
            }
    return {module for module in found if module in modules(package) and module != name}


@pytest.mark.parametrize("package", FLOORS_OF)
def test_every_room_has_a_floor_and_says_who_may_import_it(package: str) -> None:
    rooms = {path.parent.name: path for path in (ROOT / package).glob("*/__init__.py")}
    loose = {path.stem for path in (ROOT / package).glob("*.py")} - ENTRY_POINTS
    assert package == "blender_addon" or not loose
    assert rooms.keys() | loose == {room for rooms in FLOORS_OF[package] for room in rooms}
    for room, path in rooms.items():
        docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        assert re.search(r"\bimport", docstring, re.IGNORECASE), room


def test_methods_of_operators_and_panels_have_docstrings_but_for_blenders_callbacks() -> None:
    """What ruff's D102 checks elsewhere."""
    callbacks = {"poll", "draw", "draw_item", "invoke", "execute", "modal", "cancel", "description", "why_not"}
    without = [
        f"{name}.{method.name}"
        for name in modules("blender_addon")
        if name.startswith(("blender_addon.ops.", "blender_addon.ui."))
        for group in ast.walk(ast.parse(modules("blender_addon")[name].read_text("utf-8")))
        if isinstance(group, ast.ClassDef)
        for method in group.body
        if isinstance(method, ast.FunctionDef)
        and not (method.name.startswith("_") or method.name in callbacks or ast.get_docstring(method))
    ]
    assert not without


@pytest.mark.parametrize(
    ("package", "name"), [(package, name) for package in FLOORS_OF for name in modules(package) if "." in name]
)
def test_imports_run_to_lower_floors(package: str, name: str) -> None:
    room = name.split(".")[1]
    for module in imports(package, name) if room not in ENTRY_POINTS else ():
        other = module.split(".")[1] if "." in module else room
        lower = other == room or FLOOR_OF[package, other] < FLOOR_OF[package, room]
        assert lower, f"{name} imports {module}"


TORCH_FREE = ("diffusion", "generation", "motion", "numerics", "schema", "errors", "protocol", "fileio")
"""Rooms that the bundled weights need, and that do not import torch; of `model` only some modules do."""


def outside_imports(path: Path) -> set[str]:
    """The packages of other people that a module imports, at its top or inside of functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found


@pytest.mark.parametrize("room", TORCH_FREE)
def test_what_dances_by_the_bundled_weights_imports_no_torch(room: str) -> None:
    inside = {name: path for name, path in modules("edge_backend").items() if name.startswith(f"edge_backend.{room}.")}
    assert inside
    assert not [name for name, path in inside.items() if "torch" in outside_imports(path)]


@pytest.mark.parametrize("package", ["edge_backend", "blender_addon"])
def test_no_modules_import_each_other_in_a_circle(package: str) -> None:
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way[way.index(name) :], name)) if name in way else ""
        if name in done:
            return
        for module in sorted(imports(package, name)):
            visit(module, (*way, name))
        done.add(name)

    for name in modules(package):
        visit(name, ())


@pytest.mark.parametrize("name", [name for name in modules("edge_backend") if ".cli" not in name])
def test_only_the_command_line_prints(name: str) -> None:
    """Everything else logs, by a logger of its module's name."""
    tree = ast.parse(modules("edge_backend")[name].read_text("utf-8"))
    calls = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not {call for call in calls if call.startswith(("print(", "sys.stderr.write(", "sys.stdout.write("))}
    assert {call for call in calls if call.startswith("logging.getLogger(")} <= ALLOWED_LOGGERS.get(
        name, {"logging.getLogger(__name__)"}
    )


ALLOWED_LOGGERS = {"edge_backend.protocol.log_messages": {"logging.getLogger()", "logging.getLogger(PACKAGE)"}}


CALLED_BY_LIBRARIES = {"emit", "find_class", "handleError", "handle_starttag", "on_page_markdown", "pre_cb"}
PRODUCT = ("edge_backend", "blender_addon", "build_tools", "demo")


def defined_names(tree: ast.Module) -> Iterator[str]:
    """Functions, classes and methods of a module, private ones included, and the constants at its top."""
    yield from (node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef))
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node] if isinstance(node, ast.AnnAssign) else []
        yield from (name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))


def words_of_code(text: str, tree: ast.Module) -> Iterator[str]:
    """The words of a module in code and strings, without comments and docstrings."""
    docstrings = {
        (node.value.lineno, node.value.col_offset)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT and token.start not in docstrings:
            yield from re.findall(r"\w+", token.string)


def test_nothing_is_unused_or_there_for_tests_alone() -> None:
    count: Counter[str] = Counter()
    names: dict[str, str] = {}
    for path in [ROOT / "build_addon.py", *(path for folder in PRODUCT for path in (ROOT / folder).rglob("*.py"))]:
        text = path.read_text("utf-8")
        tree = ast.parse(text)
        count.update(words_of_code(text, tree))
        names |= {name: str(path) for name in defined_names(tree)}
    unused = {name: path for name, path in names.items() if count[name] == 1 and not name.startswith("__")}
    assert unused.keys() <= CALLED_BY_LIBRARIES, unused


@pytest.mark.parametrize("package", FLOORS_OF)
def test_the_page_has_the_same_floors(package: str) -> None:
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    part = page.partition(f"## The floors of {package}")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \| (.+?) \|", part, re.MULTILINE)
    assert {int(floor): tuple(re.findall(r"`(\w+)`", rooms)) for floor, rooms in rows} == dict(
        enumerate(FLOORS_OF[package])
    )
