"""Many songs, many seeds: what is to be made (`take_requests`, `manifest`), where (`pool`, `on_ray`), and `run`.

Imports no torch: worker processes dance. Imported by cli alone, but for `seeds`, which Blender's command line reads.
"""
