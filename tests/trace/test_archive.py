"""Is an archive whose directory alone would cost time refused before anything of it is read?"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lifsim.cli.main import main
from lifsim.config.workload_schema import MAX_LAYERS
from lifsim.errors import InputError
from lifsim.trace.archive import MAX_GAP, MAX_MEMBERS, Archive
from lifsim.trace.opening import MAX_ARRAYS, open_trace


def _with_members(path: Path, count: int) -> Path:
    array = io.BytesIO()
    np.save(array, np.ones((2, 3), np.uint8))
    with zipfile.ZipFile(path, "w") as archive:
        for index in range(count):
            archive.writestr(f"a{index}.npy", array.getvalue())
    return path


def test_a_trace_has_as_many_arrays_as_a_network_has_layers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_trace(_with_members(tmp_path / "most.npz", MAX_LAYERS)) as trace:
        assert len(trace.layers) == MAX_LAYERS
    many = _with_members(tmp_path / "many.npz", MAX_ARRAYS + 1)
    for command in (["info", str(many)], ["import", str(many), "--out", str(tmp_path / "o.npz")]):
        assert main(["trace", *command]) == 2
        assert f"must hold at most {MAX_ARRAYS} arrays, holds {MAX_ARRAYS + 1}" in capsys.readouterr().err


def test_an_archive_of_too_many_arrays_is_refused(tmp_path: Path) -> None:
    many = _with_members(tmp_path / "many.npz", MAX_MEMBERS + 1)
    with pytest.raises(InputError, match=f"must hold at most {MAX_MEMBERS} arrays"):
        Archive(many)


def _padded(path: Path, front: int, between: int, behind: int) -> Path:
    """A trace with so many zeros before its first array, its last one, and its directory."""
    with path.open("wb") as file, zipfile.ZipFile(file, "w") as archive:
        for gap, name in ((front, "a.npy"), (between, "b.npy")):
            file.seek(gap, io.SEEK_CUR)
            archive.start_dir += gap
            array = io.BytesIO()
            np.save(array, np.ones((2, 3), np.uint8))
            archive.writestr(name, array.getvalue())
        file.seek(behind, io.SEEK_CUR)
        archive.start_dir += behind
    return path


@pytest.mark.parametrize(
    ("gaps", "told"),
    [
        ((1, 0, 0), "a: must follow what is before it, has 1 other bytes there"),
        ((0, 1 << 20, 0), f"b: must follow what is before it, has {1 << 20} other bytes there"),
        ((0, 0, 1 << 20), f"must hold arrays only, has {1 << 20} other bytes behind them"),
    ],
)
def test_bytes_that_belong_to_no_array_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], gaps: tuple[int, int, int], told: str
) -> None:
    path = _padded(tmp_path / "t.npz", *gaps)
    for command in (["trace", "info", str(path)], ["sweep", "--trace", str(path), "--dry-run"]):
        assert main(command) == 2
        assert told in capsys.readouterr().err.replace(".npy", "").replace("t.npz ", "")


def test_gaps_of_the_size_of_zip_headers_are_accepted(tmp_path: Path) -> None:
    with open_trace(_padded(tmp_path / "t.npz", 0, MAX_GAP, MAX_GAP)) as trace:
        assert [layer.name for layer in trace.layers] == ["a", "b"]


def test_bytes_in_front_are_refused_where_the_directory_does_not_count_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _with_members(tmp_path / "t.npz", 2)
    path.write_bytes(bytes(1000) + path.read_bytes())
    assert main(["trace", "info", str(path)]) == 2
    assert "has 1000 other bytes there" in capsys.readouterr().err
