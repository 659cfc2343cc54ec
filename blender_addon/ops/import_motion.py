"""The operator that brings motions of other programs, models and trackers onto a character."""

from collections.abc import Iterator
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any

import bpy

from ..backend.in_thread import in_thread
from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.curves import Tolerance
from ..edge_backend.motion.motion import Motion
from ..edge_backend.motion.steps import part
from ..edge_backend.motion_import.clip import TO_Z_UP, UNITS, Choices, Imported
from ..edge_backend.motion_import.reader import READERS
from ..keyframes.density import Density
from ..lookups import by_session_uid
from ..rig.dancer import add_dancer
from ..rig.target import active_armature, find_dancer
from ..selection import select_only
from ..takes.imported import read_imported, title
from ..takes.new_take import WrittenKeys, add_take, keys_in_steps, written_in_steps
from ..takes.take_list import all_or_none
from .reasons import why_busy, why_no_dancer
from .stepping import SteppingFileOperator, SteppingOperator

EXTENSIONS = ";".join(sorted(READERS))
_FOUND = "FOUND"
_UP = [
    (_FOUND, "Automatic", "The axis along which the body stands"),
    *((axis, axis.upper(), f"The files' {axis.upper()} axis points up") for axis in TO_Z_UP),
]
_UNIT_NAMES = {"m": "Meters", "cm": "Centimeters", "mm": "Millimeters"}
_UNITS = [
    (_FOUND, "Automatic", "Meters, unless the hips would move faster than people do"),
    *((unit, _UNIT_NAMES[unit], f"The files' lengths are in {_UNIT_NAMES[unit].lower()}") for unit in UNITS),
]


class EDGE_DANCE_OT_import_motion(SteppingFileOperator):
    """Bring motion files of other programs, models and trackers onto the selected character, as takes"""

    bl_idname = "edge_dance.import_motion"
    bl_label = "Import Motion"
    bl_options = {"REGISTER", "UNDO"}
    work_label = "Reading motions"

    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE", "HIDDEN"})
    filepath: bpy.props.StringProperty(
        subtype="FILE_PATH", options={"SKIP_SAVE"}, description="A motion file: npz, bvh, pkl, pt or npy"
    )  # fmt: skip
    files: bpy.props.CollectionProperty(type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE", "HIDDEN"})
    filter_glob: bpy.props.StringProperty(default=";".join(f"*{end}" for end in sorted(READERS)), options={"HIDDEN"})
    clean_feet: bpy.props.BoolProperty(
        name="Clean Feet", default=True, description="Take foot skate, floating and sinking out of the motion"
    )
    at_character: bpy.props.BoolProperty(
        name="Start at the Character",
        default=True,
        description="Let the motion begin where the character stands; else where the file has it",
    )
    up: bpy.props.EnumProperty(name="Up", items=_UP, description="The axis that points up in the files")
    unit: bpy.props.EnumProperty(name="Unit", items=_UNITS, description="The unit of the files' lengths")
    rate: bpy.props.FloatProperty(
        name="Frame Rate", min=0, max=1000, description="Frames a second; 0: as the files state it, else 30"
    )

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        """A job, or a character that cannot dance; without a character a dancer is added."""
        return why_busy() or (why_no_dancer(context) if active_armature(context) else "")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Open the file browser, unless files were dropped."""
        return SteppingOperator.invoke(self, context, event) if self._paths() else super().invoke(context, event)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the choices in the file browser. Adjust Last Operation has none: it would read the files again."""
        if context.space_data.type == "FILE_BROWSER":
            self.layout.use_property_split = True
            for name in ("clean_feet", "at_character", "up", "unit", "rate"):
                self.layout.prop(self, name)

    def steps(self, context: bpy.types.Context) -> Iterator[float]:
        """The motions, and their keys on the character that is selected."""
        scene: Any = context.scene
        settings = scene.edge_dance
        self._scene, self._first, self._density = scene.session_uid, float(scene.frame_start), settings.density
        character = find_dancer(context) if active_armature(context) else None
        self._character = character.session_uid if character else None
        choices = Choices(
            None if self.up == _FOUND else self.up, None if self.unit == _FOUND else self.unit, self.rate or None
        )
        work = partial(read_imported, self._paths(), choices, clean_feet=self.clean_feet, at_origin=self.at_character)
        self._motions, self._unusable = yield from part(in_thread(work), 0.0, 0.5)
        self._keys: list[Any] = [None] * len(self._motions)
        tolerance = Tolerance(settings.degrees, settings.millimetres)
        for number, imported in enumerate(self._motions if character else ()):
            keys = keys_in_steps(
                self._target(),
                imported.motion,
                self._where(),
                self._first,
                density=self._density,
                tolerance=tolerance,
            )
            done = [0.5 + 0.5 * (number + end) / len(self._motions) for end in (0, 1)]
            self._keys[number] = yield from part(written_in_steps(keys), *done)

    def apply(self, context: bpy.types.Context) -> str:
        """A take for each motion, on the character or on a new dancer each. All or nothing."""
        scene: Any = self._where()
        if self._character:
            with all_or_none(self._target(), scene):
                names = [
                    self._add(self._target(), scene, imported, keys)
                    for imported, keys in zip(self._motions, self._keys, strict=True)
                ]
        else:
            dancers = [add_dancer(scene.collection, scene.cursor.location) for _ in self._motions]
            names = [self._add(*one, None) for one in zip(dancers, repeat(scene), self._motions)]
            select_only(context, dancers[0])
        for sentence in self._remarks():
            self.report({"WARNING"}, sentence)
        return f"{', '.join(names)}: {sum(one.motion.frames for one in self._motions) / Motion.fps:.1f} s of motion."

    def _add(
        self, character: bpy.types.Object, scene: bpy.types.Scene, imported: Imported, keys: WrittenKeys | None
    ) -> str:
        density: Density = self._density if keys else "FRAMES"
        action = add_take(
            character, imported.motion, scene, self._first, name=title(imported), keys=keys, density=density
        )
        return f"{action.name} on {character.name}"

    def _target(self) -> bpy.types.Object:
        character = by_session_uid(bpy.data.objects, self._character or 0)
        if character is None:
            raise EdgeError("dancer_gone", "The dancer was deleted meanwhile.", "Select another one.")
        return character

    def _where(self) -> bpy.types.Scene:
        scene = by_session_uid(bpy.data.scenes, self._scene)
        if scene is None:
            raise EdgeError("dancer_gone", "The scene was deleted meanwhile.", "Import the motion again.")
        return scene

    def _remarks(self) -> Iterator[str]:
        for one in self._unusable:
            yield f"Left out: {one.error.message}"
        for imported in self._motions:
            if imported.notes:
                yield f"{imported.name}: {' '.join(imported.notes)}"

    def _paths(self) -> list[Path]:
        folder = Path(bpy.path.abspath(self.directory)) if self.directory else None
        names = [one.name for one in self.files if one.name]
        if folder and names:
            return [folder / name for name in names]
        return [Path(bpy.path.abspath(self.filepath))] if self.filepath else []


class EDGE_DANCE_FH_motion(bpy.types.FileHandler):
    """Motion files that are dropped onto the viewport"""

    bl_idname = "EDGE_DANCE_FH_motion"
    bl_label = "EDGE Dance Motion"
    bl_import_operator = EDGE_DANCE_OT_import_motion.bl_idname
    bl_file_extensions = EXTENSIONS

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Over the viewport."""
        return bool(context.area and context.area.type == "VIEW_3D")
