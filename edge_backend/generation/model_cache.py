"""The engine, and the weights that were used last, kept in memory between dances."""

import logging
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ..audio.jukebox.place import locate
from ..audio.jukebox.settings import JukeboxSettings, default_cache
from ..model.catalogue import resolve
from ..model.engine import BATCH, Engine
from ..model.engine_choice import choose_engine, engine_in_words, installed, make_engine
from ..model.weights_file import Weights, load_weights
from ..runtime.oom_fallback import free_device_cache
from ..schema.requests import Arithmetic, EngineChoice, EngineName


class _Loaded(NamedTuple):
    """An engine, and what it was made with."""

    engine: Engine
    made_with: tuple[object, ...]


logger = logging.getLogger(__name__)


class ModelCache:
    """Loads weights once; again only when other weights are requested or their file has changed.

    device: a name of devices.DEVICES. weights_folder: folder with the user's weights, in addition to the bundled ones.
    jukebox: settings for weights with Jukebox features; their device, and folder unless given, are set here. engine: as
    in engine_choice. Raises EdgeError device_missing, engine_missing, engine_device.
    """

    def __init__(
        self,
        device: str = "auto",
        weights_folder: Path | None = None,
        jukebox: JukeboxSettings | None = None,
        engine: EngineChoice = "auto",
    ) -> None:
        self._wanted = engine
        self.engine_name, self.device = choose_engine(engine, device)
        jukebox = jukebox or JukeboxSettings()
        self.jukebox = replace(jukebox, device=self.device, folder=jukebox.folder or locate(weights_folder))
        self._folder = weights_folder
        self._weights: Weights | None = None
        self._key: tuple[Path, int, int] | None = None
        self._loaded: _Loaded | None = None

    @property
    def loaded(self) -> str:
        """The id of the weights in memory, empty while there are none."""
        weights = self._weights  # read once: another thread calls this, while `forget` may run
        return weights.info.id if weights else ""

    @property
    def engine_in_words(self) -> str:
        """The engine's library and version, such as "ONNX Runtime 1.32.0"."""
        return engine_in_words(self.engine_name)

    def weights(self, name: str) -> Weights:
        """The weights of that id or path. Raises EdgeError as catalogue and weights_file do."""
        path = resolve(name, self._folder)
        stat = path.stat()
        key = (path, stat.st_mtime_ns, stat.st_size)
        if self._weights is None or key != self._key:
            if self._weights is not None:
                self.forget()
            began = time.monotonic()
            self._weights, self._key = load_weights(path), key
            logger.info("weights %s loaded in %.2f s", self.loaded, time.monotonic() - began)
        else:
            logger.debug("weights %s are in memory", self.loaded)
        return self._weights

    def engine(
        self, weights: Weights, arithmetic: Arithmetic = "exact", *, batch: int = BATCH, device: str | None = None
    ) -> Engine:
        """The engine with these weights, the last one if it was made with the same arguments.

        arithmetic: exact, or fastest = by torch, where it is installed and measures another arithmetic to be quickest.
        batch: windows that torch evaluates together. device: None = the cache's own. Raises EdgeError engine_missing.
        """
        name, exact = (self._engine_for(weights, kind) for kind in (arithmetic, "exact"))
        made_with = (id(weights), name, device or self.device, arithmetic, batch)
        if self._loaded is None or self._loaded.made_with != made_with:
            self._loaded = None  # its memory first
            make = partial(
                make_engine,
                device=device or self.device,
                weights=weights,
                batch=batch,
                arithmetic=arithmetic,
                cache=default_cache().parent,
            )
            made = make(name)
            if name != exact and made.arithmetic == "fp32":  # in which torch is the slower one
                made = make(exact)
            logger.info("%s on %s, %d CPU threads", engine_in_words(made.name), made.device, made.threads)
            self._loaded = _Loaded(made, made_with)
        return self._loaded.engine

    def forget(self) -> None:
        """Free the memory of weights and device."""
        self._weights = self._key = self._loaded = None
        free_device_cache(self.device)

    def _engine_for(self, weights: Weights, arithmetic: Arithmetic) -> EngineName:
        """The engine to try: Jukebox loads torch in any case, and only torch has other arithmetics."""
        wants_torch = arithmetic == "fastest" or weights.info.feature_type == "jukebox"
        return "torch" if self._wanted == "auto" and wants_torch and installed("torch") else self.engine_name
