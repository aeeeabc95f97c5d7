"""Are the scratch folders of killed processes removed, and no others?"""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lifsim import scratch
from lifsim.scratch import ScratchFolder, remove_leftovers

MAKES_ONE = "import sys, time; from pathlib import Path; from lifsim.scratch import ScratchFolder; \
folder = ScratchFolder(Path(sys.argv[1]), 'x'); (folder.path / 'f').touch(); print('made', flush=True); time.sleep(600)"


def _made(parent: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", MAKES_ONE, str(parent)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "made\n"
    return process


def test_what_a_killed_process_left_goes_when_the_next_comes_and_what_is_at_work_stays(tmp_path: Path) -> None:
    killed, running = _made(tmp_path), _made(tmp_path)
    try:
        assert len(list(tmp_path.iterdir())) == 2
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        with ScratchFolder(tmp_path, "y") as mine:
            assert len(list(tmp_path.iterdir())) == 2
            assert mine.path.is_dir()
        (kept,) = tmp_path.iterdir()
        assert (kept / "f").exists()
    finally:
        running.kill()
        running.wait()
    remove_leftovers(tmp_path)
    assert not list(tmp_path.iterdir())


def test_nothing_else_is_removed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "f").touch()
    place = tmp_path / "place"
    place.mkdir()
    (place / ".x.lifsim-link").symlink_to(elsewhere)
    (place / ".x.lifsim-file").touch()
    (place / ".hidden").mkdir()
    (place / "x.lifsim-shown").mkdir()
    with ScratchFolder(place, "x"), ScratchFolder(place, "x") as second:
        assert second.path.is_dir()
        assert len(list(place.iterdir())) == 6
    assert {path.name for path in place.iterdir()} == {".x.lifsim-link", ".x.lifsim-file", ".hidden", "x.lifsim-shown"}
    assert (elsewhere / "f").exists()


def test_what_is_deleted_is_told_by_its_name_and_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(FileNotFoundError) as error:  # "." still is a folder
        ScratchFolder(Path(), "x")
    assert str(error.value.filename).startswith(".x.lifsim-")


def test_each_lock_of_a_folder_that_was_taken_is_lifted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int | None] = []
    closed: list[int] = []
    locked, close = scratch._locked, os.close

    def opening(folder: Path) -> int | None:
        opened.append(locked(folder))
        return opened[-1]

    def closing(descriptor: int) -> None:
        closed.append(descriptor)
        close(descriptor)

    monkeypatch.setattr(scratch, "_ATTEMPTS", 3)
    monkeypatch.setattr(scratch, "_is_still_at", lambda *_: False)
    monkeypatch.setattr(scratch, "remove_leftovers", lambda _: None)
    monkeypatch.setattr(scratch, "_locked", opening)
    monkeypatch.setattr(os, "close", closing)
    with pytest.raises(FileNotFoundError, match="must keep the folders"):
        ScratchFolder(tmp_path, "x")
    gc.collect()
    assert closed == opened
    assert len(closed) == 3


def test_a_folder_that_was_taken_for_a_leftover_before_it_was_locked_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Path] = []
    locked = scratch._locked

    def disturbed(folder: Path) -> int | None:
        if not taken:
            taken.append(folder)
            folder.rmdir()
        return locked(folder)

    monkeypatch.setattr(scratch, "_locked", disturbed)
    with ScratchFolder(tmp_path, "x") as made:
        assert made.path != taken[0]
        assert made.path.is_dir()
    assert not list(tmp_path.iterdir())


def test_a_new_folder_that_another_process_takes_for_a_leftover_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its making and its lock the other one, which looks for leftovers, locks it and will remove it."""
    locked, others = scratch._locked, dict[Path, int]()

    def after_another(folder: Path) -> int | None:
        if not others:
            others[folder] = os.open(folder, os.O_RDONLY)
            fcntl.flock(others[folder], fcntl.LOCK_EX)
        return locked(folder)

    monkeypatch.setattr(scratch, "_locked", after_another)
    with ScratchFolder(tmp_path, "x") as mine:
        ((lost, descriptor),) = others.items()
        shutil.rmtree(lost)
        os.close(descriptor)
        assert mine.path != lost
        assert mine.path.is_dir()
