"""The film set: a floor without horizon, soft lights and a backdrop, in a collection that is removed as a whole.

All objects are children of one empty, the dolly, which follows the dancers and has the only keys. It is scaled to the
size of the group.
"""

from typing import Any

import bpy
import numpy as np

from .. import compat
from ..edge_backend.numerics.array import Array

FILM_SET = "edge_dance_film_set"
"""Custom property of the collection and the world: the name of the scene that they were made for."""

_FILM_SET_0_1 = "edge_dance_stage"  # its name in files of version 0.1

BACKDROP = (0.022, 0.030, 0.047)  # linear RGB, deep blue grey
FLOOR = (0.060, 0.068, 0.088)
LINES = (0.13, 0.145, 0.17)
FLOOR_SIZE, LINE = 60.0, 0.012  # metres
FADE = (2.6, 7.5)  # metres from one dancer at which the floor starts to fade, and at which it has faded

Rectangle = tuple[float, float, float, float]
"""(lowest x, highest x, lowest y, highest y), metres."""


def new_film_set(scene: bpy.types.Scene) -> bpy.types.Collection:
    """An empty film set, linked to the scene; an earlier one is removed."""
    remove_film_set(scene)
    collection = bpy.data.collections.new("Film Set")
    collection[FILM_SET] = scene.name
    for name, value in (("camera_before", scene.camera), ("world_before", scene.world)):
        if value:
            collection[name] = value
    scene.collection.children.link(collection)
    return collection


def film_set_of(scene: bpy.types.Scene) -> bpy.types.Collection | None:
    """The scene's film set, None if there is none."""
    children: Any = scene.collection.children
    return next((collection for collection in children if _is_ours(collection)), None)


def remove_film_set(scene: bpy.types.Scene) -> None:
    """Remove the film set and restore the camera and the world that the scene had before."""
    collection: Any = film_set_of(scene)
    if collection is None:
        return
    objects, camera, world = list(collection.objects), collection.get("camera_before"), collection.get("world_before")
    if scene.camera in objects:
        scene.camera = camera
    backdrop: Any = scene.world
    if backdrop and _is_ours(backdrop):
        scene.world = world
        bpy.data.worlds.remove(backdrop)
    for ob in objects:
        data: Any = ob.data
        action = ob.animation_data.action if ob.animation_data else None
        materials = [slot.material for slot in ob.material_slots]
        bpy.data.objects.remove(ob)
        for block in (data, action, *materials):
            if block and not block.users:
                bpy.data.batch_remove((block,))
    bpy.data.collections.remove(collection)


def new_dolly(collection: bpy.types.Collection, size: float) -> bpy.types.Object:
    """The parent of all objects of the film set. size: of the group, 1 for one dancer of human height."""
    dolly = bpy.data.objects.new("Dolly", None)
    dolly.empty_display_size = 0.3
    dolly.scale = (size, size, size)
    collection.objects.link(dolly)
    return dolly


def attach(thing: bpy.types.Object, dolly: bpy.types.Object) -> None:
    """Add the object to the dolly's film set as a child of the dolly."""
    dolly.users_collection[0].objects.link(thing)
    thing.parent = dolly


def add_lights(dolly: bpy.types.Object) -> None:
    """Add a key light from the front left, a weak fill light from the right, two coloured rim lights from behind."""
    size = dolly.scale.x
    for name, place, width, watts, spread, colour in (
        ("Key", (-1.9, -2.6, 4.0), 1.6, 230, 110, (1.0, 0.94, 0.86)),
        ("Fill", (3.6, -3.2, 1.6), 3.0, 30, 180, (0.70, 0.83, 1.0)),
        ("Rim Left", (-2.6, 2.6, 2.4), 1.2, 75, 70, (0.34, 0.60, 1.0)),
        ("Rim Right", (2.6, 2.8, 2.2), 1.2, 75, 70, (1.0, 0.42, 0.28)),
    ):
        data: Any = bpy.data.lights.new(name, "AREA")
        data.energy = watts * size**2  # the distance grows with the size
        data.color, data.size, data.spread = colour, width, np.radians(spread)
        light = bpy.data.objects.new(name, data)
        light.location = place
        attach(light, dolly)
        to_target = -light.location
        to_target.z += 1.0
        light.rotation_euler = to_target.to_track_quat("-Z", "Y").to_euler()


def add_floor(dolly: bpy.types.Object, height: float) -> None:
    """Add a floor without horizon at a height, with lines one metre apart, against which sliding feet are visible."""
    reach = FLOOR_SIZE / 2 * max(1.0, dolly.scale.x)
    _ground(_fading_material("Floor", FLOOR, dolly), height, [(-reach, reach, -reach, reach)], dolly)
    metres = np.arange(-np.floor(reach), reach)
    lines = [(x - LINE / 2, x + LINE / 2, -reach, reach) for x in metres]
    lines += [(-reach, reach, y - LINE / 2, y + LINE / 2) for y in metres]
    _ground(_fading_material("Floor Lines", LINES, dolly), height + 0.001, lines, dolly)


def add_backdrop(scene: bpy.types.Scene) -> None:
    """Set a new world in the backdrop's colour."""
    world: Any = bpy.data.worlds.new("Film Set")
    world[FILM_SET] = scene.name
    world.color = BACKDROP
    background = compat.node_tree(world).nodes["Background"]
    background.inputs["Color"].default_value = (*BACKDROP, 1.0)
    background.inputs["Strength"].default_value = 1.0
    scene.world = world


def _is_ours(block: Any) -> bool:
    """Whether a collection or a world belongs to a film set."""
    return FILM_SET in block or _FILM_SET_0_1 in block


def _ground(material: bpy.types.Material, height: float, rectangles: list[Rectangle], dolly: bpy.types.Object) -> None:
    """An object of flat rectangles that is not a child of the dolly, with the material's name."""
    corners = np.array([[(x0, y0), (x1, y0), (x1, y1), (x0, y1)] for x0, x1, y0, y1 in rectangles]).reshape(-1, 2)
    vertices: Array = np.column_stack([corners, np.full(len(corners), height)])
    mesh = bpy.data.meshes.new(material.name)
    mesh.from_pydata(vertices.tolist(), [], np.arange(len(vertices)).reshape(-1, 4).tolist())
    mesh.materials.append(material)
    ground = bpy.data.objects.new(material.name, mesh)
    ground.hide_select = True
    dolly.users_collection[0].objects.link(ground)


def _fading_material(name: str, colour: tuple[float, float, float], dolly: bpy.types.Object) -> bpy.types.Material:
    """A material whose colour fades into the backdrop's with the distance from the dolly."""
    material: Any = bpy.data.materials.new(name)
    material.diffuse_color = (*colour, 1.0)
    tree = compat.node_tree(material)
    nodes, link = tree.nodes, tree.links.new
    nodes.remove(nodes["Principled BSDF"])
    place = nodes.new("ShaderNodeTexCoord")
    place.object = dolly
    radius = nodes.new("ShaderNodeVectorMath")
    radius.operation = "LENGTH"
    fade = nodes.new("ShaderNodeMapRange")
    fade.interpolation_type = "SMOOTHSTEP"
    fade.inputs["From Min"].default_value, fade.inputs["From Max"].default_value = FADE
    near, far, mix = (nodes.new(f"ShaderNode{kind}") for kind in ("BsdfDiffuse", "Emission", "MixShader"))
    near.inputs["Color"].default_value = (*colour, 1.0)
    far.inputs["Color"].default_value = (*BACKDROP, 1.0)
    link(place.outputs["Object"], radius.inputs[0])
    link(radius.outputs["Value"], fade.inputs["Value"])
    link(fade.outputs["Result"], mix.inputs[0])
    link(near.outputs[0], mix.inputs[1])
    link(far.outputs[0], mix.inputs[2])
    link(mix.outputs[0], nodes["Material Output"].inputs["Surface"])
    return material
