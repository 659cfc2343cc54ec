"""The warmup makes the first dance as fast as later ones, and delays no job."""

import pytest

from edge_backend.errors import EdgeError
from edge_backend.generation.model_cache import ModelCache
from edge_backend.worker import warmup
from edge_backend.worker.warmup import warm_up


def test_it_leaves_the_bundled_weights_in_memory_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(warmup.tempfile, "tempdir", str(tmp_path))
    model_cache = ModelCache("cpu")
    assert warm_up(model_cache, lambda: False)
    assert model_cache.loaded == "starter" and not list(tmp_path.iterdir())


@pytest.mark.parametrize("moments", [1, 4, 6])
def test_it_ends_as_soon_as_there_is_a_real_dance_to_make(moments, tmp_path, monkeypatch):
    monkeypatch.setattr(warmup.tempfile, "tempdir", str(tmp_path))
    asked = []
    assert not warm_up(ModelCache("cpu"), lambda: asked.append(0) or len(asked) >= moments)
    assert len(asked) == moments and not list(tmp_path.iterdir())


def test_weights_that_cannot_be_loaded_are_left_to_the_dance_that_needs_them(monkeypatch):
    model_cache = ModelCache("cpu")

    def weights(_name):
        raise EdgeError("weights_missing", "There are none.")

    monkeypatch.setattr(model_cache, "weights", weights)
    assert not warm_up(model_cache, lambda: False)


def test_another_thread_may_ask_what_is_loaded_while_the_weights_are_given_back():
    class GivingBack(ModelCache):
        """A model cache whose weights are gone after the first look-up."""

        @property
        def _weights(self):
            found, self.left = self.left, None
            return found

        @_weights.setter
        def _weights(self, weights):
            self.left = weights

    weights = ModelCache("cpu").weights("starter")
    model_cache = GivingBack("cpu")
    model_cache._weights = weights
    assert model_cache.loaded == "starter"
    assert model_cache.loaded == ""
