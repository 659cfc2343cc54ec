"""Shapes: the joints and vertices that SMPL's own package gives, standing on the floor."""

import sys

import numpy as np
import pytest
from stand_in import LONGER_LEGS, TALLER, smpl_arrays, write_npz

from edge_backend.body.shaping import shape_body, write_body
from edge_backend.body.skinned import load_body
from edge_backend.body.smpl_file import SmplModel
from edge_backend.errors import EdgeError
from edge_backend.motion.skeleton import SMPL, Y_UP_TO_Z_UP
from edge_backend.schema.requests import BodyRequest


@pytest.fixture(scope="module")
def model():
    return SmplModel(**smpl_arrays(), gender="male")


def offsets(body):
    return body.joints[1:] - body.joints[list(SMPL.parents[1:])]


def test_without_shape_the_joints_are_the_models(model):
    body = shape_body(model, ())
    np.testing.assert_allclose(offsets(body), SMPL.offsets[1:] @ Y_UP_TO_Z_UP.T, atol=1e-5)


def test_the_body_stands_on_the_floor_under_its_pelvis(model):
    body = shape_body(model, (1.5, -2.0, 0.5))
    assert body.vertices[:, 2].min() == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(body.joints[0, :2], 0, atol=1e-6)


def test_shape_numbers_move_vertices_and_joints_together(model):
    betas = np.zeros(2)
    betas[[TALLER, LONGER_LEGS]] = 2.0, 1.0
    body, plain = shape_body(model, betas.tolist()), shape_body(model, ())
    wanted = model.v_template + model.shapedirs[:, :, :2] @ betas
    np.testing.assert_allclose(body.vertices - body.vertices[0], (wanted - wanted[0]) @ Y_UP_TO_Z_UP.T, atol=1e-5)
    taller = np.linalg.norm(offsets(body), axis=1) / np.linalg.norm(offsets(plain), axis=1)
    arms = [joint - 1 for joint in (16, 18, 20)]
    np.testing.assert_allclose(taller[arms], 1.10, atol=1e-3)  # TALLER is 5 % each
    ankles = [6, 7]
    assert np.all(taller[ankles] > 1.15)  # LONGER_LEGS is another 10 % of the shin


def test_the_pose_correctives_do_not_touch_the_rest_pose(model):
    """They are functions of the pose, which is none here; the stand-in's are noise that would be seen."""
    body = shape_body(model, ())
    wanted = model.v_template @ Y_UP_TO_Z_UP.T
    np.testing.assert_allclose(body.vertices - body.vertices[0], wanted - wanted[0], atol=1e-5)


def test_weights_and_faces_are_the_models(model):
    body = shape_body(model, ())
    np.testing.assert_allclose(body.weights.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(body.weights, model.weights, atol=1e-6)
    np.testing.assert_array_equal(body.faces, model.f)


@pytest.mark.parametrize("betas", [(0.0,) * 11, (11.0,), (float("nan"),)])
def test_impossible_shapes_are_refused(model, betas):
    with pytest.raises(EdgeError) as caught:
        shape_body(model, betas)
    assert caught.value.code == "body_betas"


def test_without_the_package_the_sentence_names_it(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "smplx", None)
    with pytest.raises(EdgeError, match="smplx") as caught:
        shape_body(model, ())
    assert caught.value.code == "body_package_missing"


def test_nothing_of_chumpy_is_imported(model):
    shape_body(model, ())
    assert "chumpy" not in sys.modules


def test_the_body_reaches_its_file(tmp_path, model):
    source = write_npz(tmp_path / "SMPL_MALE.npz")
    stages = []
    write_body(BodyRequest(str(source), (0.5,)), tmp_path / "body.npz", lambda *step: stages.append(step))
    body, direct = load_body(tmp_path / "body.npz"), shape_body(model, (0.5,))
    for name in ("vertices", "faces", "weights", "joints"):
        np.testing.assert_array_equal(getattr(body, name), getattr(direct, name))
    assert body.gender == "male"
    assert stages == [("loading", 0, 1), ("loading", 1, 1), ("saving", 0, 1), ("saving", 1, 1)]
