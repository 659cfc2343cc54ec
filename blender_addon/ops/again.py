"""The operator that generates a take again."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import bpy

from ..constraints.edit_record import Edit, edit_of, source_of
from ..constraints.rows import Row
from ..edge_backend.motion.motion import Motion
from ..edge_backend.schema.requests import GenerateRequest
from ..keyframes.take_details import details
from ..rig.target import find_dancer
from ..settings import restore_settings
from ..takes.new_take import WrittenKeys
from ..takes.take_list import showing
from .edit import EditOperator
from .generate import DanceOperator
from .takes import shown_take, why_no_take


class EDGE_DANCE_OT_generate_again(EditOperator):
    """Generate the current take again, with its own settings and constraints; the panel takes over these settings"""

    bl_idname = "edge_dance.generate_again"
    bl_label = "Generate Again"

    _again: Edit | None
    """The edit that made the take; None if it is a plain dance."""

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return why_no_take(context) or super().why_not(context)

    def prepare(self, context: bpy.types.Context) -> None:
        """Set the panel to the take's settings, and read constraints from the action that they were read from then."""
        _, action = shown_take(context) or (None, None)
        assert action  # noqa: S101 - poll has checked it
        self._again = edit_of(action)
        source = source_of(self._again) if self._again else None
        restore_settings(context.scene.edge_dance, json.loads(details(action).get("settings", "{}")))
        if self._again is None:
            DanceOperator.prepare(self, context)
            return
        self.suffix, self.strength, self.plan = self._again.suffix, self._again.vary, self._again.plan
        with showing(find_dancer(context), source):
            super().prepare(context)

    def window(self, armature: bpy.types.Object, strip: tuple[float, float]) -> tuple[float, float]:
        """The range of the first time, as far as there still is music."""
        assert self._again  # noqa: S101 - plain dances have none
        return max(self._again.first, strip[0]), min(self._again.last, strip[1])

    def rows(self, context: bpy.types.Context, armature: bpy.types.Object) -> list[Row]:
        """The constraints of the take."""
        assert self._again  # noqa: S101 - plain dances have none
        return list(self._again.rows)

    def reading(self, context: bpy.types.Context) -> Iterator[float] | None:
        """Read the constraints, if there are any."""
        return super().reading(context) if self._again else None

    def request(self, folder: Path, number: int) -> GenerateRequest:
        """The request, with the constraints of the take, if there are any."""
        return super().request(folder, number) if self._again else DanceOperator.request(self, folder, number)

    def first_frame(self) -> float:
        """The frame at which the take starts."""
        return super().first_frame() if self._again else DanceOperator.first_frame(self)

    def key_options(self) -> dict[str, Any]:
        """Options for `keys_in_steps`, with exact keys for the constraints."""
        return super().key_options() if self._again else DanceOperator.key_options(self)

    def key(
        self, dancer: bpy.types.Object, motion: Motion, scene: bpy.types.Scene, keys: WrittenKeys
    ) -> bpy.types.Action:
        """A new take; the repeated one is not changed."""
        key = super().key if self._again else partial(DanceOperator.key, self)
        return key(dancer, motion, scene, keys)
