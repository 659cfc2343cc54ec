"""Every operator, property and choice of the extension has a tooltip."""

from collections.abc import Iterator
from typing import Any

import bpy
import pytest
from blender_fixtures import PACKAGE

PROGRAMMERS_WORDS = ("bool", "enum", "datablock", "idname", "rna", "callback", "kwarg", "subprocess", "json")
SHORTEST, LONGEST = 10, 250  # characters: more than a label repeated, less than a page


def our_types() -> dict[str, Any]:
    """RNA types by name: operators, and the property groups of Blender's own types and of the preferences."""
    types = {}
    for name in (name for name in dir(bpy.types) if "EDGE_DANCE_OT" in name):
        group, operator = name.lower().split("_ot_")
        types[name] = getattr(getattr(bpy.ops, group), operator).get_rna_type()
    types["preferences"] = bpy.context.preferences.addons[PACKAGE].preferences.bl_rna
    for kind in bpy.types.ID.__subclasses__():
        for prop in kind.bl_rna.properties:
            if prop.identifier.startswith("edge_dance") and prop.type in ("POINTER", "COLLECTION"):
                add_groups(types, f"{kind.__name__}.{prop.identifier}", prop.fixed_type)
    return types


def add_groups(types: dict[str, Any], name: str, rna: Any) -> None:
    """Add a group and the groups inside it."""
    types[name] = rna
    for prop in rna.properties:
        if (
            prop.type in ("POINTER", "COLLECTION")
            and getattr(prop.fixed_type.base, "identifier", "") == "PropertyGroup"
        ):
            add_groups(types, f"{name}.{prop.identifier}", prop.fixed_type)


def shown(name: str, rna: Any) -> Iterator[tuple[str, str, str]]:
    """(where, label, tooltip) of everything in a type that has a tooltip."""
    if "_OT_" in name:
        yield name, rna.name, rna.description
    inherited = {prop.identifier for prop in rna.base.properties} if rna.base else set()
    for prop in rna.properties:
        if prop.identifier in inherited | {"rna_type", "name"} or prop.is_hidden:
            continue
        where = f"{name}.{prop.identifier}"
        yield where, prop.name, prop.description
        for item in getattr(prop, "enum_items_static", ()):
            yield f"{where} {item.identifier}", item.name, item.description


def test_there_is_a_tooltip_for_everything_in_an_animators_words() -> None:
    tooltips = [row for name, rna in our_types().items() for row in shown(name, rna)]
    assert len(tooltips) > 100  # the search finds what it is meant to find
    faults = [f"{where}: {fault}" for where, name, words in tooltips if (fault := fault_of(name, words))]
    assert not faults, "\n".join(faults)


def fault_of(name: str, words: str) -> str:
    """The fault of a tooltip, "" if there is none."""
    if not SHORTEST <= len(words) <= LONGEST:
        return f"{len(words)} characters: {words!r}"
    if words.strip().rstrip(".").casefold() == name.casefold():
        return f"only repeats the label: {words!r}"
    if words.endswith("."):
        return f"Blender puts the full stop itself: {words!r}"
    if found := [word for word in PROGRAMMERS_WORDS if word in words.lower().replace(",", " ").split()]:
        return f"a programmer's word, {found[0]}: {words!r}"
    return ""


@pytest.mark.parametrize(
    "words", ["", "Seed", "Which dance of the many that the song could have.", "The enum of styles"]
)
def test_the_search_knows_a_bad_tooltip(words: str) -> None:
    assert fault_of("Seed", words)
    assert not fault_of("Seed", "Which of the many dances: another number, another dance")
