"""Set-up as Blender starts it: asked for, refused with a reason, and the health that the panel shows."""

import json
import subprocess
import sys
import time
import venv
from pathlib import Path

import bpy
import pytest
from blender_fixtures import PACKAGE, addon


@pytest.fixture
def settings():
    """The extension's preferences as they come; as before after the test."""
    preferences = bpy.context.preferences.addons[PACKAGE].preferences
    names = ("backend_python", "wheel_folder", "mirror", "torch_build")
    before = {name: getattr(preferences, name) for name in names}
    for name in names:
        preferences.property_unset(name)
    yield preferences
    for name, value in before.items():
        setattr(preferences, name, value)
    addon("setup.installer").installer.problem = None


def home():
    return addon("edge_backend.setup.home").Home(addon("preferences").backend_home())


def health(launch):
    return addon("setup.health").examine(launch, home())


def test_without_the_right_to_go_online_it_says_so_unless_wheels_are_at_hand(settings, tmp_path):
    assert not bpy.app.online_access
    with pytest.raises(RuntimeError, match="Allow Online Access"):
        bpy.ops.edge_dance.set_up_backend()
    settings.wheel_folder = str(tmp_path)
    assert bpy.ops.edge_dance.set_up_backend.poll()


def test_a_folder_without_the_wheels_is_reported_in_a_sentence_and_can_be_gone_on_from(settings, tmp_path):
    settings.wheel_folder, settings.torch_build = str(tmp_path), "auto"
    with pytest.raises(RuntimeError, match="wheels are not in"):
        bpy.ops.edge_dance.set_up_backend()
    assert addon("setup.installer").installer.problem.code == "setup_wheels_missing"
    assert home().status == "unfinished"
    assert health(addon("preferences").launch(bpy.context)).mend == "Resume Setup"
    assert bpy.ops.edge_dance.remove_backend() == {"FINISHED"}
    assert home().status == "missing"


def test_everything_lies_in_the_extension_s_user_folder():
    folder = addon("preferences").backend_home()
    assert folder.is_relative_to(Path(bpy.utils.extension_path_user(PACKAGE)))
    assert ".user" in folder.parts  # it stays when the extension is updated


def test_the_manifest_says_that_it_goes_online():
    manifest = (Path(addon("backend.interpreter").ADDON_FOLDER) / "blender_manifest.toml").read_text()
    assert 'network = "' in manifest


def make_environment(folder, with_packages):
    """An environment of set-up's in which the packages are empty, or none."""
    home_of = addon("edge_backend.setup.home")
    locked = addon("edge_backend.setup.locked")
    name = home_of.environment_name(locked.lock_file("cpu", locked.this_system(), sys.version_info[:2]))
    venv.create(folder / name, with_pip=False)
    record = home_of.Record("cpu", name, sys.version_info[:2])
    (folder / "backend.json").write_text(json.dumps({"build": "cpu", "folder": name, "python": sys.version_info[:2],
                                                     "program": record.program}))  # fmt: skip
    python = home_of.python_of(folder / name)
    if with_packages:
        code = "import sysconfig; print(sysconfig.get_path('purelib'))"
        packages = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        for package in addon("backend.interpreter").NEEDED:
            (Path(packages) / f"{package}.py").touch()
    return python


def test_the_environment_that_was_set_up_is_used_and_its_health_shown(tmp_path):
    launch_of, home_of, locked = (
        addon("backend.launch"),
        addon("edge_backend.setup.home"),
        addon("edge_backend.setup.locked"),
    )
    examine = addon("setup.health").examine
    launch = launch_of.Launch(home=tmp_path)
    python = make_environment(tmp_path, with_packages=True)
    assert launch.find().python == python
    assert examine(launch, home_of.Home(tmp_path)).state == "ready"

    record = json.loads((tmp_path / "backend.json").read_text())
    (tmp_path / record["folder"]).rename(tmp_path / "env-000000000000")
    (tmp_path / "backend.json").write_text(json.dumps(record | {"folder": "env-000000000000"}))
    outdated = examine(launch, home_of.Home(tmp_path))
    assert (outdated.state, outdated.mend) == ("outdated", "Update Backend")

    (tmp_path / "env-000000000000").rename(tmp_path / "gone")
    broken = examine(launch, home_of.Home(tmp_path))
    assert (broken.state, broken.mend) == ("broken", "Repair Backend")
    assert broken.usable and broken.bundled and broken.urgent  # what came in the zip goes on
    assert locked.builds(locked.this_system(), sys.version_info[:2])


def test_a_new_user_has_nothing_to_set_up(tmp_path):
    launch = addon("backend.launch").Launch(home=tmp_path)
    new = addon("setup.health").examine(launch, addon("edge_backend.setup.home").Home(tmp_path))
    assert new.usable and new.bundled and not new.urgent
    assert (new.state, new.mend) == ("ready", "Add GPU and Jukebox")
    (tmp_path / "unfinished.json").write_text(json.dumps({"build": "cpu", "folder": "env-1", "python": [3, 11],
                                                          "program": "0.1.0"}))  # fmt: skip
    begun = addon("setup.health").examine(launch, addon("edge_backend.setup.home").Home(tmp_path))
    assert begun.usable and not begun.urgent and begun.mend == "Resume Setup"


def test_without_any_backend_the_button_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(addon("backend.interpreter"), "WHEELS", ("no_such_wheel",))
    launch = addon("backend.launch").Launch(home=tmp_path)
    missing = addon("setup.health").examine(launch, addon("edge_backend.setup.home").Home(tmp_path))
    assert (missing.state, missing.mend) == ("missing", "Set Up Backend")
    assert missing.urgent and not missing.usable


def test_a_python_of_the_user_s_own_is_not_ours_to_mend(tmp_path):
    launch = addon("backend.launch").Launch(python=tmp_path / "python", home=tmp_path)
    broken = addon("setup.health").examine(launch, addon("edge_backend.setup.home").Home(tmp_path))
    assert broken.state == "broken" and not broken.mend and "not there" in broken.words


@pytest.mark.timing
def test_looking_at_the_health_never_holds_blender_up(preferences):
    launch, check = addon("preferences").launch(bpy.context), addon("setup.health").HealthCheck()
    times, seen = [], []
    deadline = time.monotonic() + 30
    while not seen or seen[-1].state == "checking":
        assert time.monotonic() < deadline
        began = time.thread_time()
        seen.append(check.look(launch, home()))
        times.append(time.thread_time() - began)
        time.sleep(0.01)
    assert seen[0].state == "checking" and seen[-1].state == "ready"
    assert max(times) < 0.02  # seconds of this thread


def test_free_memory_ends_the_worker(quick_worker):
    service = addon("backend.service").service
    service.stop()
    with pytest.raises(RuntimeError, match="not running"):
        bpy.ops.edge_dance.free_memory()
    job = service.open_job(addon("preferences").launch(bpy.context))
    job.start(addon("edge_backend.schema.requests").BodyRequest("no file"))
    while not job.finished:
        job.poll()
        time.sleep(0.02)
    service.close_job()
    process = service._worker._process
    assert bpy.ops.edge_dance.free_memory() == {"FINISHED"}
    assert process.wait(10) == 0


def test_the_report_names_the_system_and_no_path(tmp_path):
    report = addon("setup.report")
    folder = tmp_path / "Zoë Müller's film"
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho '{folder}/kept secret.wav is missing' >&2\nexit 1\n")
    python.chmod(0o755)
    problem = addon("edge_backend.errors").EdgeError("motion_missing", f"{Path.home()}/Anna's/one.wav is gone.")
    host = report.Host("4.5", "none", problem, (folder,))
    text = report.make_report(addon("backend.launch").Launch(python=python), home(), host)
    assert "EDGE Dance" in text and "backend_python_broken" in text and "<path>.wav is gone. [motion_missing]" in text
    for secret in (str(tmp_path), "Müller", "Anna", "secret", "one.wav"):
        assert secret not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/mnt/My Songs/a demo.wav is not sound.", "<path>.wav is not sound."),
        (r'File "D:\Anna\x y\z.py", line 3', 'File "<path>.py", line 3'),
        (r"\\server\share\Anna\s.wav", "<path>.wav"),
        ("https://pypi.org/simple/x.whl, docs/install.md, 3/4", "https://pypi.org/simple/x.whl, docs/install.md, 3/4"),
        ("/known/edge_backend/worker/server.py:5", "<extension>/edge_backend/worker/server.py:5"),
    ],
)
def test_a_text_is_left_without_paths(text, shown):
    assert addon("edge_backend.fileio.redaction").redact(text, {"extension": Path("/known")}) == shown


def test_the_log_is_kept_in_few_small_files(tmp_path):
    log_file = addon("backend.log_file")
    for number in range(9):
        (tmp_path / f"backend-{number}.log").write_text("old")
    try:
        log_file.open_log(tmp_path)
        for number in range(4000):
            log_file.log.info("%d %s", number, "x" * 500)
        files = list(tmp_path.iterdir())
        assert len(files) <= log_file.FILES + 1
        assert sum(path.stat().st_size for path in files) < 3 * log_file.LARGEST
        assert log_file.last_lines(2).splitlines()[-1].endswith("3999 " + "x" * 500)
    finally:
        log_file.open_log(addon("preferences").user_folder("logs"))
