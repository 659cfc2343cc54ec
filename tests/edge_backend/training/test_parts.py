import pytest

from edge_backend.cli.commands.train import main
from edge_backend.errors import EdgeError
from edge_backend.training.parts import join_parts, write_parts

KIB = 1 / 1024  # in MiB


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "mine.safetensors"
    path.write_bytes(bytes(range(256)) * 10)  # 2.5 KiB
    return path


def test_a_file_comes_back_from_its_parts(weights):
    whole = weights.read_bytes()
    parts = write_parts(weights, KIB)
    assert [part.stat().st_size for part in parts] == [1024, 1024, 512]
    weights.unlink()
    assert main(["join", str(weights)]) == 0
    assert weights.read_bytes() == whole


def test_a_shorter_file_leaves_no_parts_of_the_longer_one_before_it(weights):
    write_parts(weights, KIB)
    weights.write_bytes(b"short")
    write_parts(weights, KIB)
    assert [path.name for path in sorted(weights.parent.glob("*.part-*"))] == ["mine.safetensors.part-000"]


def test_a_missing_part_is_named(weights, capsys):
    write_parts(weights, KIB)[1].unlink()
    assert main(["join", str(weights)]) == 2
    assert "mine.safetensors.part-001" in capsys.readouterr().err


def test_a_changed_part_is_refused_and_the_old_file_is_unchanged(weights):
    whole = weights.read_bytes()
    write_parts(weights, KIB)[0].write_bytes(b"x" * 1024)
    with pytest.raises(EdgeError) as error:
        join_parts(weights)
    assert error.value.code == "parts_damaged"
    assert weights.read_bytes() == whole
