import csv
import errno
import math
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from edge_backend.cli.commands.train import main
from edge_backend.errors import EdgeError
from edge_backend.model.weights_file import load_weights
from edge_backend.training import checkpoint
from edge_backend.training.pack import load_pack
from edge_backend.training.settings import TrainSettings
from edge_backend.training.trainer import CHECKPOINT, Trainer

TINY = TrainSettings(
    latent=16,
    ff=32,
    layers=1,
    heads=2,
    batch=4,
    steps=8,
    log_every=2,
    holdout_every=4,
    checkpoint_every=3,
    holdout_windows=4,
)
TINY_OPTIONS = [
    "--latent=16",
    "--ff=32",
    "--layers=1",
    "--heads=2",
    "--batch=4",
    "--log-every=2",
    "--holdout-windows=4",
]
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def dances(pack_path):
    return load_pack(pack_path)


@pytest.fixture
def trainer(dances, tmp_path):
    """Builds trainers on the small pack."""

    def build(folder="run", **changes):
        return Trainer(replace(TINY, **changes), dances, tmp_path / folder, CPU)

    return build


def losses(folder, name="loss.csv"):
    with (folder / name).open(newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def take_step(run):
    """One step outside of the loop."""
    run._train_step(run.step, run.settings.lr)
    run.step += 1


def after(steps):
    """A `stop` that lets so many steps happen."""
    count = iter(range(steps + 1))
    return lambda: next(count) == steps


def test_the_loss_falls(trainer):
    run = trainer(steps=60, log_every=10, lr=2e-3, ema=0.9, holdout_every=30)
    run.run()
    log = losses(run.folder)
    assert log[-1]["loss"] < 0.6 * log[0]["loss"]
    holdout = losses(run.folder, "holdout.csv")
    assert holdout[-1]["loss"] < holdout[0]["loss"]


@pytest.mark.parametrize("killed_at", range(1, 8))
def test_a_run_stopped_at_any_step_ends_with_the_same_weights_and_log(trainer, killed_at):
    whole, first = trainer("whole"), trainer("parts")
    whole.run()
    first.run(after(killed_at))
    assert first.step == killed_at
    second = trainer("parts")
    assert second.step == killed_at
    second.run()
    for a, b in (whole.model, second.model), (whole.ema, second.ema):
        for name, value in a.state_dict().items():
            assert torch.equal(value, b.state_dict()[name]), name
    for name in ("loss.csv", "holdout.csv"):
        rows = losses(whole.folder, name), losses(second.folder, name)
        for row in rows[0] + rows[1]:
            row.pop("samples_per_s", None)
        assert rows[0] == rows[1]


def test_a_killed_process_loses_only_the_steps_since_its_checkpoint(trainer):
    whole, killed = trainer("whole"), trainer("killed", checkpoint_every=3)
    whole.run()
    for _ in range(5):
        take_step(killed)
        if killed.step % 3 == 0:
            killed.save()
    again = trainer("killed")
    assert again.step == 3
    again.run()
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, again.model.state_dict()[name])


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(trainer):
    a, b, c = trainer("a", steps=3), trainer("b", steps=3), trainer("c", steps=3, seed=1)
    for run in (a, b, c):
        run.run()
    one, same, other = (run.model.final_layer.weight for run in (a, b, c))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_the_average_is_that_of_the_weights_so_far(trainer):
    run = trainer(ema=0.9999)
    start = run.ema.final_layer.weight.clone()
    take_step(run)
    after_one = run.model.final_layer.weight.detach().clone()
    torch.testing.assert_close(run.ema.final_layer.weight, 0.1 * start + 0.9 * after_one)
    assert [TINY.ema_at(k) for k in (0, 10**9)] == [0.1, 0.9999]


def test_the_learning_rate_is_constant_and_then_falls_to_zero():
    settings = TrainSettings(lr=1e-3)
    assert {settings.lr_at(done / 100) for done in range(71)} == {1e-3}
    assert settings.lr_at(0.85) == pytest.approx(5e-4)
    assert settings.lr_at(1) == pytest.approx(0)
    falling = [settings.lr_at(done / 100) for done in range(70, 101)]
    assert falling == sorted(falling, reverse=True)


def test_the_averages_half_life_is_eight_percent_of_a_short_trainings_steps():
    steps = 40_000
    kept, age = 1.0, 0
    while kept > 0.5:
        kept *= TrainSettings().ema_at(steps - 1 - age)
        age += 1
    assert age / steps == pytest.approx(0.08, abs=0.01)


def test_bf16_trains_as_fp32_does_to_bf16s_precision(trainer):
    full, half = trainer("fp32", steps=2), trainer("bf16", steps=2, precision="bf16")
    for run in (full, half):
        run.run()
    a, b = (losses(run.folder)[0]["loss"] for run in (full, half))
    assert a != b
    assert b == pytest.approx(a, rel=0.02)
    assert half.model.final_layer.weight.dtype == torch.float32


def test_settings_survive_their_file():
    assert TrainSettings.from_json(TINY.to_json()) == TINY


def test_a_diverged_run_says_so_and_keeps_its_last_checkpoint(trainer):
    run = trainer(checkpoint_every=1, log_every=100)
    take_step(run)
    run.save()
    good = (run.folder / CHECKPOINT).read_bytes()
    with torch.no_grad():
        run.model.final_layer.bias.fill_(math.nan)
    with pytest.raises(EdgeError, match="step 2") as error:
        run.run()
    assert error.value.code == "training_diverged"
    assert (run.folder / CHECKPOINT).read_bytes() == good


def test_a_checkpoint_of_another_network_is_refused(trainer):
    trainer(steps=1).run()
    with pytest.raises(EdgeError, match="another size") as error:
        trainer(latent=32)
    assert error.value.code == "training_mismatch"


def test_a_checkpoint_of_other_data_is_refused(trainer, dances):
    run = trainer(steps=1)
    run.run()
    other = replace(dances, digest="another file")
    with pytest.raises(EdgeError, match="other data"):
        Trainer(TINY, other, run.folder, CPU)


def test_a_cut_off_checkpoint_is_refused_by_name(trainer):
    run = trainer(steps=1)
    run.run()
    path = run.folder / CHECKPOINT
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(EdgeError, match=CHECKPOINT) as error:
        trainer()
    assert error.value.code == "checkpoint_unreadable"


def test_a_full_disk_leaves_the_old_checkpoint(trainer, monkeypatch):
    run = trainer(steps=1)
    run.run()
    good, before = (run.folder / CHECKPOINT).read_bytes(), set(run.folder.iterdir())

    def half_of_it(_tensors, path, **_more):
        path.write_bytes(good[: len(good) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", half_of_it)
    with pytest.raises(EdgeError) as error:
        run.save()
    assert error.value.code == "checkpoint_unwritable"
    assert (run.folder / CHECKPOINT).read_bytes() == good
    assert set(run.folder.iterdir()) == before


def test_without_holdout_dances_there_is_no_holdout_loss(dances, tmp_path):
    run = Trainer(TINY, replace(dances, holdout=dances.holdout & False), tmp_path, CPU)
    run.run()
    assert losses(tmp_path, "holdout.csv") == []


def test_the_command_trains_goes_on_and_exports_weights_that_load(pack_path, tmp_path, dances):
    out, weights = tmp_path / "run", tmp_path / "mine.safetensors"
    assert main(["run", str(pack_path), "--out", str(out), "--device=cpu", "--steps=2", *TINY_OPTIONS]) == 0
    # The second time the folder's settings hold: only what is new is said.
    assert main(["run", str(pack_path), "--out", str(out), "--device=cpu", "--steps=4", f"--export={weights}"]) == 0
    assert [row["step"] for row in losses(out)] == [2, 4]
    loaded = load_weights(weights)
    assert loaded.info.config.features == 12 + 9
    assert loaded.info.training["step"] == 4
    assert loaded.info.training["data"] == {"licences": ["made up"]}
    saved = load_file(out / CHECKPOINT)
    torch.testing.assert_close(
        torch.tensor(loaded.parameters["final_layer.weight"].astype("float32")),
        saved["ema.final_layer.weight"],
        atol=1e-3,
        rtol=0,
    )
    assert (loaded.normaliser.scale == dances.normaliser.scale).all()


def test_the_time_limit_ends_a_run_with_a_checkpoint(pack_path, tmp_path, clock):
    began = clock.now
    options = ["--device=cpu", "--steps=1000000", "--time-limit=1", *TINY_OPTIONS]
    assert main(["run", str(pack_path), "--out", str(tmp_path / "run"), *options]) == 0
    assert 1 < clock.now - began < 2
    assert (tmp_path / "run" / CHECKPOINT).exists()


def test_a_bad_pack_ends_the_command_with_one_sentence(tmp_path, capsys):
    assert main(["run", str(tmp_path / "none.safetensors"), "--out", str(tmp_path / "run"), "--device=cpu"]) == 2
    assert "none.safetensors" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")
def test_sigterm_leaves_a_checkpoint_to_go_on_from(pack_path, tmp_path):
    out = tmp_path / "run"
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "edge_backend",
            "train",
            "run",
            pack_path,
            "--out",
            out,
            "--device=cpu",
            *TINY_OPTIONS,
        ],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while "samples/s" not in (line := process.stderr.readline()):
            assert line, "ended before it trained"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
    assert (out / CHECKPOINT).exists()


def test_two_processes_have_the_loss_and_the_gradients_of_one_on_the_same_batches(pack_path, tmp_path):
    """Compared over two steps: Adan's first updates divide by next to nothing and blow rounding errors up."""
    on_this_machine = {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}  # its name may not resolve
    options = [str(pack_path), "--device=cpu", "--dropout=0", "--steps=2", *TINY_OPTIONS]
    assert main(["run", *options, "--out", str(tmp_path / "one")]) == 0
    launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m"]
    done = subprocess.run(
        [sys.executable, "-m", *launcher, "edge_backend", "train", "run", *options, "--out", tmp_path / "two"],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "OMP_NUM_THREADS": "1", **on_this_machine},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    (one, state), (two, shared) = (
        (losses(tmp_path / out)[0]["loss"], load_file(tmp_path / out / CHECKPOINT)) for out in ("one", "two")
    )
    assert one == pytest.approx(two, abs=1e-5)
    gradients = [name for name in state if name.startswith("previous.")]
    assert gradients
    for name in gradients:
        torch.testing.assert_close(shared[name], state[name], atol=1e-5, rtol=1e-3)
