"""Draws the extension's panels without a window, on a layout that records the calls."""

from types import SimpleNamespace
from typing import Any

import bpy
from blender_fixtures import addon


class Properties:
    """The properties of an operator's button. Enumerations are checked, as Blender does in a window."""

    def __init__(self, name: str) -> None:
        module, _, function = name.partition(".")
        known = getattr(getattr(bpy.ops, module), function).get_rna_type().properties
        object.__setattr__(self, "_enums", {one.identifier: one for one in known if one.type == "ENUM"})

    def __setattr__(self, name: str, value: Any) -> None:
        items = self._enums[name].enum_items if name in self._enums else ()
        if items and not self._enums[name].is_enum_flag and value not in items:
            raise TypeError(f"{name}: {value} is none of {', '.join(items.keys())}")
        object.__setattr__(self, name, value)


class Layout:
    """Records all calls of a UILayout, including those of its sub-layouts.

    operators, properties: (identifier, whether all enclosing layouts are enabled). buttons: (identifier, values) of the
    operators. menus: their texts.
    """

    def __init__(self, parent: "Layout | None" = None) -> None:
        self._parent = parent
        self.texts: list[str] = parent.texts if parent else []
        self.operators: list[tuple[str, bool]] = parent.operators if parent else []
        self.properties: list[tuple[str, bool]] = parent.properties if parent else []
        self.buttons: list[tuple[str, Properties]] = parent.buttons if parent else []
        self.menus: dict[str, str] = parent.menus if parent else {}
        self.enabled = True

    @property
    def usable(self) -> bool:
        return self.enabled and (self._parent is None or self._parent.usable)

    def label(self, text: str = "", **_how: Any) -> None:
        self.texts.append(text)

    def progress(self, text: str = "", **_how: Any) -> None:
        self.texts.append(text)

    def operator(self, name: str, **_how: Any) -> Any:
        self.operators.append((name, self.usable))
        self.buttons.append((name, Properties(name)))
        return self.buttons[-1][1]

    def prop(self, _owner: Any, name: str, **_how: Any) -> None:
        self.properties.append((name, self.usable))

    def menu(self, name: str, text: str = "", **_how: Any) -> None:
        self.menus[name] = text
        draw(getattr(bpy.types, name), self)

    def __getattr__(self, _name: str) -> Any:
        return lambda *_what, **_how: Layout(self)


class Context:
    """The context, in a sidebar."""

    region = SimpleNamespace(width=100_000)  # no sentence is wrapped

    def __getattr__(self, name: str) -> Any:
        return getattr(bpy.context, name)


def draw(cls: Any, layout: Layout | None = None) -> Layout:
    """The calls that a panel or a menu makes; none if its poll fails."""
    layout = layout or Layout()
    if getattr(cls, "preset_subdir", None):  # drawn by Blender, from its folders
        return layout
    if not hasattr(cls, "poll") or cls.poll(bpy.context):
        cls.draw(SimpleNamespace(layout=layout), Context())
    return layout


def panels() -> list[Any]:
    return [cls for cls in addon("registration").CLASSES if issubclass(cls, bpy.types.Panel)]


def operators() -> list[Any]:
    return [cls for cls in addon("registration").CLASSES if issubclass(cls, bpy.types.Operator)]
