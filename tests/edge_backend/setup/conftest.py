"""A shop of wheels, and folders of every name that a user's folder may have."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from wheel_shop import Shop, make_wheel

from edge_backend.setup import wheels

SIZES = {"dance": 400_000, "music": 150_000, "feet": 3_000}


@pytest.fixture(scope="module")
def goods(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the wheels on sale."""
    folder = tmp_path_factory.mktemp("wheels")
    for name, size in SIZES.items():
        make_wheel(folder, name, size)
    return folder


@pytest.fixture
def shop(goods: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    shop = Shop(goods)
    monkeypatch.setattr(wheels, "download", partial(wheels.download, pause_s=0.0))
    yield shop
    shop.shutdown()
    shop.server_close()


@pytest.fixture
def odd_folder(tmp_path: Path) -> Path:
    """As users have them."""
    folder = tmp_path / "Zoë Müller's files" / "舞蹈 动画"
    folder.mkdir(parents=True)
    return folder
