"""Draws one dance on every kind of rig, and says what was measured: `pytest` does not run this, people do.

python tests/blender_addon/rig/retarget_sheet.py PICTURE.png [--dance NAME] [--frames N]
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="edge_dance_sheet_")
HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1]), str(HERE.parents[3])]

import bpy  # noqa: E402
import numpy as np  # noqa: E402
from blender_fixtures import PACKAGE, addon  # noqa: E402
from characters import KINDS, put_character, put_rigify  # noqa: E402
from dances import dance  # noqa: E402
from PIL import Image, ImageDraw  # noqa: E402
from test_retarget import heads, hips_shape, largest_angle, limb_angles, put_take  # noqa: E402

import build_addon  # noqa: E402

MOMENTS, CELL, LABEL = 8, (110, 150), 130
PARTS = ("upper_arm", "forearm", "hand"), ("thigh", "shin", "foot", "toes")
COLOURS = {"": (40, 40, 40), "L": (200, 70, 40), "R": (40, 90, 190)}
SIZES = {"Mixamo": {"units": 100, "y_up": True}, "UE4": {"units": 100, "odd_axes": True}, "MMD": {"size": 0.8}}


def lines(slots):
    """Chains of slots to draw: spine and head, then the limbs, each with its side."""
    spine = [slot for slot in ("hips", *(f"spine{n}" for n in range(1, 7)), "neck1", "neck2", "head") if slot in slots]
    yield spine, ""
    for side in "LR":
        for limb in PARTS:
            chain = [f"{part}.{side}" for part in limb if f"{part}.{side}" in slots]
            yield [f"collar.{side}", *chain] if f"collar.{side}" in slots and limb is PARTS[0] else chain, side


def draw(image, row, column, points, height):
    """One figure, seen from the front and a little from the side and from above; the line is its floor."""
    pen = ImageDraw.Draw(image)
    left, top = LABEL + column * CELL[0], row * CELL[1]
    view = np.array([[np.cos(0.5), np.sin(0.5), 0], [0.1 * np.sin(0.5), -0.1 * np.cos(0.5), -1]])
    middle = points["hips"] * (1, 1, 0)

    def pixel(point):
        x, y = view @ (point - middle) * (0.62 * CELL[1] / height)
        return left + CELL[0] / 2 + x, top + 0.88 * CELL[1] + y

    pen.line([(left + 8, top + 0.88 * CELL[1]), (left + CELL[0] - 8, top + 0.88 * CELL[1])], fill=(210, 210, 210))
    for chain, side in lines(points):
        pen.line([pixel(points[slot]) for slot in chain], fill=COLOURS[side], width=3, joint="curve")
    x, y = pixel(points["head"])
    pen.ellipse([x - 6, y - 16, x + 6, y - 2], outline=COLOURS[""], width=2)


def characters():
    yield "dancer", lambda: (bpy.ops.edge_dance.add_dancer(), bpy.context.object)[1]
    for name, kind in KINDS.items():
        yield name, lambda name=name, kind=kind: put_character(kind(), **SIZES.get(name, {}))
    yield "Rigify", lambda: put_rigify(human=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("picture", type=Path)
    parser.add_argument("--dance", default="commercial")
    parser.add_argument("--frames", type=int, default=900)
    options = parser.parse_args()
    archive = build_addon.build_zip(Path(tempfile.mkdtemp()))
    bpy.ops.extensions.package_install_files(filepath=str(archive), repo="user_default", enable_on_install=True)
    assert PACKAGE in bpy.context.preferences.addons
    rows = list(characters())
    image = Image.new("RGB", (LABEL + MOMENTS * CELL[0], len(rows) * CELL[1]), "white")
    motion = addon("edge_backend.motion.feet").clean_motion(dance(options.dance))  # as dances arrive
    longer = there_and_back(motion, options.frames)
    for row, (name, make) in enumerate(rows):
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        bpy.context.scene.render.fps = 30
        character = make()
        put_take(character, longer)
        figures = f"limbs {largest_angle(character, longer):.4f} deg, hips {hips_shape(character, longer):.1e}"
        start = time.process_time()
        put_take(character, longer, feet=True)
        figures += f", {options.frames} frames keyed with feet in {time.process_time() - start:.2f} s of one core"
        legs = limb_angles(character, longer)[:, :4]
        figures += ", with feet legs {:.1f} deg (median), {:.1f} (95 %), {:.1f} at most".format(
            *np.percentile(legs, [50, 95, 100])
        )
        figures += f", {(legs > 2).mean():.1%} over 2 deg, hips {hips_shape(character, longer):.2%}"
        print(f"{name}: {figures}", flush=True)
        bone_map = addon("rig.retarget").bone_map_of(character)
        slots = [slot for slot in bone_map.bones if slot != "travel" and "twist" not in slot]
        ImageDraw.Draw(image).text((8, row * CELL[1] + 60), name, fill="black", font_size=14)
        for column in range(MOMENTS):
            frame = 1 + column * (motion.frames - 1) // (MOMENTS - 1)
            points = dict(zip(slots, heads(character, frame, slots), strict=True))
            height = np.linalg.norm(points["thigh.L"] - points["shin.L"]) * 4.2
            draw(image, row, column, points, height)
    image.save(options.picture)


def there_and_back(motion, frames):
    """The dance forwards and backwards until it has so many frames."""
    order = np.concatenate([np.arange(motion.frames), np.arange(motion.frames)[::-1]])
    order = np.resize(order, frames)
    return type(motion)(motion.rotations[order], motion.root[order], motion.contacts[order], meta=motion.meta)


if __name__ == "__main__":
    try:
        main()
    finally:
        sys.stdout.flush()
        os._exit(0)  # Blender 4.5 hangs in the interpreter's clean-up
