"""`bench` prints the timings as a table or as JSON."""

import json
import re

import pytest
from pipeline_fixtures import write_weights

from edge_backend.bench.dances import Timing, interleaved, time_full_size
from edge_backend.cli.main import main
from edge_backend.model.decoder import DanceDecoder
from edge_backend.model.decoder_config import DecoderConfig
from edge_backend.model.torch_engine import TorchEngine


@pytest.fixture
def folder(tmp_path):
    write_weights(tmp_path, name="starter")  # the user's own of that name come first
    return tmp_path


def test_a_table_has_a_row_for_each_quality(folder, capsys):
    assert main(["bench", "--seconds", "3", "--threads", "1", "--weights-folder", str(folder)]) == 0
    told = capsys.readouterr().out
    rows = [line.split() for line in told.splitlines() if line.startswith("starter ")]
    ways = [("onnx", "exact"), ("torch", "exact"), ("torch", "fastest")]
    assert [tuple(row[1:4]) for row in rows] == [(*way, word) for word in ("draft", "normal", "best") for way in ways]
    assert "starter, onnx, fp32: " in told and "starter, torch, fp32: " in told and "of the matrix peak" in told
    assert re.search(r"ONNX Runtime's time over torch's: starter, draft: \d+\.\d+", told)
    assert re.search(r"exact over fastest: starter, normal: \d+\.\d+", told)


def test_as_json_it_holds_everything(folder, capsys):
    arguments = ["bench", "--seconds", "3", "--threads", "1", "--weights-folder", str(folder), "--reference", "--json"]
    assert main([*arguments, "--engine", "onnx"]) == 0
    told = json.loads(capsys.readouterr().out)
    (network,) = told["network"]["starter"]
    assert network["engine"] == "onnx" and 0 < network["share_of_peak"] < 1.5
    assert not told["ratios"]  # there is nothing to compare with
    assert [dance["quality"] for dance in told["dances"]] == ["draft", "normal", "best", "reference"]
    for dance in told["dances"]:
        assert dance["real_time_factor"] == pytest.approx(sum(dance["stages"].values()) / 3)
        assert 0 < dance["first"] <= dance["total"] * 1.5
        assert {"features", "sampling", "feet"} <= set(dance["stages"])


def test_keys_are_refused_where_there_is_no_blender(folder, capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert main(["bench", "--keys", "--engine", "onnx", "--weights-folder", str(folder)]) == 2
    assert "bench/keying.py is not here" in capsys.readouterr().err


@pytest.mark.slow
def test_keys_are_measured_on_three_rigs(folder, capsys):
    arguments = ["bench", "--seconds", "6", "--threads", "1", "--weights-folder", str(folder), "--engine", "onnx"]
    assert main([*arguments, "--keys", "--json"]) == 0
    keying = json.loads(capsys.readouterr().out)["keying"]
    assert [(row["rig"], row["seconds"]) for row in keying] == [(rig, 6.0) for rig in ("dancer", "mixamo", "rigify")]
    assert all(row["keys"] > 1000 and row["placing"]["seconds"] > 0 for row in keying)


def test_a_network_without_a_song_is_timed_by_its_sampling_alone():
    config = DecoderConfig(latent=32, ff=32, layers=1, heads=2, features=7)
    timing = time_full_size(TorchEngine(DanceDecoder(config).eval()), config, "draft", seconds=12.0)
    assert set(timing.stages) == {"sampling"}
    assert 0 < timing.first < timing.total  # the first of several passes


def test_the_real_time_factor_is_work_for_a_second_of_dance():
    assert Timing("any", "onnx", "draft", seconds=20.0, stages={"sampling": 4.0, "feet": 1.0}).real_time_factor == 0.25


def test_dances_take_turns_and_the_quickest_of_each_counts():
    order = []

    def work(name, seconds):
        def dance():
            order.append(name)
            return Timing("any", "onnx", name, 1.0, stages={"sampling": seconds.pop(0)})

        return dance

    told = interleaved([work("draft", [3.0, 1.0]), work("best", [5.0, 9.0])], rounds=2)
    assert order == ["draft", "best", "draft", "best"]
    assert [(timing.quality, timing.total) for timing in told] == [("draft", 1.0), ("best", 5.0)]
