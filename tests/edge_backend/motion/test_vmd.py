"""VMD files of MikuMikuDance: their bytes, as its readers expect them."""

import struct
from pathlib import Path

import numpy as np

from edge_backend.motion.vmd import BoneTrack, save_vmd

HEAD, KEY = 50, 111


def test_a_quarter_turn_to_the_left_and_a_step_forward(tmp_path: Path) -> None:
    """The model faces -z in MMD, and its y points up: forward is -z, and a turn to the left is about -y."""
    rotations = np.tile(np.eye(3), (3, 1, 1))
    rotations[2] = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]  # about z by 90 degrees: from -y, which it faces, to +x, its left
    places = np.array([[0, 0, 0], [0, 0, 0], [0, -0.8, 0.08]])
    save_vmd(tmp_path / "a.vmd", "モデル", [BoneTrack("センター", rotations, places)], ["左足ＩＫ"])
    content = (tmp_path / "a.vmd").read_bytes()
    assert content[:26] == b"Vocaloid Motion Data 0002\0"
    assert content[30:HEAD].rstrip(b"\0").decode("cp932") == "モデル"
    (count,) = struct.unpack_from("<L", content, HEAD)
    keys = [struct.unpack_from("<15sL7f", content, HEAD + 4 + KEY * number) for number in range(count)]
    assert [(name.rstrip(b"\0").decode("cp932"), frame) for name, frame, *_ in keys] == [
        ("センター", 0), ("センター", 1), ("センター", 2)
    ]  # fmt: skip
    assert keys[0][2:] == (0, 0, 0, 0, 0, 0, 1)
    np.testing.assert_allclose(keys[2][2:], [0, 1, -10, 0, -np.sqrt(0.5), 0, np.sqrt(0.5)], atol=1e-6)
    end = HEAD + 4 + KEY * count
    assert content[end : end + 16] == bytes(16)  # no faces, cameras, lights, shadows
    assert content[end + 16 :] == struct.pack("<LLBL20sB", 1, 0, 1, 1, "左足ＩＫ".encode("cp932"), 0)


def test_frames_between_equal_ones_have_no_keys(tmp_path: Path) -> None:
    still = np.tile(np.eye(3), (100, 1, 1))
    places = np.zeros((100, 3))
    places[50:, 2] = 1.0
    save_vmd(tmp_path / "a.vmd", "a", [BoneTrack("頭", still, places)])
    content = (tmp_path / "a.vmd").read_bytes()
    (count,) = struct.unpack_from("<L", content, HEAD)
    assert [struct.unpack_from("<L", content, HEAD + 4 + KEY * number + 15)[0] for number in range(count)] == [
        0, 49, 50, 99
    ]  # fmt: skip


def test_names_are_cut_to_what_the_format_holds(tmp_path: Path) -> None:
    track = BoneTrack("とても長い名前の骨です", np.tile(np.eye(3), (2, 1, 1)), np.zeros((2, 3)))
    save_vmd(tmp_path / "a.vmd", "m" * 40, [track])
    content = (tmp_path / "a.vmd").read_bytes()
    assert content[30:HEAD] == b"m" * 20
    assert content[HEAD + 4 : HEAD + 19] == "とても長い名前の骨です".encode("cp932")[:15]
