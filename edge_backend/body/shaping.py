"""Computes a skinned body from a SMPL model and its shape components, with the package smplx."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from ..errors import EdgeError
from ..motion.skeleton import SMPL, Y_UP_TO_Z_UP
from ..schema.progress import Report, silent
from ..schema.requests import BodyRequest
from .skinned import SkinnedBody, save_body
from .smpl_file import SmplModel, read_smpl_file

_LARGEST_BETA = 10.0  # standard deviations; larger shapes are not plausible bodies


def write_body(request: BodyRequest, path: str | Path, report: Report = silent) -> None:
    """Write the body that the request describes to path, atomically (`save_body`).

    Raises EdgeError as `read_smpl_file` and `shape_body` do; OSError.
    """
    report("loading", 0, 1)
    model = read_smpl_file(Path(request.model))
    report("loading", 1, 1)
    body = shape_body(model, request.betas)
    report("saving", 0, 1)
    save_body(path, body)
    report("saving", 1, 1)


def shape_body(model: SmplModel, betas: Sequence[float]) -> SkinnedBody:
    """The body with shape components betas, in T-pose, metres, z up (Loper et al. 2015, eq. 8 and 10).

    betas: standard deviations; components beyond the last given one are 0. The joints are the shaped body's own. Raises
    EdgeError body_betas, body_package_missing.
    """
    smplx = _smplx()
    smpl = smplx.SMPL("", data_struct=model, num_betas=model.shapedirs.shape[2])
    if len(betas) > smpl.num_betas:
        raise EdgeError(
            "body_betas", f"The model has {smpl.num_betas} shape numbers, not {len(betas)}.", "Give fewer of them."
        )
    if not all(abs(beta) <= _LARGEST_BETA for beta in betas):
        raise EdgeError(
            "body_betas", f"A shape number is not between -{_LARGEST_BETA:g} and {_LARGEST_BETA:g}.", "Change it."
        )
    shape = torch.zeros(1, smpl.num_betas)
    shape[0, : len(betas)] = torch.tensor(list(betas))
    with torch.no_grad():
        shaped = smpl(betas=shape)
    turn = Y_UP_TO_Z_UP.T
    vertices = shaped.vertices[0].numpy() @ turn
    joints = shaped.joints[0, : len(SMPL)].numpy() @ turn
    shift = np.array([joints[0, 0], joints[0, 1], vertices[:, 2].min()], np.float32)
    weights = model.weights.astype(np.float32)
    return SkinnedBody(
        vertices - shift, model.f.astype(np.int32), weights / weights.sum(axis=1, keepdims=True), joints - shift,
        model.gender,
    )  # fmt: skip


def _smplx() -> ModuleType | Any:
    """Import smplx, which is optional because of its licence. Raises EdgeError body_package_missing."""
    try:
        return importlib.import_module("smplx")
    except ImportError as error:
        raise EdgeError(
            "body_package_missing",
            "The SMPL body needs the Python package smplx, which is not there.",
            "If its licence suits you, install it into the backend's Python: pip install smplx",
            detail=str(error),
        ) from error
