"""Generates many dances: takes (`take_requests`, `manifest`), executors (`pool`, `on_ray`), and the batch (`run`).

Imports no torch: worker processes generate the dances. Imported by cli alone, except `seeds`, which Blender's command
line imports too.
"""
