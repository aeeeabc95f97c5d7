"""Does what is placed stay where it is the same, and take the place of nothing else without a word?"""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from lifsim.errors import InputError
from lifsim.placing import place_file, place_numbered, require_folder, taken_fault


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_file_is_made_held_refused_or_replaced() -> None:
    path = Path("new/folder/a.csv")
    assert str(place_file(path, b"one")) == f"written to {path}"
    before = path.stat()
    assert str(place_file(path, b"one")) == f"{path} holds this already"
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert taken_fault(path, b"one") is None
    for other in (b"two", b"other"):
        assert "must not be overwritten" in str(taken_fault(path, other))
        with pytest.raises(InputError, match="must not be overwritten"):
            place_file(path, other)
    assert path.read_bytes() == b"one"
    assert str(place_file(path, b"two", replace=True)) == f"written to {path}, in the place of what was there"
    assert [entry.name for entry in path.parent.iterdir()] == ["a.csv"]


def test_a_link_that_leads_nowhere_is_something() -> None:
    Path("link").symlink_to("nowhere")
    with pytest.raises(InputError, match="must not be overwritten"):
        place_file(Path("link"), b"one")
    assert str(place_numbered(Path("link"), b"one")) == "written to link-2; link holds something else"


def test_a_link_to_a_folder_is_told_as_one() -> None:
    Path("real").mkdir()
    Path("link").symlink_to("real")
    with pytest.raises(InputError, match=r"out: link must be .* not a symbolic link, .*; give what it leads to"):
        require_folder(Path("link"), "result", lambda _: "")
    require_folder(Path("link/below"), "result", lambda _: "")


def test_numbers_stand_before_the_suffix_and_every_content_has_its_own() -> None:
    Path("x.y.csv").mkdir()
    for data, told in (
        (b"one", "written to x.y-2.csv; x.y.csv holds something else"),
        (b"two", "written to x.y-3.csv; x.y.csv holds something else"),
        (b"one", "x.y-2.csv holds this already"),
    ):
        assert str(place_numbered(Path("x.y.csv"), data)) == told


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_of_writers_at_once_none_loses_its_file(links: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 6 if links else 1  # a disk without links is written as if nobody else did
    if not links:
        monkeypatch.setattr(Path, "hardlink_to", lambda *_: (_ for _ in ()).throw(OSError(95, "not supported")))
    barrier = threading.Barrier(count)

    def write(data: bytes) -> None:
        barrier.wait()
        place_numbered(Path("x"), data)

    threads = [threading.Thread(target=write, args=(bytes([65 + index]),)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(path.read_text() for path in Path().iterdir()) == ["A", "B", "C", "D", "E", "F"][:count]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_told() -> None:
    Path("r").mkdir(mode=0o500)
    with pytest.raises(InputError, match="must be a place to write to"):
        place_numbered(Path("r/x"), b"one")
