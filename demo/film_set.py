"""How the demo films: the extension's own film set, rendered as quickly as Cycles can."""

import bpy


def film_in_set(scene: bpy.types.Scene, width: int, height: int, samples: int, video: bool) -> None:
    """Film the dancer whole in a picture of this size: few samples, denoised, light without bounces."""
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.resolution_percentage = 100
    bpy.ops.edge_dance.set_up_render(look="CYCLES", video=video)
    scene.cycles.device = "CPU"
    scene.cycles.samples = samples
    scene.cycles.denoising_quality = "FAST"
    scene.cycles.denoising_input_passes = "RGB"
    scene.cycles.max_bounces = 0
    scene.cycles.use_light_tree = False
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"
