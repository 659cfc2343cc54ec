"""A render job for Flamenco, Blender's render farm. No bpy.

The file is the body of a POST to the manager's /api/v3/jobs. Its job type is farm/edge_dance.js, which the manager
reads from its folder `scripts`.
"""

from pathlib import Path
from typing import Any, NamedTuple

JOB_TYPE = "edge-dance"
PICTURES = "PNG"


class FarmJob(NamedTuple):
    """A render job: blend file and output folder as the farm's machines see them, first and last frame."""

    name: str
    blend: Path
    output: Path
    scene: str
    first: int
    last: int
    rate: float
    chunk: int
    priority: int = 50


def job_file(job: FarmJob, platform: str) -> dict[str, Any]:
    """The job in the format of Flamenco's manager. platform: of the paths: linux, windows or darwin."""
    return {
        "name": job.name,
        "type": JOB_TYPE,
        "priority": job.priority,
        "submitter_platform": platform,
        "settings": {
            "blendfile": job.blend.as_posix(),
            "scene": job.scene,
            "frames": f"{job.first}-{job.last}",
            "chunk_size": job.chunk,
            "fps": job.rate,
            "sound": True,
            "image_file_extension": ".png",
            "render_output_root": job.output.as_posix(),
            "render_output_path": f"{job.output.as_posix()}/{job.name}/######",
        },
        "metadata": {"project": job.blend.stem},
    }
