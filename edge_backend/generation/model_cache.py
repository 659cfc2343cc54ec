"""The device, and the weights that were used last, kept in memory between dances."""

import logging
import time
from dataclasses import replace
from pathlib import Path

from ..audio.jukebox.place import locate
from ..audio.jukebox.settings import JukeboxSettings
from ..model.catalogue import resolve
from ..model.weights_file import Weights, load_weights
from ..runtime.devices import choose
from ..runtime.oom_fallback import free_device_cache

logger = logging.getLogger(__name__)


class ModelCache:
    """Loads weights once; again only when other weights are requested or their file has changed.

    device: a name of devices.DEVICES. weights_folder: folder with the user's weights, in addition to the bundled ones.
    jukebox: settings for weights with Jukebox features; their device, and folder unless given, are set here. Raises
    EdgeError device_missing.
    """

    def __init__(
        self, device: str = "auto", weights_folder: Path | None = None, jukebox: JukeboxSettings | None = None
    ) -> None:
        self.device = choose(device)
        jukebox = jukebox or JukeboxSettings()
        self.jukebox = replace(jukebox, device=self.device, folder=jukebox.folder or locate(weights_folder))
        self._folder = weights_folder
        self._weights: Weights | None = None
        self._key: tuple[Path, int, int] | None = None

    @property
    def loaded(self) -> str:
        """The id of the weights in memory, empty while there are none."""
        weights = self._weights  # read once: another thread calls this, while `forget` may run
        return weights.info.id if weights else ""

    def weights(self, name: str) -> Weights:
        """The weights of that id or path, on the device. Raises EdgeError as catalogue and weights_file do."""
        path = resolve(name, self._folder)
        stat = path.stat()
        key = (path, stat.st_mtime_ns, stat.st_size)
        if self._weights is None or key != self._key:
            self.forget()
            began = time.monotonic()
            self._weights, self._key = load_weights(path, self.device), key
            logger.info("weights %s loaded in %.2f s onto %s", self.loaded, time.monotonic() - began, self.device)
        else:
            logger.debug("weights %s are in memory", self.loaded)
        return self._weights

    def forget(self) -> None:
        """Free the memory of weights and device."""
        self._weights = self._key = None
        free_device_cache(self.device)
