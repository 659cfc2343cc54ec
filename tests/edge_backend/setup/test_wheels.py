"""Wheels are complete and the right ones, from every source and over bad networks."""

import random

import pytest
from wheel_shop import make_wheel, sha256

from edge_backend.errors import EdgeError
from edge_backend.fileio.download import download
from edge_backend.setup import wheels
from edge_backend.setup.locked import FOLDER, Wheel, builds, lock_file, read_lock, requirements, virtualenv_lock
from edge_backend.setup.machine import suggest
from edge_backend.setup.wheels import Source, bring


class Meter:
    """A Report that takes notes."""

    def __init__(self):
        self.seen = []

    def __call__(self, stage, done, total):
        assert stage == "downloading" and 0 <= done <= total
        self.seen.append((done, total))


def refusal(call):
    with pytest.raises(EdgeError) as caught:
        call()
    return caught.value


PYPI = Source()


def fetch(shop, target, source=PYPI, lock=None, report=None):
    return bring(lock or read_lock(shop.lock(target.parent)), target, source, report or Meter())


def files(folder):
    return {path.name: sha256(path) for path in folder.iterdir()}


def test_the_wheels_come_and_the_bar_goes_from_nothing_to_all(shop, odd_folder):
    meter = Meter()
    fetch(shop, odd_folder / "downloads", report=meter)
    assert files(odd_folder / "downloads") == files(shop.folder)
    total = sum(path.stat().st_size for path in shop.folder.iterdir())
    done = [done for done, _ in meter.seen]
    assert done == sorted(done) and done[-1] == total and all(of == total for _, of in meter.seen)


def test_a_network_that_breaks_at_ten_random_points_costs_no_byte_twice(shop, odd_folder):
    draw = random.Random(7)
    shop.lasts = [draw.randrange(1, 60_000) for _ in range(10)] + [1 << 40]
    fetch(shop, odd_folder / "downloads")
    assert files(odd_folder / "downloads") == files(shop.folder)
    assert len(shop.asked) == 13  # ten breaks, three files
    assert shop.sent == sum(path.stat().st_size for path in shop.folder.iterdir())


def test_without_a_network_it_says_so_and_goes_on_from_there_when_there_is_one(shop, odd_folder):
    shop.lasts = [200_000, 0]
    lock = read_lock(shop.lock(odd_folder))
    error = refusal(lambda: fetch(shop, odd_folder / "downloads", lock=lock))
    assert error.code == "download_failed" and "goes on where it stopped" in error.hint
    assert [path.name for path in (odd_folder / "downloads").iterdir()] == ["dance-1.0-py3-none-any.whl.part"]
    shop.lasts = [1 << 40]
    before = shop.sent
    fetch(shop, odd_folder / "downloads", lock=lock)
    assert shop.sent - before == sum(path.stat().st_size for path in shop.folder.iterdir()) - 200_000


def test_nobody_at_the_other_end(tmp_path):
    wheel = Wheel("dance", "1.0", "0" * 64, 10, "http://127.0.0.1:1/dance-1.0-py3-none-any.whl")
    quick = wheels.download
    try:
        wheels.download = lambda *a: download(*a, pause_s=0.0)
        assert refusal(lambda: bring([wheel], tmp_path / "d", Source(), Meter())).code == "download_failed"
    finally:
        wheels.download = quick


def test_a_slow_network_moves_the_bar_all_the_same(shop, odd_folder):
    shop.block, shop.pause_s = 20_000, 0.01
    meter = Meter()
    fetch(shop, odd_folder / "downloads", report=meter)
    assert len({done for done, _ in meter.seen}) > 5


def test_bytes_that_were_changed_on_the_way_are_not_kept(shop, tmp_path, goods):
    lock = read_lock(shop.lock(tmp_path))
    changed = [Wheel(w.name, w.version, "0" * 64, w.size, w.url) for w in lock]
    assert refusal(lambda: fetch(shop, tmp_path / "d", lock=changed)).code == "download_wrong"
    assert not list((tmp_path / "d").iterdir())


def at_pypi(lock):
    """The lock as it ships: the addresses are PyPI's."""
    host = "https://files.pythonhosted.org/packages/ab/cd/"
    return [Wheel(w.name, w.version, w.sha256, w.size, host + w.file) for w in lock]


def test_a_mirror_takes_the_place_of_pypi(shop, odd_folder):
    lock = at_pypi(read_lock(shop.lock(odd_folder)))
    found = fetch(shop, odd_folder / "downloads", Source(mirror=f"{shop.url}/simple/"), lock)
    assert files(odd_folder / "downloads") == files(shop.folder)
    assert [wheel.sha256 for wheel in found] == [wheel.sha256 for wheel in lock]


def test_a_mirror_that_lacks_the_wheel_is_named(shop, tmp_path):
    wheel = Wheel("shoes", "2.0", "0" * 64, 10, "https://files.pythonhosted.org/packages/shoes-2.0-py3-none-any.whl")
    error = refusal(lambda: bring([wheel], tmp_path / "d", Source(mirror=f"{shop.url}/simple"), Meter()))
    assert error.code == "setup_index" and "shoes-2.0-py3-none-any.whl" in error.message


def test_a_mirror_cannot_slip_another_wheel_in(shop, tmp_path):
    lock = at_pypi([Wheel(w.name, w.version, "0" * 64, w.size, w.url) for w in read_lock(shop.lock(tmp_path))])
    error = refusal(lambda: fetch(shop, tmp_path / "d", Source(mirror=f"{shop.url}/simple"), lock))
    assert error.code == "download_wrong"


@pytest.fixture
def unlocked(shop, goods):
    """A build whose checksum only the index tells, and of which the newest is wanted."""
    for version in ("2.0+rocm6.3", "2.0+rocm6.4"):
        make_wheel(goods, "torch", version=version)
    yield Wheel("torch", "2.0+rocm*", "", 0, f"{shop.url}/simple/torch/torch-2.0%2Brocm*-py3-none-any.whl")
    for path in goods.glob("torch-*"):
        path.unlink()


def test_a_build_that_is_not_locked_comes_by_its_index_s_checksum(shop, unlocked, tmp_path):
    (found,) = fetch(shop, tmp_path / "d", lock=[unlocked])
    path = tmp_path / "d" / "torch-2.0+rocm6.4-py3-none-any.whl"
    assert (found.version, found.sha256) == ("2.0+rocm6.4", sha256(path))
    assert requirements([found]) == f"torch==2.0+rocm6.4 --hash=sha256:{sha256(path)}\n"


def test_a_build_without_any_checksum_is_refused(shop, unlocked, tmp_path):
    shop.checksums = False
    assert refusal(lambda: fetch(shop, tmp_path / "d", lock=[unlocked])).code == "setup_index"


def test_a_folder_of_wheels_needs_no_network(shop, goods, odd_folder):
    lock = at_pypi(read_lock(shop.lock(odd_folder)))
    fetch(shop, odd_folder / "downloads", Source(folder=goods), lock)
    assert files(odd_folder / "downloads") == files(goods) and not shop.asked


def test_a_folder_that_lacks_wheels_names_them(shop, goods, tmp_path):
    lock = read_lock(shop.lock(tmp_path))
    (tmp_path / "few").mkdir()
    error = refusal(lambda: fetch(shop, tmp_path / "d", Source(folder=tmp_path / "few"), lock))
    assert error.code == "setup_wheels_missing" and "dance-1.0-py3-none-any.whl" in error.message


def test_a_folder_with_another_wheel_of_that_name_is_refused(shop, goods, tmp_path):
    (tmp_path / "few").mkdir()
    for path in goods.iterdir():
        (tmp_path / "few" / path.name).write_bytes(b"other")
    error = refusal(lambda: fetch(shop, tmp_path / "d", Source(folder=tmp_path / "few")))
    assert error.code == "download_wrong"


@pytest.mark.parametrize("url", ["http://pypi.org/a.whl", "ftp://a/b.whl", "file:///etc/passwd", "a.whl", "http://[/"])
def test_only_https_is_used_to_the_outside(tmp_path, url):
    error = refusal(lambda: download(url, tmp_path / "a.whl", "0" * 64))
    assert error.code == "download_insecure"


def test_a_redirection_to_the_open_is_not_followed(shop, tmp_path):
    error = refusal(lambda: download(f"{shop.url}/to-the-open", tmp_path / "a.whl", "0" * 64))
    assert error.code == "download_insecure" and "example.invalid" in error.message


@pytest.mark.parametrize(
    "row",
    [
        "dance==1.0 --hash=sha256:12 # 5 https://a/dance-1.0-py3-none-any.whl",
        "dance==1.0 # 5 https://a/dance-1.0.tar.gz",
        "dance==1.0 # 5 https://a/..%2F..%2Fdance.whl",
        "--index-url https://evil",
    ],
)
def test_a_lock_file_with_anything_but_wheels_in_it_is_refused(tmp_path, row):
    (tmp_path / "lock.txt").write_text(row)
    with pytest.raises(ValueError):
        read_lock(tmp_path / "lock.txt")


@pytest.mark.parametrize("lock", sorted(FOLDER.glob("cp*.txt")), ids=lambda path: path.stem)
def test_the_lock_files_that_ship_name_the_backend_s_packages_each_once_over_https(lock):
    rows = read_lock(lock)
    names = [wheel.name for wheel in rows]
    assert len(names) == len(set(names)) and {"torch", "numpy", "soxr", "av", "safetensors"} <= set(names)
    assert not {"librosa", "numba", "llvmlite"} & set(names)  # 270 MB that few weights need
    assert all(wheel.url.startswith("https://") for wheel in rows)
    assert [wheel.name for wheel in rows if not wheel.sha256] in ([], ["torch"])


def test_there_are_packages_for_the_pythons_of_linux_distributions():
    for python in [(3, 11), (3, 12), (3, 13), (3, 14)]:
        assert builds("linux-x86_64", python) == ["cuda", "rocm", "cpu"]


@pytest.mark.parametrize("python", [(3, 10), (3, 15)])
def test_unsupported_pythons_are_refused_with_the_supported_ones(python):
    error = refusal(lambda: lock_file(suggest(python).build, "linux-x86_64", python))
    assert error.code == "setup_no_python"
    assert f"Python 3.{python[1]} here; the backend needs 3.11 to 3.14" in error.message
    assert "install Python 3.14" in error.hint and "Backend Python" in error.hint


def test_a_build_or_a_system_without_packages_is_named():
    error = refusal(lambda: lock_file("apple", "linux-x86_64", (3, 13)))
    assert error.code == "setup_no_build" and "apple on linux-x86_64" in error.message and "cuda, rocm" in error.hint
    error = refusal(lambda: lock_file("", "freebsd-amd64", (3, 13)))
    assert error.code == "setup_no_build" and error.message.endswith("of the backend for freebsd-amd64.")


def test_virtualenv_is_python_alone_and_locked():
    rows = read_lock(virtualenv_lock())
    assert rows[-1].name == "virtualenv" and all(wheel.sha256 and wheel.file.endswith("-any.whl") for wheel in rows)


def test_a_mirror_s_links_may_have_a_query(shop, odd_folder):
    shop.query = "?token=ab/cd..%2F&x=1"
    lock = at_pypi(read_lock(shop.lock(odd_folder)))
    fetch(shop, odd_folder / "downloads", Source(mirror=f"{shop.url}/simple/"), lock)
    assert files(odd_folder / "downloads") == files(shop.folder)
    assert all(path.endswith(shop.query) for path in shop.asked if path.startswith("/files/"))


def test_the_newest_build_is_found_behind_a_query_too(shop, unlocked, tmp_path):
    shop.query = "?token=ab/cd"
    (found,) = fetch(shop, tmp_path / "d", lock=[unlocked])
    assert (found.file, found.version) == ("torch-2.0+rocm6.4-py3-none-any.whl", "2.0+rocm6.4")


@pytest.mark.parametrize("between", ["%2F..%2F..%2F", "..%2f", "%5C..%5C", "%2F", "%00"])
def test_a_link_whose_name_is_a_path_is_refused(tmp_path, monkeypatch, between):
    link = f'<a href="torch-2.0%2Brocm6.4{between}evil-py3-none-any.whl#sha256={"0" * 64}">torch</a>'
    monkeypatch.setattr(wheels, "read_page", lambda _url: link)
    monkeypatch.setattr(wheels, "download", lambda *_: pytest.fail("it was fetched"))
    wheel = Wheel("torch", "2.0+rocm*", "", 0, "https://a/torch/torch-2.0%2Brocm*-py3-none-any.whl")
    assert refusal(lambda: bring([wheel], tmp_path / "d", Source(), Meter())).code == "setup_index"
    assert not list((tmp_path / "d").iterdir())


@pytest.mark.parametrize("name", ["a%2Fb.whl", "..%2F..%2Fb.whl", "b%5Cc.whl", "..", "%2E%2E", "b.zip", ""])
def test_a_wheel_s_name_is_never_a_path(name):
    with pytest.raises(ValueError):
        Wheel("b", "1.0", "0" * 64, 1, f"https://a/{name}").file  # noqa: B018
