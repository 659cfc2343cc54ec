import json

import numpy as np
import pytest
from safetensors import safe_open

from build_tools.starter_pack.pack_writer import write_pack
from edge_backend.model.controls import STYLES
from edge_backend.motion.skeleton import Joint

FPS = 30


@pytest.fixture
def dance_file(tmp_path):
    """Two dances of 12 s and 14 s with swinging arms, one of them held out."""
    lengths = np.array([360, 420])
    time = np.arange(lengths.sum()) / FPS
    poses = np.zeros((len(time), 24, 3), np.float32)
    poses[:, Joint.LEFT_SHOULDER, 1] = np.sin(2 * np.pi * time / 1.2)
    poses[:, Joint.RIGHT_SHOULDER, 1] = np.sin(2 * np.pi * time / 1.2)
    path = tmp_path / "dances.npz"
    np.savez(
        path,
        poses=poses,
        root=np.tile([0, 0, 0.9], (len(time), 1)).astype(np.float32),
        contact=np.asfortranarray(contacts_of(len(time))),
        start=np.cumsum(lengths) - lengths,
        length=lengths,
        bpm=np.array([100.0, 100.0]),
        bpm_confidence=np.array([0.9, 0.0]),
        style=np.array(["salsa", "modern"]),
        split=np.array(["train", "holdout"]),
        source=np.array(["made", "made"]),
        licence=np.array(["none", "none"]),
    )
    return path


def test_a_pack_holds_the_dances_and_songs_that_fit_them(dance_file, tmp_path):
    target = tmp_path / "pack.safetensors"
    write_pack(dance_file, target, variants=3, workers=1)
    with safe_open(target, framework="numpy") as pack:
        arrays = {name: pack.get_tensor(name) for name in pack.keys()}  # noqa: SIM118
        about = json.loads(pack.metadata()["edge_dance_pack"])
    assert about["variants_per_piece"] == 3
    assert list(arrays["piece_style"]) == [STYLES.index("salsa"), STYLES.index("modern")]
    assert list(arrays["piece_split"]) == [0, 1]
    source = np.load(dance_file)
    np.testing.assert_allclose(
        arrays["poses"] / 32767 * np.pi, source["poses"][:, :22].reshape(-1, 66), atol=np.pi / 32767
    )
    np.testing.assert_array_equal(arrays["contacts"], contacts_of(780))
    with_music = [v for v in range(len(arrays["variant_piece"])) if variant(arrays, v)[1][:, 11].all()]
    assert len(with_music) >= 3
    for v in with_music:
        warp, features = variant(arrays, v)
        assert np.all(np.diff(warp) > 0)
        assert warp[-1] <= arrays["piece_length"][arrays["variant_piece"][v]] - 1 + 1e-3
        assert np.isfinite(features).all()


def test_the_arms_turn_on_the_beat_of_their_songs(dance_file, tmp_path):
    """The point of it all: at the beats that the features tell, this dance's arms stand still.

    Songs near the arms' own 100 bpm; in the others only some beats can meet a stop.
    """
    target = tmp_path / "pack.safetensors"
    write_pack(dance_file, target, variants=8, workers=1)
    with safe_open(target, framework="numpy") as pack:
        arrays = {name: pack.get_tensor(name) for name in pack.keys()}  # noqa: SIM118
    on_beat, anywhere = [], []
    for v in range(len(arrays["variant_piece"])):
        warp, features = variant(arrays, v)
        if features[:, 11].any() and abs(features[:, 10].mean() - np.log2(100 / 120)) < 0.25:
            time = (arrays["piece_start"][arrays["variant_piece"][v]] + warp) / FPS
            speed = np.abs(np.cos(2 * np.pi * time / 1.2))
            on_beat.append(speed[features[:, 4] > 0.7].mean())
            anywhere.append(speed.mean())
    assert len(on_beat) >= 2
    assert np.mean(on_beat) < 0.6 * np.mean(anywhere)


def contacts_of(frames: int) -> np.ndarray:
    """Each foot joint with a rhythm of its own."""
    return (np.arange(frames)[:, None] // np.array([20, 23, 29, 31]) % 2).astype(np.uint8)


def variant(arrays: dict[str, np.ndarray], number: int) -> tuple[np.ndarray, np.ndarray]:
    span = slice(arrays["variant_start"][number], arrays["variant_start"][number] + arrays["variant_length"][number])
    return arrays["warp"][span], arrays["features"][span]
