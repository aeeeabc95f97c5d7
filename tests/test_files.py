"""Is a file or a folder there as a whole or not at all, whatever ends its writing, and is nothing else left behind?"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifsim.errors import InputError
from lifsim.files import replacing, replacing_all, scratch_beside, write_bytes, writing
from tests.full_disk import full_after


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder in which nothing hidden may be left."""
    yield tmp_path
    assert list(tmp_path.rglob(".*")) == []


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_whatever_ends_the_writing_leaves_what_was_there(place: Path, end: type[BaseException]) -> None:
    write_bytes(place / "a", b"old")
    for path in (place / "a", place / "new" / "folders" / "a"):
        for write in (_write_half_a_file, _write_half_a_folder):
            with pytest.raises(end):
                write(path, end)
    assert [path.name for path in place.iterdir()] == ["a"]
    assert (place / "a").read_bytes() == b"old"


def _write_half_a_file(path: Path, end: type[BaseException]) -> None:
    with replacing(path, parents=True) as temporary:
        temporary.write_bytes(b"half")
        raise end


def _write_half_a_folder(path: Path, end: type[BaseException]) -> None:
    with scratch_beside(path.with_name("folder"), parents=True) as folder:
        (folder / "half").write_text("half")
        raise end


def test_a_full_disk_is_told_with_the_path_and_the_words_of_the_system(place: Path) -> None:
    write_bytes(place / "a", b"old")
    with full_after(1000), pytest.raises(InputError) as raised:
        write_bytes(place / "a", bytes(2000))
    assert str(raised.value) == f"{place / 'a'}: must be a place to write to; cannot be written: File too large"
    assert (place / "a").read_bytes() == b"old"


def test_of_two_files_both_are_written_or_none(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [place / "numbers", place / "picture"]
    (place / "picture").mkdir()
    with pytest.raises(InputError, match=r"picture: must be a file, or not exist"), replacing_all(paths):
        pass
    (place / "picture").rmdir()
    for before in (None, b"old"):
        if before is not None:
            paths[0].write_bytes(before)
        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", _fails_onto(paths[1]))
            with pytest.raises(InputError, match="No space left"):
                _write_all(paths)
        assert [path.read_bytes() for path in place.iterdir()] == ([] if before is None else [before])
    _write_all(paths)
    assert [path.read_bytes() for path in paths] == [b"new", b"new"]


def _write_all(paths: list[Path]) -> None:
    with replacing_all(paths) as temporaries:
        for temporary in temporaries:
            temporary.write_bytes(b"new")


def _fails_onto(full: Path):  # type: ignore[no-untyped-def]
    replace = Path.replace

    def replaced(self: Path, target: Path) -> Path:
        if target == full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replace(self, target)

    return replaced


def test_faults_of_other_files_keep_their_names(place: Path) -> None:
    with pytest.raises(FileNotFoundError, match="elsewhere"), replacing(place / "a"):
        (place / "elsewhere").read_bytes()
    with (
        pytest.raises(InputError, match="a: must be a place to write to; cannot be written: No such file"),
        writing(place / "a"),
    ):
        (place / "a").read_bytes()


def test_what_is_no_file_is_never_replaced(place: Path) -> None:
    os.mkfifo(place / "pipe")
    with pytest.raises(InputError, match="must be a file"):
        write_bytes(place / "pipe", b"x")
    assert (place / "pipe").is_fifo()
    with pytest.raises(InputError, match="Not a directory"), scratch_beside(place / "pipe" / "below"):
        pass
