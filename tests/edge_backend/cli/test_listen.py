"""`listen` writes a map and its picture; `evaluate --listening` compares songs with their truth."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_backend.cli.commands.evaluate_listening import read_truth
from edge_backend.cli.main import main
from edge_backend.drawing.song_map import colour_of
from edge_backend.evaluation.listening import f_measure
from edge_backend.schema.song_map import from_json

SONGS = Path(__file__).parents[2] / "data" / "listening"


def test_listen_writes_the_map_and_draws_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target, plot = tmp_path / "map.json", tmp_path / "map.png"
    assert main(["listen", str(SONGS / "10_march.ogg"), "-o", str(target), "--plot", str(plot)]) == 0
    found = from_json(target.read_text("utf-8"))
    assert found.metre == 2
    assert "2 beats a bar" in capsys.readouterr().out
    with Image.open(plot) as picture:
        colours = {tuple(colour) for colour in np.asarray(picture.convert("RGB")).reshape(-1, 3).tolist()}
    assert {colour_of(section.label) for section in found.sections} <= colours


def test_a_part_of_a_song_is_analysed_from_its_start(tmp_path: Path) -> None:
    target = tmp_path / "map.json"
    assert main(["listen", str(SONGS / "27_five.ogg"), "-o", str(target), "--start", "5", "--duration", "20"]) == 0
    found = from_json(target.read_text("utf-8"))
    assert found.duration == pytest.approx(20, abs=0.01)
    assert found.metre == 5
    true = read_truth(SONGS / "27_five.json").beats[:, 0] - 5
    assert f_measure(true[(true > 0) & (true < 20)], np.array([second for second, _ in found.beats])) > 0.97


def test_hearing_is_measured_beside_the_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--listening", str(SONGS), "-o", str(tmp_path)]) == 0
    with (tmp_path / "listening.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"10_march", "27_five"}
    assert all(float(row["beats"]) > 0.97 and float(row["metre"]) == 1 for row in rows.values())
    assert "mean" in capsys.readouterr().out


@pytest.mark.parametrize(("text", "code"), [("{}", "truth_unreadable"), (None, "evaluate_nothing")])
def test_a_folder_without_truth_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, code: str
) -> None:
    (tmp_path / "a.ogg").write_bytes((SONGS / "10_march.ogg").read_bytes())
    if text is not None:
        (tmp_path / "a.json").write_text(text, encoding="utf-8")
    assert main(["evaluate", "--listening", str(tmp_path), "-o", str(tmp_path)]) == 2
    assert code in capsys.readouterr().err
