"""Features and metrics of motion capture dances, the reference for generated ones.

`python -m edge_backend.evaluation.reference DATA.npz` makes the file from motions; the file itself has no motions.
"""

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import EdgeError, any_exception_as
from ..fileio.atomic_write import atomic_write
from ..motion.kinematics import forward_kinematics
from ..motion.rotations import axis_angle_to_matrix
from ..numerics.array import Array
from ..schema.frames import FPS
from .measure import body_metrics
from .sets import FEATURES, Measured, SetResult, clip_features, mean_metrics, summarise

BUNDLED = Path(__file__).parent / "data" / "reference.npz"
LABEL = "motion capture, held out"


@dataclass(frozen=True, slots=True)
class Reference:
    """Motion capture.

    train: kind -> features (clips, width) of the training motions. holdout: measured motions not trained on. styles:
    style -> all its measured motions, of the training part too, without features.
    """

    train: dict[str, Array]
    holdout: list[Measured]
    styles: dict[str, list[Measured]]

    def result(self) -> SetResult:
        """The hold-out motions as a set of dances; without music, they have no beat metrics."""
        return replace(summarise(LABEL, self.holdout, self.train), real=True)

    def style_result(self, style: str) -> SetResult:
        """The motions of one style as a set of dances, without measures of variety."""
        dances = self.styles[style]
        return SetResult(f"motion capture, {style}", dances, mean_metrics(dances), real=True)


def load_reference(path: Path = BUNDLED) -> Reference:
    """Read a file of `write_reference`. Raises EdgeError reference_unreadable."""
    unreadable = EdgeError(
        "reference_unreadable", f"{path} is no file of reference motions.", "Install EDGE Dance again."
    )
    with any_exception_as(unreadable), np.load(path, allow_pickle=False) as file:
        train = {kind: file[f"train_{kind}"].astype(np.float64) for kind in FEATURES}
        owner = file["clip_owner"]
        own = {kind: file[f"holdout_{kind}"].astype(np.float64) for kind in FEATURES}
        pieces = json.loads(str(file["holdout"]))
        every = json.loads(str(file["styles"]))
    holdout = [
        Measured(piece["name"], piece["seconds"], piece["metrics"], {kind: own[kind][owner == i] for kind in FEATURES})
        for i, piece in enumerate(pieces)
    ]
    styles: dict[str, list[Measured]] = {}
    for piece in every:
        styles.setdefault(piece["style"], []).append(Measured(piece["name"], piece["seconds"], piece["metrics"], {}))
    return Reference(train, holdout, styles)


def write_reference(data: Path, path: Path) -> None:
    """Measure the motions of a data set and write the reference to path.

    data: npz with poses (T, 24, 3) axis-angle, radians, root (T, 3) metres, z up, 30 fps; start, length, name, style,
    split ("train" or "holdout") of its pieces.
    """
    with np.load(data, allow_pickle=False) as file:
        rotations = axis_angle_to_matrix(file["poses"].astype(np.float64))
        root, starts, lengths = file["root"].astype(np.float64), file["start"], file["length"]
        names, styles, splits = file["name"], file["style"], file["split"]
    train: list[dict[str, Array]] = []
    holdout: list[Measured] = []
    every: list[dict[str, Any]] = []
    for name, style, split, start, length in zip(names, styles, splits, starts, lengths, strict=True):
        piece = slice(start, start + length)
        joints = forward_kinematics(rotations[piece], root[piece])
        features, metrics = clip_features(joints), body_metrics(joints, rotations[piece])
        every.append({"name": str(name), "style": str(style), "seconds": length / FPS, "metrics": metrics})
        if split == "holdout":
            holdout.append(Measured(str(name), length / FPS, metrics, features))
        else:
            train.append(features)
    _write(path, {kind: np.concatenate([piece[kind] for piece in train]) for kind in FEATURES}, holdout, every)


def _write(path: Path, train: dict[str, Array], holdout: list[Measured], every: list[dict[str, Any]]) -> None:
    pieces = [{"name": one.name, "seconds": one.seconds, "metrics": one.metrics} for one in holdout]
    owner = np.concatenate([np.full(len(one.features["k"]), i) for i, one in enumerate(holdout)])
    with atomic_write(path) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(
            file,
            **{f"train_{kind}": values.astype(np.float32) for kind, values in train.items()},
            **{
                f"holdout_{kind}": np.concatenate(
                    [one.features[kind] for one in holdout], dtype=np.float32, casting="same_kind"
                )
                for kind in FEATURES
            },
            clip_owner=owner,
            holdout=np.array(json.dumps(pieces)),
            styles=np.array(json.dumps(every)),
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=BUNDLED)
    options = parser.parse_args()
    write_reference(options.data, options.output)
