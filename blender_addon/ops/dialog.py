"""Base of operators with a dialog."""

from collections.abc import Sequence
from typing import Any

import bpy


class DialogOperator(bpy.types.Operator):
    """Shows a dialog with the properties in `asked`, in that order, before the operator runs."""

    asked: tuple[str, ...]

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        manager: Any = context.window_manager
        return manager.invoke_props_dialog(self)

    def draw(self, _context: bpy.types.Context) -> None:
        self.draw_properties(self.asked)

    def draw_properties(self, names: Sequence[str]) -> None:
        """Draw these properties, one below the other."""
        layout: Any = self.layout
        layout.use_property_split = True
        for name in names:
            layout.prop(self, name)
