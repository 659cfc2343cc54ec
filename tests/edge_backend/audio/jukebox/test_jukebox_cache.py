"""Features are kept by song and slice, whole files only, and not without limit."""

import os

import numpy as np
import pytest

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


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch) -> None:
    cache = FeatureCache(tmp_path, "song", "native", BIG)
    cache.add({"a": features()})

    def fail(*_arguments) -> None:
        raise OSError("no room")

    monkeypatch.setattr("edge_backend.audio.jukebox.cache.save_file", fail)
    with pytest.raises(OSError, match="no room"):
        cache.add({"b": features()})
    assert set(cache.find(["a", "b"])) == {"a"}
    assert len(list(tmp_path.iterdir())) == 1


def test_a_slice_is_known_by_its_samples_and_rate() -> None:
    samples = RNG.standard_normal(100).astype(np.float32)
    assert slice_key(samples, 44100) == slice_key(samples.copy(), 44100)
    assert slice_key(samples, 44100) != slice_key(samples, 48000)
    assert slice_key(samples, 44100) != slice_key(samples[1:], 44100)
