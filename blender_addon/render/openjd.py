"""A render job as a template of Open Job Description, which several render farms take. No bpy.

https://github.com/OpenJobDescription/openjd-specifications, revision jobtemplate-2023-09.
"""

import json
from pathlib import Path
from typing import Any

from .flamenco import FarmJob

_TEMPLATE = Path(__file__).parent / "farm" / "render.openjd.json"


def job_template(job: FarmJob) -> dict[str, Any]:
    """The template with the job's values as defaults of its parameters, which may be overridden at submission."""
    template: dict[str, Any] = json.loads(_TEMPLATE.read_text(encoding="utf-8"))
    values = {
        "JobName": job.name[:64],
        "BlendFile": job.blend.as_posix(),
        "OutputFolder": job.output.as_posix(),
        "Frames": f"{job.first}-{job.last}:{job.chunk}",
        "ChunkSize": job.chunk,
        "LastFrame": job.last,
    }
    for parameter in template["parameterDefinitions"]:
        if parameter["name"] in values:
            parameter["default"] = values[parameter["name"]]
    return template
