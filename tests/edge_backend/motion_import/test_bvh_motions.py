"""Motion capture in BVH files: SMPL's skeleton as it is, others by their joints' names, and what cannot be read."""

import re
from pathlib import Path

import numpy as np
import pytest
from pipeline_fixtures import swaying

from edge_backend.cli.commands.train import main
from edge_backend.errors import EdgeError
from edge_backend.motion.bvh import save_bvh
from edge_backend.motion.motion import Motion
from edge_backend.motion.rotations import matrix_to_axis_angle
from edge_backend.motion.skeleton import SMPL, Joint
from edge_backend.motion_import.bvh import on_the_model, read_bvh
from edge_backend.motion_import.reader import read_motions
from edge_backend.numerics.array import Array
from edge_backend.training.pack import load_pack

MIXAMO = (
    "Hips", "LeftUpLeg", "RightUpLeg", "Spine", "LeftLeg", "RightLeg", "Spine1", "LeftFoot", "RightFoot", "Spine2",
    "LeftToeBase", "RightToeBase", "Neck", "LeftShoulder", "RightShoulder", "Head", "LeftArm", "RightArm",
    "LeftForeArm", "RightForeArm", "LeftHand", "RightHand", "LeftHandMiddle1", "RightHandMiddle1",
)  # fmt: skip
CMU = (
    "Hips", "LeftUpLeg", "RightUpLeg", "LowerBack", "LeftLeg", "RightLeg", "Spine", "LeftFoot", "RightFoot", "Spine1",
    "LeftToeBase", "RightToeBase", "Neck", "LeftShoulder", "RightShoulder", "Head", "LeftArm", "RightArm",
    "LeftForeArm", "RightForeArm", "LeftHand", "RightHand", "LeftFingerBase", "RightFingerBase",
)  # fmt: skip
FINGERS = [Joint.LEFT_HAND, Joint.RIGHT_HAND]  # the ends of the hands: no other skeleton has them


@pytest.fixture
def dance() -> Motion:
    return swaying(60, place=(1.0, -2.0), heading=0.7)


@pytest.fixture
def file(tmp_path: Path, dance: Motion) -> Path:
    save_bvh(tmp_path / "dance.bvh", dance)
    return tmp_path / "dance.bvh"


def renamed(file: Path, names: tuple[str, ...], scale: float) -> Path:
    """The same motion of the same body under other names and in another unit."""
    text = file.read_text()
    for old, new in zip(SMPL.names, names, strict=True):
        text = text.replace(f"ROOT {old}\n", f"ROOT {new}\n").replace(f"JOINT {old}\n", f"JOINT {new}\n")
    head, motion = text.split("MOTION\n")
    lines = [_scaled(line, 1, 4, scale) if "OFFSET" in line else line for line in head.splitlines()]
    frames, time, *rows = motion.splitlines()
    file.write_text("\n".join([*lines, "MOTION", frames, time, *(_scaled(row, 0, 3, scale) for row in rows)]) + "\n")
    return file


def _scaled(line: str, first: int, behind: int, scale: float) -> str:
    words = line.split()
    return " ".join([*words[:first], *(f"{scale * float(word):.6f}" for word in words[first:behind]), *words[behind:]])


def degrees(one: Array, other: Array) -> Array:
    return np.degrees(np.linalg.norm(matrix_to_axis_angle(one @ np.swapaxes(other, -1, -2)), axis=-1))


def test_a_bvh_of_our_own_comes_back_as_it_was(file: Path, dance: Motion) -> None:
    bvh = read_bvh(file)
    rotations, root = on_the_model(bvh, file)
    assert bvh.rate == pytest.approx(30, abs=1e-4)
    assert degrees(rotations, dance.rotations).max() < 0.01
    assert np.abs(root - dance.root).max() < 1e-4


@pytest.mark.parametrize(
    ("names", "scale"),
    [
        (MIXAMO, 100.0),
        (tuple(f"mixamorig:{name}" for name in MIXAMO), 1.0),
        (CMU, 17.8),  # the inches of CMU's files, more or less
    ],
    ids=["mixamo in cm", "mixamo with a prefix", "cmu"],
)
def test_another_skeleton_is_read_by_its_names_in_any_unit(
    file: Path, dance: Motion, names: tuple[str, ...], scale: float
) -> None:
    new = read_motions(renamed(file, names, scale))[0].motion
    off = degrees(new.rotations, dance.rotations[: new.frames])
    assert np.delete(off, FINGERS, axis=1).max() < 0.1
    assert np.abs(np.diff(new.root, axis=0) - np.diff(dance.root[: new.frames], axis=0)).max() < 1e-3
    assert abs(new.joints()[..., 2].min()) < 0.01  # on the floor


def spoilt(file: Path, change: str) -> Path:
    lines = file.read_text().splitlines()
    row = lines.index("MOTION") + 3
    if change == "no number":
        lines[row + 7] = lines[row + 7].replace(lines[row + 7].split()[9], "nan")
    elif change == "a short row":
        lines[row + 7] = "1 2 3"
    elif change == "rows missing":
        del lines[-5:]
    elif change == "a word":
        lines[4] = "DANCE"
    elif change == "cut off":
        del lines[20:]
    elif change == "a joint twice":
        lines = [line.replace("JOINT right_hip", "JOINT left_hip") for line in lines]
    elif change == "another kind of file":
        lines = ["PK\x03\x04"]
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ("no number", "motion_nan", "frame 7"),
        ("a short row", "motion_unreadable", "60 frames of 75 numbers"),
        ("rows missing", "motion_unreadable", "60 frames of 75 numbers"),
        ("a word", "motion_unreadable", "line 5"),
        ("cut off", "motion_unreadable", "ends too early"),
        ("another kind of file", "motion_unreadable", "line 1"),
        ("a joint twice", "motion_skeleton", "same name"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(file: Path, change: str, code: str, words: str) -> None:
    with pytest.raises(EdgeError, match=r"dance\.bvh") as caught:
        read_motions(spoilt(file, change))
    assert (caught.value.code, words in caught.value.message) == (code, True)
    assert caught.value.message.count("\n") == 0


def test_a_skeleton_that_is_no_known_humanoid_is_one_sentence(file: Path) -> None:
    known = renamed(file, MIXAMO, 1.0).read_text()
    skeletons = {
        "no body was found": re.sub(r"(ROOT|JOINT) \w", r"\1 bone", known),
        "no width": re.sub("OFFSET .*", "OFFSET 1 0 0", known),
        "left forearm was not found": known.replace("JOINT LeftForeArm", "JOINT X"),
        "does not point down": re.sub(r"OFFSET (\S+) -0\.[34]", r"OFFSET \1 0.4", known),  # shins and feet upwards
    }
    for words, text in skeletons.items():
        file.write_text(text)
        with pytest.raises(EdgeError, match=words) as caught:
            read_motions(file)
        assert (caught.value.code, "dance.bvh" in caught.value.message) == ("motion_skeleton", True)


def test_a_folder_of_bvh_becomes_a_pack_with_one_command(tmp_path: Path) -> None:
    for number in range(3):
        save_bvh(tmp_path / f"take{number}.bvh", swaying(200, seed=number))
    renamed(tmp_path / "take1.bvh", MIXAMO, 100.0)
    assert main(["mocap", str(tmp_path), str(tmp_path / "own.safetensors")]) == 0
    assert load_pack(tmp_path / "own.safetensors").length.tolist() == [200, 200, 200]


def with_channel(file: Path, channel: str, value: str) -> Path:
    """The file with one more channel of the root, in front of all others, that is `value` at every frame."""
    head, motion = file.read_text().split("MOTION\n")
    frames, time, *rows = motion.splitlines()
    head = head.replace("CHANNELS 6 ", f"CHANNELS 7 {channel} ", 1)
    file.write_text("\n".join([head + "MOTION", frames, time, *(f"{value} {row}" for row in rows)]) + "\n")
    return file


@pytest.mark.parametrize("channel", ["Xscale", "Yscale", "zScale"])
def test_a_scale_of_one_is_no_turn(file: Path, dance: Motion, channel: str) -> None:
    bvh = read_bvh(with_channel(file, channel, "1.0"))
    rotations, root = on_the_model(bvh, file)
    assert degrees(rotations, dance.rotations).max() < 0.01
    assert np.abs(root - dance.root).max() < 1e-4


@pytest.mark.parametrize(
    ("channel", "value", "words"),
    [
        ("Xscale", "1.5", "Xscale of pelvis is not 1"),
        ("scaleX", "1.0", "the channel scaleX"),
        ("Xshear", "0.0", "the channel Xshear"),
        ("Wrotation", "0.0", "the channel Wrotation"),
    ],
)
def test_a_channel_that_is_none_of_ours_is_one_sentence(file: Path, channel: str, value: str, words: str) -> None:
    with pytest.raises(EdgeError, match=words) as caught:
        read_bvh(with_channel(file, channel, value))
    assert (caught.value.code, "dance.bvh" in caught.value.message) == ("motion_unreadable", True)


@pytest.mark.parametrize("time", ["inf", "nan", "1e-320", "0", "-1", "soon"])
def test_a_time_that_is_none_is_one_sentence(file: Path, time: str) -> None:
    file.write_text(re.sub("Frame Time: .*", f"Frame Time: {time}", file.read_text()))
    with pytest.raises(EdgeError) as caught:
        read_bvh(file)
    assert caught.value.code == "motion_unreadable"


def test_an_offset_that_is_no_number_is_one_sentence(file: Path) -> None:
    file.write_text(re.sub("OFFSET .*", "OFFSET nan 0 0", file.read_text(), count=1))
    with pytest.raises(EdgeError, match="OFFSET") as caught:
        read_bvh(file)
    assert caught.value.code == "motion_unreadable"
