"""`evaluate --listening FOLDER`: compares song maps with annotations."""

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

import numpy as np

from ...audio.listening import listen
from ...audio.loading import load
from ...errors import EdgeError
from ...evaluation.listening import ListeningScores, Truth, compare

COLUMNS = [field.name.replace("_", " ") for field in fields(ListeningScores)]


def score_folder(folder: Path) -> list[ListeningScores]:
    """The scores of every song in the folder with annotations, a JSON file of its name, beside it.

    Raises EdgeError evaluate_nothing, truth_unreadable, and those of audio.loading.load.
    """
    results = []
    for path in sorted(folder.glob("*.json")):
        song = next((other for other in sorted(folder.glob(f"{path.stem}.*")) if other.suffix != ".json"), None)
        if song is None:
            continue
        print(song.name, file=sys.stderr)
        results.append(compare(path.stem, listen(load(song)), read_truth(path)))
    if not results:
        raise EdgeError("evaluate_nothing", f"There is no song with its truth in {folder}.", "See docs/evaluation.md.")
    return results


def read_truth(path: Path) -> Truth:
    """Beats, metre and sections of a song. Raises EdgeError truth_unreadable."""
    try:
        content = json.loads(path.read_text("utf-8"))
        beats = np.array(content["beats"], float).reshape(-1, 2)
        sections = tuple((float(start), float(end), str(label)) for start, end, label in content["sections"])
        return Truth(beats, int(content["metre"]), sections)
    except (ValueError, TypeError, KeyError) as error:
        raise EdgeError(
            "truth_unreadable", f"{path.name} has no truth of a song.", "See docs/evaluation.md.", str(error)
        ) from None


def write_table(path: Path, songs: Sequence[ListeningScores]) -> None:
    """A CSV file with a line for each song. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(astuple(song) for song in songs)


def table_of(songs: Sequence[ListeningScores]) -> str:
    """A line for each song, and their means."""
    rows = [(song.name, [float(value) for value in astuple(song)[1:]]) for song in songs]
    rows.append(("mean", np.mean([values for _, values in rows], axis=0).tolist()))
    head = f"{'':24}" + "".join(f"{column:>12}" for column in COLUMNS[1:])
    return "\n".join(
        [head, *(f"{name[:23]:24}" + "".join(f"{value:12.3f}" for value in values) for name, values in rows)]
    )
