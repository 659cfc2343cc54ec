"""The operator that adds a SMPL body from the user's model file."""

from pathlib import Path
from typing import Any

import bpy

from ..backend.job import Job
from ..edge_backend.body.skinned import SkinnedBody, load_body
from ..edge_backend.errors import EdgeError
from ..edge_backend.schema.requests import BodyRequest
from ..rig.smpl_body import add_body
from ..rig.smpl_body_properties import SHAPES
from ..selection import select_only, to_object_mode
from .job_operator import JobOperator
from .reasons import why_busy


class EDGE_DANCE_OT_add_smpl_body(JobOperator):
    """Add a SMPL body from a model file of yours: an armature with a skinned mesh, ready to dance"""

    bl_idname = "edge_dance.add_smpl_body"
    bl_label = "Add SMPL Body"

    filepath: bpy.props.StringProperty(
        name="Model", subtype="FILE_PATH", options={"SKIP_SAVE", "HIDDEN"}, description="The SMPL model file"
    )
    betas: bpy.props.FloatVectorProperty(
        name="Shape", size=SHAPES, options={"SKIP_SAVE", "HIDDEN"}, description="SMPL's shape parameters (betas)"
    )

    @classmethod
    def why_not(cls, _context: bpy.types.Context) -> str:
        return why_busy()

    def prepare(self, context: bpy.types.Context) -> None:
        """Check that a file is chosen."""
        if not self.filepath:
            raise EdgeError("body_missing", "No SMPL model file is chosen.", "Choose one under SMPL Body.")
        self._request = BodyRequest(str(Path(bpy.path.abspath(self.filepath)).resolve()), tuple(self.betas))

    def request(self, folder: Path, number: int) -> BodyRequest:
        """The request with the file and the shape."""
        return self._request

    def result(self, job: Job) -> SkinnedBody:
        """The body that the backend has made."""
        return load_body(job.result)

    def finish(self, context: bpy.types.Context, dances: list[Any]) -> str:
        """Add the body at the 3D cursor and make it the active object."""
        to_object_mode(context)
        body: SkinnedBody = dances[0]
        collection: Any = context.collection
        armature = add_body(collection, body, context.scene.cursor.location)
        select_only(context, armature)
        return f"{armature.name} added, {body.joints[:, 2].max() - body.joints[:, 2].min():.2f} m from toes to head."
