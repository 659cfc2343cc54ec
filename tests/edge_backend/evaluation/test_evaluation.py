"""From dances to a report: measuring sets, the reference, the page, the command."""

import json
import math
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hand_made import swaying
from pipeline_fixtures import write_song, write_weights

from edge_backend.cli.main import main
from edge_backend.errors import EdgeError
from edge_backend.evaluation.measure import body_metrics, measure
from edge_backend.evaluation.metrics import METRICS
from edge_backend.evaluation.reference import load_reference, write_reference
from edge_backend.evaluation.report import as_json, table, write_report
from edge_backend.evaluation.sets import FEATURES, Measured, SetResult, clip_features, measure_dance, summarise
from edge_backend.motion.files import load_motion, save_motion
from edge_backend.motion.rotations import matrix_to_axis_angle

REFERENCE = load_reference()
REAL = REFERENCE.result()


@pytest.fixture(scope="module")
def made() -> SetResult:
    dances = [measure_dance(f"sway <{period}>", swaying(240, period)) for period in (0.8, 1.0, 1.3, 2.0)]
    return summarise("swaying & more", dances, REFERENCE.train)


def test_a_dance_has_every_metric_of_its_own() -> None:
    metrics = measure(swaying(240, 2.0))
    of_sets = {name for name in METRICS if name.startswith(("dist", "fid"))}
    assert set(metrics) == set(METRICS) - of_sets
    assert metrics["beat_alignment"] == pytest.approx(7 / 8, abs=0.01)  # it stops on its beats, but not in frame 0
    assert metrics["beat_above_chance"] == 1
    assert metrics["skate"] == metrics["float"] == metrics["overbent"] == 0


def test_a_dance_without_music_has_no_beat_metrics() -> None:
    silent = swaying(120, 2.0, beats=np.zeros(0))
    assert not [name for name in measure(silent) if "beat" in name]
    assert "beat_alignment" in measure(silent, np.array([1.0, 2.0]))


def test_a_set_is_the_mean_of_its_dances(made: SetResult) -> None:
    values = [dance.metrics["dynamics"] for dance in made.dances]
    estimate = made.estimates["dynamics"]
    assert estimate.value == pytest.approx(np.mean(values))
    assert min(values) < estimate.low < estimate.value < estimate.high < max(values)
    assert set(made.estimates) == set(METRICS)


def test_copies_of_one_dance_have_no_variety_and_are_far_from_dance() -> None:
    one = swaying(150, 1.0)
    copies = summarise("copies", [measure_dance(str(i), one) for i in range(3)], REFERENCE.train)
    assert copies.estimates["dist_k"].value == pytest.approx(0, abs=1e-6)
    assert copies.estimates["dist_g"].value == pytest.approx(0, abs=1e-6)
    assert copies.estimates["fid_k"].value > REAL.estimates["fid_k"].value


def test_a_dance_below_five_seconds_has_metrics_but_no_clips() -> None:
    short = measure_dance("short", swaying(90, 1.0))
    assert short.metrics["dynamics"] > 0
    assert all(len(features) == 0 for features in short.features.values())
    result = summarise("short", [short], REFERENCE.train)
    assert math.isnan(result.estimates["dist_k"].value)
    assert math.isnan(result.estimates["fid_g"].value)


def test_the_bundled_reference_is_of_the_metrics_of_today() -> None:
    names = set(body_metrics(swaying(90, 1.0).joints(), swaying(90, 1.0).rotations))
    for piece in [*REFERENCE.holdout, *(piece for pieces in REFERENCE.styles.values() for piece in pieces)]:
        assert set(piece.metrics) == names
    widths = {kind: of(np.zeros((4, 24, 3))).shape for kind, of in FEATURES.items()}
    assert {kind: features.shape[1:] for kind, features in REFERENCE.train.items()} == widths


def test_the_reference_is_real_dance() -> None:
    """The data's own description: PFC 0.75, skating 0.24, slide 0.22 mm, float 0.04, jitter 200, dynamics 0.55."""
    estimates = REAL.estimates
    known = {"pfc": 0.75, "skate": 0.24, "slide": 0.22, "float": 0.04, "jitter": 200, "dynamics": 0.55, "travel": 0.40}
    for name, value in known.items():
        assert estimates[name].value == pytest.approx(value, abs=0.006 if value < 1 else 0.5), name
    assert estimates["overbent"].value < 0.01


def test_a_reference_is_made_from_a_data_set(tmp_path: Path) -> None:
    motions = {"a": swaying(160, 1.0), "b": swaying(200, 1.4), "c": swaying(170, 0.9)}
    lengths = np.array([motion.frames for motion in motions.values()])
    np.savez(
        tmp_path / "data.npz",
        poses=np.concatenate([matrix_to_axis_angle(motion.rotations) for motion in motions.values()]),
        root=np.concatenate([motion.root for motion in motions.values()]),
        start=np.cumsum(lengths) - lengths,
        length=lengths,
        name=np.array(list(motions)),
        style=np.array(["salsa", "modern", "salsa"]),
        split=np.array(["train", "train", "holdout"]),
    )
    write_reference(tmp_path / "data.npz", tmp_path / "reference.npz")
    read = load_reference(tmp_path / "reference.npz")
    assert [piece.name for piece in read.holdout] == ["c"]
    assert read.holdout[0].metrics["dynamics"] == pytest.approx(measure(motions["c"])["dynamics"], rel=1e-4)
    assert {style: [piece.name for piece in pieces] for style, pieces in read.styles.items()} == {
        "salsa": ["a", "c"],
        "modern": ["b"],
    }
    salsa = read.style_result("salsa")
    assert salsa.estimates["jitter"].value == pytest.approx(
        np.mean([measure(motions[name])["jitter"] for name in ("a", "c")]), rel=1e-4
    )
    assert salsa.real
    expected = np.concatenate([clip_features(motions[name].joints())["g"] for name in ("a", "b")])
    np.testing.assert_allclose(read.train["g"], expected)


def test_a_damaged_reference_is_named(tmp_path: Path) -> None:
    (tmp_path / "reference.npz").write_bytes(b"nothing")
    with pytest.raises(EdgeError, match=r"reference\.npz is no file of reference motions") as caught:
        load_reference(tmp_path / "reference.npz")
    assert caught.value.code == "reference_unreadable"


def test_the_json_holds_every_figure_and_null_for_none(made: SetResult) -> None:
    short = summarise("short", [measure_dance("short", swaying(90, 1.0))], REFERENCE.train)
    read = json.loads(json.dumps(as_json([REAL, made, short]), allow_nan=False))
    assert [one["label"] for one in read["sets"]] == ["motion capture, held out", "swaying & more", "short"]
    assert read["sets"][1]["estimates"]["pfc"]["value"] == made.estimates["pfc"].value
    assert read["sets"][2]["estimates"]["dist_k"]["value"] is None
    assert set(read["metrics"]) == set(METRICS)


def test_the_page_stands_alone_and_shows_every_set(made: SetResult, tmp_path: Path) -> None:
    write_report(tmp_path / "new", [REAL, made])
    text = (tmp_path / "new" / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href)\s*=|@import|url\(|https?:", text)  # nothing from elsewhere
    assert "swaying &amp; more" in text
    assert "sway &lt;1.3&gt;" in text
    plots = re.findall(r"<svg.*?</svg>", text)
    assert len(plots) == len(METRICS)
    for plot in plots:
        numbers = [
            float(value)
            for mark in ElementTree.fromstring(plot).iter("circle")  # noqa: S314 - our own page
            for value in (mark.get("cx"), mark.get("cy"))
        ]
        assert np.isfinite(numbers).all()
    assert json.loads((tmp_path / "new" / "report.json").read_text(encoding="utf-8"))["sets"]


def test_the_table_has_a_line_for_each_metric(made: SetResult) -> None:
    lines = table([REAL, made]).splitlines()
    assert len(lines) == 1 + len(METRICS)
    assert lines[0].split("held out")[1].strip() == "swaying & more"
    beat_line = next(line for line in lines if line.startswith("Beat alignment"))
    assert " - " in beat_line  # motion capture without music has none


def test_evaluate_compares_folders_of_dances(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, period in (("slow", 2.0), ("quick", 0.8)):
        (tmp_path / name).mkdir()
        save_motion(tmp_path / name / "one.npz", swaying(180, period))
    save_motion(tmp_path / "alone.npz", swaying(180, 1.0))
    folders = [str(tmp_path / name) for name in ("slow", "quick", "alone.npz")]
    assert main(["evaluate", *folders, "-o", str(tmp_path / "report")]) == 0
    labels = [one["label"] for one in json.loads((tmp_path / "report" / "report.json").read_text())["sets"]]
    assert labels == ["motion capture, held out", "slow", "quick", "dances"]
    assert "Dynamics" in capsys.readouterr().out


def test_evaluate_dances_songs_with_every_setting(tmp_path: Path) -> None:
    weights, song = write_weights(tmp_path), write_song(tmp_path / "song.wav", 6.0)
    settings = ["--weights", str(weights), "--steps", "2", "3", "--seeds", "0", "1", "--device", "cpu"]
    assert main(["evaluate", "--songs", str(song), *settings, "-o", str(tmp_path / "report")]) == 0
    sets = json.loads((tmp_path / "report" / "report.json").read_text())["sets"][1:]
    assert [one["label"] for one in sets] == ["tiny, steps 2", "tiny, steps 3"]
    assert [dance["name"] for dance in sets[0]["dances"]] == ["song_0", "song_1"]
    kept = load_motion(tmp_path / "report" / "dances" / "tiny, steps 3" / "song_1.npz")
    assert kept.frames == 180
    assert sets[1]["dances"][1]["metrics"]["dynamics"] == pytest.approx(measure(kept)["dynamics"], rel=1e-3)


def test_evaluate_takes_a_minute_of_each_song_and_compares_styles_with_their_own_motion_capture(tmp_path: Path) -> None:
    song = write_song(tmp_path / "song.wav", 63.0)
    settings = ["--style", "salsa", "any", "--duration", "2", "60", "--steps", "1", "--device", "cpu", "--start", "4"]
    assert main(["evaluate", "--songs", str(song), *settings, "-o", str(tmp_path / "report")]) == 0
    sets = json.loads((tmp_path / "report" / "report.json").read_text())["sets"]
    assert [one["label"] for one in sets] == [
        "motion capture, held out",
        "motion capture, salsa",
        *(f"starter, style {style}, duration {s}" for style in ("salsa", "any") for s in ("2.0", "60.0")),
    ]
    assert len(sets[1]["dances"]) == 32
    assert [one["dances"][0]["seconds"] for one in sets[2:]] == [2, 59, 2, 59]  # the song's end is the dance's


def test_evaluate_says_what_is_wrong_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.npz").write_bytes(b"broken")
    wrong = {"motion_missing": ["empty"], "motion_unreadable": ["broken.npz"], "evaluate_nothing": []}
    for code, paths in wrong.items():
        assert main(["evaluate", *(str(tmp_path / path) for path in paths), "-o", str(tmp_path / "out")]) == 2
        said = capsys.readouterr().err.strip()
        assert said.endswith(f"[{code}]")
        assert "\n" not in said
    assert not (tmp_path / "out").exists()


def test_a_measured_dance_keeps_its_length() -> None:
    measured: Measured = measure_dance("x", swaying(240, 1.0))
    assert measured.seconds == 8.0
