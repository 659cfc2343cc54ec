"""Every operator, property and choice of the extension has a tooltip."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import bpy
import pytest
from blender_fixtures import PACKAGE, addon, put_dancer, random_motion
from drawing import draw, operators, panels

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


def test_two_buttons_of_one_operator_that_do_different_things_say_different_things() -> None:
    """Such as one that removes a row, and one that removes all."""
    addon("takes.new_take").add_take(put_dancer(), random_motion(20), bpy.context.scene, 1)
    bpy.ops.edge_dance.keep(source="POSE")
    tips = tips_of_switches()
    rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
    bpy.context.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.edge_dance.find_bones()
    bpy.ops.edge_dance.use_pose()
    tips |= tips_of_switches()
    assert {"edge_dance.remove_kept", "edge_dance.add_preset", "edge_dance.add_bone_map_preset",
            "edge_dance.use_pose"} <= {name for name, _ in tips}  # fmt: skip
    by_switch: dict[tuple[str, str], set[str]] = {}
    for (name, switch), said in tips.items():
        by_switch.setdefault((name, switch.rpartition("=")[0]), set()).add(said)
    assert [switch for switch, said in by_switch.items() if len(said) == 1] == []


def tips_of_switches() -> dict[tuple[str, str], str]:
    """(operator, switch=value) -> tooltip, of all buttons of the panels whose operator has a switch: on and off."""
    classes = {operator.bl_idname: operator for operator in operators()}
    tips = {}
    for name, values in (button for panel in panels() for button in draw(panel).buttons):
        cls = classes.get(name)
        switches = [switch for switch, value in vars(values).items() if value is True]
        for switch in switches if cls else ():
            for value in (False, True):
                describe = getattr(cls, "description", None)
                said = describe(bpy.context, SimpleNamespace(**{switch: value})) if describe else cls.__doc__
                tips[name, f"{switch}={value}"] = said
    return tips
