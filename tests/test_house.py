"""Imports run from higher floors to lower ones, and never in a circle; docs/architecture.md has the same floors."""

import ast
import re
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
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


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


def test_every_room_has_a_floor_and_says_who_may_import_it() -> None:
    rooms = {path.parent.name for path in (ROOT / "edge_backend").glob("*/__init__.py")}
    assert rooms == set(FLOOR_OF)
    loose = {path.name for path in (ROOT / "edge_backend").glob("*.py")}
    assert loose == {"__init__.py", "__main__.py"}
    for room in rooms:
        told = ast.get_docstring(ast.parse((ROOT / "edge_backend" / room / "__init__.py").read_text("utf-8"))) or ""
        assert re.search(r"\bimport", told, re.IGNORECASE), room


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


@pytest.mark.parametrize("name", [name for name in modules("edge_backend") if name.count(".")])
def test_imports_run_to_lower_floors(name: str) -> None:
    room = name.split(".")[1]
    if room == "__main__":
        return
    for module in imports("edge_backend", name):
        other = module.split(".")[1] if "." in module else room
        assert other == room or FLOOR_OF[other] < FLOOR_OF[room], f"{name} imports {module}"


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


CALLED_BY_LIBRARIES = {"emit", "find_class", "handle_starttag"}


def public_names(path: Path) -> Iterator[str]:
    """Functions, classes, their methods and constants that a module defines."""
    for node in ast.parse(path.read_text("utf-8")).body:
        match node:
            case ast.FunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name, body=body):
                yield name
                yield from (method.name for method in body if isinstance(method, ast.FunctionDef))
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def test_nothing_public_is_there_for_tests_alone() -> None:
    products = ("edge_backend", "blender_addon", "build_tools", "demo")
    texts = [path.read_text("utf-8") for product in products for path in (ROOT / product).rglob("*.py")]
    count = Counter(word for text in texts for word in re.findall(r"\w+", text))
    names = {name: module for module, path in modules("edge_backend").items() for name in public_names(path)}
    unused = {name: module for name, module in names.items() if count[name] == 1 and not name.startswith("_")}
    assert unused.keys() <= CALLED_BY_LIBRARIES, unused


def test_the_page_has_the_same_floors() -> None:
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d) \| (.+?) \|", page, re.MULTILINE)
    assert {int(floor): tuple(re.findall(r"`(\w+)`", rooms)) for floor, rooms in rows} == dict(enumerate(FLOORS))
