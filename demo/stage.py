"""The demo's stage: a floor without horizon, soft lights, and a camera that walks along with the dancer."""

import bpy
import numpy as np

BACKDROP = (0.022, 0.030, 0.047)  # linear RGB, deep blue grey
FLOOR = (0.060, 0.068, 0.088)
LINES = (0.13, 0.145, 0.17)
FLOOR_SIZE, LINE = 60.0, 0.012  # metres
FADE = (2.0, 7.0)  # metres from the dancer where the floor begins to fade, and where it is gone

Rectangle = tuple[float, float, float, float]
"""From x to x, from y to y."""
EYE_HEIGHT = 1.45  # metres
LOOK_AT_HEIGHT = 0.93  # the hips of a dancer who is not bent: head, raised hands and feet stay in the picture
CAMERA_DISTANCE = 6.2
SMOOTHING = 1.2  # seconds: the camera follows where the dancer goes, not each step
KEY_EVERY = 10  # frames between the camera's keys


def set_stage(scene: bpy.types.Scene, dancer: bpy.types.Object, hips: str) -> None:
    """Light and film the dancer over the scene's frame range. `hips` is the bone that the camera follows.

    Camera and lights hang on one empty, the dolly, which has the only keys.
    """
    dolly = bpy.data.objects.new("Dolly", None)
    dolly.empty_display_size = 0.3
    scene.collection.objects.link(dolly)
    _follow(scene, dolly, dancer, hips)
    _lights(scene, dolly)
    _floor(scene, dolly)
    _backdrop(scene)
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.lens = 50  # mm, on the 36 mm wide sensor that Blender starts with
    camera.location = (0.0, -CAMERA_DISTANCE, EYE_HEIGHT)
    _hang(scene, camera, dolly)
    _aim(camera, LOOK_AT_HEIGHT)
    scene.camera = camera


def _follow(scene: bpy.types.Scene, dolly: bpy.types.Object, dancer: bpy.types.Object, hips: str) -> None:
    """Key the dolly along the dancer's way over the floor, smoothed by a Gaussian window."""
    frames = np.arange(scene.frame_start, scene.frame_end + 1)
    way = np.empty((len(frames), 2))
    for row, frame in enumerate(frames):
        scene.frame_set(int(frame))
        way[row] = (dancer.matrix_world @ dancer.pose.bones[hips].head)[:2]
    sigma = SMOOTHING * scene.render.fps / scene.render.fps_base
    for frame in (*frames[::KEY_EVERY], frames[-1]):
        weights = np.exp(-(((frames - frame) / sigma) ** 2) / 2)
        dolly.location = (*(weights @ way / weights.sum()), 0.0)
        dolly.keyframe_insert("location", frame=int(frame))
    scene.frame_set(scene.frame_start)


def _lights(scene: bpy.types.Scene, dolly: bpy.types.Object) -> None:
    """Key from the front left, a weak fill from the right, two coloured rims from behind."""
    for name, place, size, watts, spread, colour in (
        ("Key", (-1.9, -2.6, 4.0), 1.6, 230, 110, (1.0, 0.94, 0.86)),
        ("Fill", (3.6, -3.2, 1.6), 3.0, 30, 180, (0.70, 0.83, 1.0)),
        ("Rim left", (-2.6, 2.6, 2.4), 1.2, 75, 70, (0.34, 0.60, 1.0)),
        ("Rim right", (2.6, 2.8, 2.2), 1.2, 75, 70, (1.0, 0.42, 0.28)),
    ):
        data = bpy.data.lights.new(name, "AREA")
        data.energy, data.color, data.size, data.spread = watts, colour, size, np.radians(spread)
        light = bpy.data.objects.new(name, data)
        light.location = place
        _hang(scene, light, dolly)
        _aim(light, 1.0)


def _hang(scene: bpy.types.Scene, thing: bpy.types.Object, dolly: bpy.types.Object) -> None:
    scene.collection.objects.link(thing)
    thing.parent = dolly


def _aim(thing: bpy.types.Object, height: float) -> None:
    """Turn it so that it looks at the point `height` metres above the dolly."""
    to_target = -thing.location
    to_target.z += height
    thing.rotation_euler = to_target.to_track_quat("-Z", "Y").to_euler()


def _floor(scene: bpy.types.Scene, dolly: bpy.types.Object) -> None:
    """A floor without horizon, with lines a metre apart: against them one sees that planted feet stay."""
    half = FLOOR_SIZE / 2
    _ground(scene, _fading_material("Floor", FLOOR, dolly), 0.0, [(-half, half, -half, half)])
    metres = np.arange(-half, half + 1)
    lines = [(x - LINE / 2, x + LINE / 2, -half, half) for x in metres]
    lines += [(-half, half, y - LINE / 2, y + LINE / 2) for y in metres]
    _ground(scene, _fading_material("Floor Lines", LINES, dolly), 0.001, lines)


def _ground(scene: bpy.types.Scene, material: bpy.types.Material, height: float, rectangles: list[Rectangle]) -> None:
    """An object of flat rectangles at a height above the floor, named as its material."""
    vertices = [(x, y, height) for x0, x1, y0, y1 in rectangles for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))]
    mesh = bpy.data.meshes.new(material.name)
    mesh.from_pydata(vertices, [], [tuple(range(n, n + 4)) for n in range(0, len(vertices), 4)])
    mesh.materials.append(material)
    ground = bpy.data.objects.new(material.name, mesh)
    ground.hide_select = True
    scene.collection.objects.link(ground)


def _fading_material(name: str, colour: tuple[float, float, float], dolly: bpy.types.Object) -> bpy.types.Material:
    """A colour that turns into the backdrop's away from the dolly."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    material.diffuse_color = (*colour, 1.0)
    nodes, link = material.node_tree.nodes, material.node_tree.links.new
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


def _backdrop(scene: bpy.types.Scene) -> None:
    world = scene.world or bpy.data.worlds.new("World")
    scene.world = world
    world.use_nodes = True
    background = world.node_tree.nodes["Background"]
    background.inputs["Color"].default_value = (*BACKDROP, 1.0)
    background.inputs["Strength"].default_value = 1.0


def film(scene: bpy.types.Scene, width: int, height: int, samples: int) -> None:
    """Render with Cycles on the processor: few samples, denoised, the same noise in every frame."""
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.cycles.samples = samples
    scene.cycles.use_denoising = True
    scene.cycles.denoiser = "OPENIMAGEDENOISE"
    scene.cycles.denoising_quality = "FAST"
    scene.cycles.denoising_input_passes = "RGB"
    scene.cycles.max_bounces = 0
    scene.cycles.use_light_tree = False
    scene.cycles.seed = 1
    scene.cycles.use_animated_seed = False
    scene.render.use_persistent_data = True
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.resolution_percentage = 100
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"
