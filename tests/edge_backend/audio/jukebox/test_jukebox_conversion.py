"""Conversion of OpenAI's files: complete, checked, and resumed after an interruption."""

import json
import sys
import types
from pathlib import Path

import pytest
import torch
from tiny_jukebox import DATA, HEADS, LAYERS

from edge_backend.audio.jukebox.conversion import ENCODER_SOURCE, PRIOR_SOURCE, convert, is_openais
from edge_backend.audio.jukebox.folder import FRONT, layer_file, open_folder
from edge_backend.audio.jukebox.layers import NAMES
from edge_backend.audio.jukebox.place import MANIFEST, locate
from edge_backend.errors import EdgeError
from edge_backend.model.torch_file import read_torch_file

WIDTH = 48  # of the stand-in with the real file's layout


def refusal(*arguments, **options) -> EdgeError:
    with pytest.raises(EdgeError) as caught:
        convert(*arguments, **options)
    return caught.value


def test_parameters_are_those_of_the_source(jukebox, sources) -> None:
    prior = read_torch_file(sources / PRIOR_SOURCE)["model"]
    for index in range(LAYERS):
        layer = jukebox.layer(index)
        assert set(layer) == set(NAMES)
        for name, value in layer.items():
            stored = prior[f"prior.transformer._attn_mods.{index}.{name}"]
            assert value.dtype == stored.dtype == (torch.float16 if name.endswith(".w") else torch.float32)
            assert torch.equal(value, stored)
    front = jukebox.front(torch.device("cpu"), 1722)
    assert front.positions.shape == (1722, 64)
    assert torch.equal(front.codes, prior["prior.x_emb.weight"])
    assert not any("decoders" in name for name in front.encoder)


def test_only_layers_that_are_needed_are_kept(sources, tmp_path) -> None:
    folder = convert(sources, tmp_path, layers=2, heads=HEADS)
    assert folder.shape.layers == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([FRONT, layer_file(0), layer_file(1), MANIFEST])


def test_stopped_work_goes_on_where_it_was(sources, tmp_path, jukebox) -> None:
    class StopError(Exception):
        pass

    def stop_at_the_third(stage: str, done: int, total: int) -> None:
        if stage == "saving" and done == 3:
            raise StopError

    with pytest.raises(StopError):
        convert(sources, tmp_path, stop_at_the_third, layers=LAYERS, heads=HEADS)
    assert not (tmp_path / MANIFEST).exists()
    times = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert set(times) == {FRONT, layer_file(0), layer_file(1)}
    (tmp_path / layer_file(1)).write_bytes((tmp_path / layer_file(1)).read_bytes()[:-1])  # as a power cut leaves it

    folder = convert(sources, tmp_path, layers=LAYERS, heads=HEADS)
    assert folder.files == jukebox.files
    assert folder.id == jukebox.id
    kept = {name for name, time in times.items() if (tmp_path / name).stat().st_mtime_ns == time}
    assert kept == {FRONT, layer_file(0)}


def test_parts_of_other_sources_are_made_anew(sources, tmp_path, jukebox) -> None:
    convert(sources, tmp_path, layers=LAYERS, heads=1)
    assert convert(sources, tmp_path, layers=LAYERS, heads=HEADS).files == jukebox.files


def test_every_file_has_a_checksum(sources, tmp_path) -> None:
    folder = convert(sources, tmp_path, layers=LAYERS, heads=HEADS)
    folder.verify()
    content = bytearray((tmp_path / layer_file(4)).read_bytes())
    content[-1] ^= 1
    (tmp_path / layer_file(4)).write_bytes(content)
    with pytest.raises(EdgeError, match=layer_file(4)) as caught:
        folder.verify()
    assert caught.value.code == "jukebox_damaged"


def test_a_missing_or_shortened_file_is_named(sources, tmp_path) -> None:
    folder = convert(sources, tmp_path, layers=LAYERS, heads=HEADS)
    (tmp_path / layer_file(2)).write_bytes(b"short")
    with pytest.raises(EdgeError, match=layer_file(2)):
        folder.layer(2)
    (tmp_path / layer_file(2)).unlink()
    with pytest.raises(EdgeError, match=layer_file(2)):
        open_folder(tmp_path)
    (tmp_path / MANIFEST).write_text("{}")
    with pytest.raises(EdgeError) as caught:
        open_folder(tmp_path)
    assert caught.value.code == "jukebox_damaged"


def test_the_metadata_name_the_source_and_its_licence(jukebox) -> None:
    facts = json.loads((jukebox.path / MANIFEST).read_text())
    assert set(facts["source"]) == {ENCODER_SOURCE, PRIOR_SOURCE}
    assert "Noncommercial" in facts["licence"]
    assert not is_openais(jukebox.path)


def test_it_is_found_in_the_weights_folder(jukebox, tmp_path) -> None:
    assert locate(jukebox.path.parent) == jukebox.path
    assert locate(tmp_path) is None
    with pytest.raises(EdgeError) as caught:
        open_folder(tmp_path)
    assert caught.value.code == "jukebox_missing"


def test_absent_sources_are_named(tmp_path) -> None:
    error = refusal(tmp_path, tmp_path / "out")
    assert error.code == "jukebox_sources"
    assert ENCODER_SOURCE in error.message


def with_prior(sources: Path, folder: Path, change) -> Path:
    content = read_torch_file(sources / PRIOR_SOURCE)
    change(content)
    torch.save(content, folder / PRIOR_SOURCE, _use_new_zipfile_serialization=False)
    (folder / ENCODER_SOURCE).write_bytes((sources / ENCODER_SOURCE).read_bytes())
    return folder


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda content: content.pop("model"), "weights_not_ours"),
        (lambda content: content["model"].pop("prior.x_emb.weight"), "weights_not_ours"),
        (lambda content: content["model"].pop("y_emb.artist_emb.emb.weight"), "weights_not_ours"),
        (lambda content: content["model"].pop("prior.transformer._attn_mods.3.mlp.c_fc.w"), "weights_not_ours"),
        (lambda content: content["model"]["prior.pos_emb.pos_emb"].fill_(torch.nan), "weights_nan"),
        (lambda content: content.update(hps=Path("/anywhere")), "checkpoint_forbidden"),
    ],
    ids=["no model", "no embedding", "no artists", "no matrix", "not numbers", "a class of Python's"],
)
def test_what_is_no_jukebox_is_refused(sources, tmp_path, change, code) -> None:
    error = refusal(with_prior(sources, tmp_path, change), tmp_path / "out", layers=LAYERS, heads=HEADS)
    assert error.code == code
    assert not (tmp_path / "out" / MANIFEST).exists()


def test_settings_of_the_training_are_passed_over(sources, tmp_path, monkeypatch, jukebox) -> None:
    """OpenAI's files may hold them as a class of Jukebox's, which is not installed and not wanted."""
    module = types.ModuleType("jukebox.hparams")
    module.Hyperparams = type("Hyperparams", (dict,), {"__module__": "jukebox.hparams"})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "jukebox", types.ModuleType("jukebox"))
    monkeypatch.setitem(sys.modules, "jukebox.hparams", module)
    with_prior(sources, tmp_path, lambda content: content.update(hps=module.Hyperparams(levels=3)))
    monkeypatch.undo()
    assert convert(tmp_path, tmp_path / "out", layers=LAYERS, heads=HEADS).files[layer_file(0)]


def test_a_download_that_was_cut_short_is_refused(sources, tmp_path) -> None:
    for path in sources.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[:-100])
    assert refusal(tmp_path, tmp_path / "out", layers=LAYERS, heads=HEADS).code == "weights_unreadable"


@pytest.mark.parametrize("options", [{"layers": 7, "heads": 2}, {"layers": 6, "heads": 3}])
def test_numbers_that_do_not_fit_are_refused(sources, tmp_path, options) -> None:
    assert refusal(sources, tmp_path / "out", **options).code == "weights_not_ours"


def test_every_name_of_the_real_files_finds_its_place(tmp_path) -> None:
    """The names of OpenAI's own files, and their sizes divided: what is asked of them is there."""
    keys = json.loads((DATA / "keys_full.json").read_text())
    smaller = {4800: WIDTH, 3600: 3 * WIDTH // 4, 1200: WIDTH // 4}
    for name, part in ((ENCODER_SOURCE, "vqvae"), (PRIOR_SOURCE, "prior")):
        model = {
            key: torch.zeros([smaller.get(size, size) for size in sizes], dtype=getattr(torch, dtype.split(".")[-1]))
            for key, (sizes, dtype) in keys[part].items()
        }
        torch.save({"hps": {}, "model": model}, tmp_path / name, _use_new_zipfile_serialization=False)
    folder = convert(tmp_path, tmp_path / "out", heads=4)
    assert (folder.shape.layers, folder.shape.width, folder.shape.state) == (66, WIDTH, WIDTH // 4)
    assert len(folder.files) == 67
