"""The cache of features by song and slice: atomic files, limited size."""

import os
from pathlib import Path

import numpy as np
from small_disk import mounted, set_read_only

from edge_backend.audio.jukebox.cache import FeatureCache, slice_key

RNG = np.random.default_rng(0)
BIG = 1 << 30


def features(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((150, 16)).astype(np.float32)


def test_what_was_kept_is_found_bit_for_bit(tmp_path) -> None:
    FeatureCache(tmp_path, "song", "native", BIG).add({"a": features(1), "b": features(2)})
    found = FeatureCache(tmp_path, "song", "native", BIG).find(["b", "c"])
    assert list(found) == ["b"]
    np.testing.assert_array_equal(found["b"], features(2))


def test_slices_of_a_song_gather_in_one_file(tmp_path) -> None:
    cache = FeatureCache(tmp_path, "song", "native", BIG)
    cache.add({"a": features(1)})
    cache.add({"b": features(2)})
    assert set(cache.find(["a", "b"])) == {"a", "b"}
    assert len(list(tmp_path.iterdir())) == 1


def test_songs_and_extractors_do_not_mix(tmp_path) -> None:
    FeatureCache(tmp_path, "song", "native-fp32", BIG).add({"a": features()})
    assert not FeatureCache(tmp_path, "song", "native-fp16", BIG).find(["a"])
    assert not FeatureCache(tmp_path, "another", "native-fp32", BIG).find(["a"])


def test_a_damaged_file_counts_as_none_and_is_replaced(tmp_path) -> None:
    cache = FeatureCache(tmp_path, "song", "native", BIG)
    cache.add({"a": features()})
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-10])
    assert not cache.find(["a"])
    cache.add({"b": features(1)})
    assert set(cache.find(["a", "b"])) == {"b"}


def test_the_longest_unused_songs_go_first(tmp_path) -> None:
    limit = 3 * features().nbytes  # two songs and their headers
    for age, song in enumerate(("old", "older", "new")):
        cache = FeatureCache(tmp_path, song, "native", limit)
        cache.add({"a": features()})
        if song != "new":
            (path,) = (path for path in tmp_path.iterdir() if path.stat().st_mtime > 10_000)
            os.utime(path, (5000 - age, 5000 - age))
    kept = [song for song in ("old", "older", "new") if FeatureCache(tmp_path, song, "native", limit).find(["a"])]
    assert kept == ["old", "new"]


def test_finding_counts_as_use(tmp_path) -> None:
    cache = FeatureCache(tmp_path, "song", "native", BIG)
    cache.add({"a": features()})
    (path,) = tmp_path.iterdir()
    os.utime(path, (5000, 5000))
    cache.find(["a"])
    assert path.stat().st_mtime > 5000


def test_one_song_alone_may_not_outgrow_the_limit(tmp_path) -> None:
    cache = FeatureCache(tmp_path, "song", "native", features().nbytes + 1)
    cache.add({"a": features(1)})
    cache.add({"b": features(2)})
    assert set(cache.find(["a", "b"])) == {"b"}


def test_a_write_that_fails_leaves_the_old_file_and_the_work_goes_on(tmp_path, monkeypatch, caplog) -> None:
    cache = FeatureCache(tmp_path, "song", "native", BIG)
    cache.add({"a": features()})
    tries = []

    def fail(*_arguments) -> None:
        tries.append(0)
        raise OSError("no room")

    monkeypatch.setattr("edge_backend.audio.jukebox.cache.save_file", fail)
    cache.add({"b": features()})
    cache.add({"c": features()})
    assert len(tries) == 1  # it would write the whole song again and again
    assert set(cache.find(["a", "b", "c"])) == {"a"}
    assert len(list(tmp_path.iterdir())) == 1
    assert caplog.text.count("no room") == 1


def test_a_full_disk_keeps_what_was_there(tmp_path, caplog) -> None:
    with mounted(tmp_path / "disk", "size=64k") as disk:
        cache = FeatureCache(disk, "song", "native", BIG)
        cache.add({"a": features(1)})
        cache.add({str(number): features(number) for number in range(20)})
        assert set(cache.find(["a", "0"])) == {"a"}
        assert len(list(disk.iterdir())) == 1
    assert "No space left" in caplog.text


def test_a_disk_that_may_only_be_read_is_read(tmp_path, caplog) -> None:
    with mounted(tmp_path / "disk", "size=1m") as disk:
        FeatureCache(disk, "song", "native", BIG).add({"a": features(1)})
        set_read_only(disk)
        cache = FeatureCache(disk, "song", "native", BIG)
        assert set(cache.find(["a", "b"])) == {"a"}
        cache.add({"b": features(2)})
        FeatureCache(disk / "deeper", "song", "native", BIG).add({"b": features(2)})
    assert caplog.text.count("Read-only") == 2


def test_files_that_another_program_reads_or_has_removed_stop_nothing(tmp_path, monkeypatch) -> None:
    limit = 2 * features().nbytes
    FeatureCache(tmp_path, "old", "native", limit).add({"a": features()})
    (tmp_path / "gone.safetensors").symlink_to(tmp_path / "nowhere")  # listed, and not there when it is looked at

    def unlink(self, **_options) -> None:
        raise PermissionError(13, "it is open", str(self))

    monkeypatch.setattr(Path, "unlink", unlink)
    cache = FeatureCache(tmp_path, "new", "native", limit)
    cache.add({"a": features(1), "b": features(2)})
    cache.add({"c": features(3)})
    assert set(cache.find(["a", "b", "c"])) == {"c"}


def test_a_slice_is_known_by_its_samples_and_rate() -> None:
    samples = RNG.standard_normal(100).astype(np.float32)
    assert slice_key(samples, 44100) == slice_key(samples.copy(), 44100)
    assert slice_key(samples, 44100) != slice_key(samples, 48000)
    assert slice_key(samples, 44100) != slice_key(samples[1:], 44100)
