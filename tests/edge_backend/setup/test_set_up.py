"""Set-up as a whole, into folders with odd names, with wheels of a small shop and a backend that says it dances."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from wheel_shop import make_wheel

from edge_backend.errors import EdgeError
from edge_backend.protocol.codec import decode, encode
from edge_backend.protocol.messages import Cancel, Error, Progress, Result
from edge_backend.setup import environment, locked, program
from edge_backend.setup.home import Home, Record, python_of
from edge_backend.setup.locked import read_lock
from edge_backend.setup.program import PYTHON, SetUp, remove, set_up
from edge_backend.setup.wheels import Source, bring

REPOSITORY = Path(__file__).parents[3]
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals")

# What stands in for the backend: it dances where its packages are whole.
BACKEND = """
import json, sys
try:
    import dance, music, feet
    ok, words = True, "cpu (test), 1 CPU threads"
except ImportError as error:
    ok, words = False, str(error)
print("a library prints this")
print(json.dumps({"ok": ok, "findings": [{"name": "device", "ok": ok, "words": words, "hint": ""}]}))
sys.exit(not ok)
"""

# The child that Blender starts, with the shop's lock file and quick environments.
CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
import quick_set_up
quick_set_up.patch(*sys.argv[2:4])
from edge_backend.cli.main import main
main(["setup", "--messages", "--home", sys.argv[4], "--build", "cpu"])
"""


@pytest.fixture(scope="module")
def backend(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backend")
    (folder / "edge_backend").mkdir()
    (folder / "edge_backend/__main__.py").write_text(BACKEND)
    (folder / "edge_backend/__init__.py").touch()
    return folder


@pytest.fixture
def stage(shop, backend, tmp_path, monkeypatch):
    """The shop's lock file is the one that ships; environments use this Python's pip, which saves seconds."""
    locks = tmp_path / "locks"
    locks.mkdir()
    shop.lock(locks)
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    import quick_set_up  # noqa: PLC0415 - beside this file

    quick_set_up.patch(locks, backend, monkeypatch.setattr)
    return locks


def quiet(stage, done, total):
    pass


def refusal(call):
    with pytest.raises(EdgeError) as caught:
        call()
    return caught.value


def runs(home):
    """Whether the backend of that home works."""
    python = Home(home).python
    return python and subprocess.run([str(python), "-c", "import dance, music, feet"], check=False).returncode == 0


def test_from_nothing_to_a_backend_that_dances(shop, stage, odd_folder):
    """Two hundred characters deep, as some folders are."""
    home, seen = odd_folder / "backend", []
    while len(str(home)) < 200:
        home = home / "ein tiefer Ordner 深い"
    assert Home(home).status == "missing"
    sentence = set_up(SetUp(home, "cpu"), lambda *now: seen.append(now))
    assert sentence == "The backend is ready: cpu (test), 1 CPU threads."
    assert Home(home).status == "ready" and runs(home)
    assert list(dict.fromkeys(stage for stage, *_ in seen)) == ["preparing", "downloading", "unpacking", "testing"]
    left = {path.name for path in home.iterdir()}
    assert left == {"backend.json", "setup.lock", Home(home).ready.folder}  # no download, no half-written file

    asked = len(shop.asked)
    set_up(SetUp(home, "cpu"), quiet)  # once more costs a test, no download
    assert len(shop.asked) == asked

    link = python_of(home / Home(home).ready.folder)
    for path in link.parent.glob("python*"):  # Blender has moved, and its Python with it
        path.unlink()
    assert Home(home).status == "broken"
    set_up(SetUp(home, "cpu"), quiet)
    assert Home(home).status == "ready" and runs(home) and len(shop.asked) == asked

    next((home / Home(home).ready.folder).rglob("dance.py")).unlink()  # a package is damaged
    set_up(SetUp(home, "cpu"), quiet)
    assert runs(home) and len(shop.asked) > asked

    remove(home)
    assert Home(home).status == "missing" and [path.name for path in home.iterdir()] == ["setup.lock"]


def test_a_new_version_comes_beside_the_old_one_which_stays_where_it_fails(shop, stage, goods, odd_folder):
    home = odd_folder / "backend"
    set_up(SetUp(home, "cpu"), quiet)
    old = Home(home).ready
    extra = make_wheel(goods, "shoes", 100)
    try:
        shop.lock(stage)
        assert Home(home).status == "outdated" and runs(home)
        shop.lasts = [0]
        assert refusal(lambda: set_up(SetUp(home, "cpu"), quiet)).code == "download_failed"
        assert Home(home).ready == old and runs(home)
        shop.lasts = [1 << 40]
        set_up(SetUp(home, "cpu"), quiet)
        new = Home(home).ready
        assert Home(home).status == "ready" and new != old and runs(home)
        assert [path.name for path in home.glob("env-*")] == [new.folder]
    finally:
        extra.unlink()


def child(stage, backend, home):
    """Blender's child, in a group of its own as Blender has it."""
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(Path(__file__).parent), str(stage), str(backend), str(home)],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


def children_of(group):
    """Processes of a group that are left, zombies apart."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(path.parent.name)
    return found


def until_gone(group, seconds):
    end = time.monotonic() + seconds
    while children_of(group) and time.monotonic() < end:
        time.sleep(0.02)
    return not children_of(group)


@pytest.mark.timing
@posix
@pytest.mark.parametrize("ends", [("cancel", "downloading"), ("blender dies", "unpacking")])
def test_it_stops_at_once_with_all_that_it_has_started(shop, stage, backend, tmp_path, ends):
    how, stage_name = ends
    if stage_name == "downloading":
        shop.block, shop.pause_s = 1000, 0.05
    with child(stage, backend, tmp_path / "home") as process:
        for line in process.stdout:
            message = decode(line.rstrip())
            assert isinstance(message, Progress), message
            if message.stage == stage_name:
                break
        began = time.monotonic()
        if how == "cancel":
            process.stdin.write(encode(Cancel("setup")))
            process.stdin.flush()
            said = [decode(line.rstrip()) for line in process.stdout]
            assert isinstance(said[-1], Error) and said[-1].code == "cancelled"
        else:
            process.stdin.close()
        assert until_gone(process.pid, 5) and time.monotonic() - began < 5
        assert Home(tmp_path / "home").status == "unfinished"


@posix
def test_killed_anywhere_it_is_known_to_be_unfinished_and_goes_on(shop, stage, backend, tmp_path):
    """Each time it lives a little longer; what had been there before its death is used."""
    home, shop.pause_s, shop.block = tmp_path / "home", 0.02, 40_000
    draw, lived = random.Random(3), 0
    while True:
        with child(stage, backend, home) as process:
            said = []
            reader = threading.Thread(target=lambda: said.extend(process.stdout))  # noqa: B023 - ends in this round
            reader.start()
            reader.join(0.3 + 0.5 * lived + 0.4 * draw.random())
            if not reader.is_alive():
                break
            os.killpg(process.pid, signal.SIGKILL)
            reader.join()
            assert Home(home).status in ("missing", "unfinished", "ready")
            lived += 1
    assert isinstance(decode(said[-1].rstrip()), Result), said[-1]
    assert lived >= 1 and Home(home).status == "ready" and runs(home)
    assert len([path for path in shop.asked if "dance" in path]) <= 1 + lived


@posix
def test_two_blenders_do_not_set_it_up_at_once(shop, stage, backend, tmp_path):
    shop.block, shop.pause_s = 1000, 0.05
    with child(stage, backend, tmp_path / "home") as process:
        assert isinstance(decode(process.stdout.readline().rstrip()), Progress)
        assert refusal(lambda: set_up(SetUp(tmp_path / "home", "cpu"), quiet)).code == "setup_busy"
        os.killpg(process.pid, signal.SIGKILL)
    with Home(tmp_path / "home").alone():
        pass  # the lock of the dead one holds nobody up


def test_too_small_a_disk_is_reported_before_anything_is_fetched(shop, stage, tmp_path, monkeypatch):
    monkeypatch.setattr(program, "free_bytes", lambda _folder: 1_000_000)
    error = refusal(lambda: set_up(SetUp(tmp_path / "home", "cpu"), quiet))
    assert error.code == "disk_full" and "0.0 GB are free" in error.message and not shop.asked


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small disk")
def test_a_disk_that_fills_up_in_the_middle_is_reported_too(shop, stage, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700k", "none", str(home)], check=False).returncode:
        pytest.skip("no right to mount")
    try:
        monkeypatch.setattr(program, "free_bytes", lambda _folder: 1 << 40)
        assert refusal(lambda: set_up(SetUp(home, "cpu"), quiet)).code == "disk_full"
        assert Home(home).status == "unfinished"
    finally:
        subprocess.run(["umount", "-l", str(home)], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a disk that cannot be written to")
def test_a_read_only_home_is_reported(shop, stage, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", str(home)], check=False).returncode:
        pytest.skip("no right to mount")
    try:
        error = refusal(lambda: set_up(SetUp(home, "cpu"), quiet))
        assert error.code == "setup_folder" and "Read-only" in error.message
    finally:
        subprocess.run(["umount", "-l", str(home)], check=True)


def test_a_wheel_that_pip_refuses_is_reported_with_pips_words(shop, stage, goods, tmp_path):
    bad = goods / "socks-1.0-py3-none-any.whl"
    bad.write_bytes(b"no zip")
    try:
        shop.lock(stage)
        error = refusal(lambda: set_up(SetUp(tmp_path / "home", "cpu"), quiet))
        assert error.code == "setup_pip" and "socks" in error.detail
        assert Home(tmp_path / "home").status == "unfinished"
    finally:
        bad.unlink()


def test_a_backend_that_does_not_dance_is_not_ready(shop, stage, tmp_path, monkeypatch):
    (tmp_path / "edge_backend").mkdir()
    (tmp_path / "edge_backend/__main__.py").write_text("raise SystemExit('no such instruction')")
    monkeypatch.setattr(environment, "_BACKEND", tmp_path)
    error = refusal(lambda: set_up(SetUp(tmp_path / "home", "cpu"), quiet))
    assert error.code == "setup_test" and "no such instruction" in error.message
    assert Home(tmp_path / "home").python is None


def test_a_machine_without_a_build_is_reported(tmp_path):
    error = refusal(lambda: set_up(SetUp(tmp_path / "home", "abacus"), quiet))
    assert error.code == "setup_no_build" and "abacus" in error.message


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"build": "cpu"}', '{"build":"cpu","folder":"../../bin","python":[3,11],"program":"1"}',
     '{"build":"cpu","folder":"env-a/../..","python":[3,11],"program":"1"}', "\x00" * 50,
     '{"build":"cpu","folder":"env-1","python":"3.11","program":"1"}'],
)  # fmt: skip
def test_a_damaged_record_is_no_backend_and_names_no_path(tmp_path, text):
    (tmp_path / "backend.json").write_text(text)
    assert Home(tmp_path).status == "missing" and Home(tmp_path).python is None


def test_a_record_of_another_python_or_build_is_outdated(stage, tmp_path):
    record = Record("cpu", "env-000000000000", PYTHON)
    (tmp_path / "backend.json").write_text(json.dumps(asdict(record)))
    python = python_of(tmp_path / record.folder)
    python.parent.mkdir(parents=True)
    python.touch()
    assert Home(tmp_path).status == "outdated"


def test_where_python_lacks_venv_virtualenv_is_fetched_but_not_installed(shop, stage, goods, odd_folder, monkeypatch):
    tool = make_wheel(goods, "virtualenv", 500)
    shop.lock(stage).replace(stage / "virtualenv.txt")
    tool.unlink()
    shop.lock(stage)
    make_wheel(goods, "virtualenv", 500)
    given, make = [], environment.make
    monkeypatch.setattr(environment, "lacks_venv", lambda: True)
    monkeypatch.setattr(environment, "make", lambda folder, wheels: given.extend(wheels) or make(folder))
    try:
        set_up(SetUp(odd_folder / "backend", "cpu"), quiet)
    finally:
        tool.unlink()
    assert any(path.name == tool.name for path in given) and runs(odd_folder / "backend")
    code = [str(Home(odd_folder / "backend").python), "-c", "import virtualenv_data, virtualenv"]
    assert subprocess.run(code, capture_output=True, check=False).returncode


@pytest.mark.slow
def test_virtualenv_makes_an_environment_that_can_be_repaired(odd_folder):
    """From PyPI. On a Python without ensurepip venv makes none."""
    wheels = bring(read_lock(locked.virtualenv_lock()), odd_folder / "downloads", Source(), quiet)
    python = environment.make(odd_folder / "env-1 2", [odd_folder / "downloads" / wheel.file for wheel in wheels])
    pip = [str(python), "-I", "-m", "pip", "--version"]
    assert str(odd_folder) in subprocess.run(pip, capture_output=True, text=True, check=True).stdout
    python.unlink()
    assert subprocess.run([environment.refresh(odd_folder / "env-1 2"), *pip[1:]], check=False).returncode == 0


@pytest.mark.slow
def test_the_real_environment_has_pip_of_its_own_and_none_of_ours(shop, backend, tmp_path, monkeypatch):
    locks = tmp_path / "locks"
    locks.mkdir()
    shop.lock(locks)
    monkeypatch.setattr(locked, "FOLDER", locks)
    monkeypatch.setattr(environment, "_BACKEND", backend)
    set_up(SetUp(tmp_path / "home", "cpu"), quiet)
    code = "import sys, pip; print(pip.__file__); import numpy"
    done = subprocess.run(
        [str(Home(tmp_path / "home").python), "-I", "-c", code], capture_output=True, text=True, check=False
    )
    assert str(tmp_path) in done.stdout and "No module named 'numpy'" in done.stderr
