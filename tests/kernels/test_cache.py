"""Does nothing run that others have put into the cache, and does everything run where there is none?"""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lifsim.kernels import load, trust
from lifsim.kernels.cache import FOLDER, UNUSED_DAYS, Cache, user_cache
from tests.kernels.conftest import forget
from tests.kernels.planted import PLANTED
from tests.kernels.test_kernel import TOTAL, object_files

PROGRAM = """
import numpy as np
from tests.kernels.test_kernel import TOTAL
print(TOTAL(np.arange(3), 1))
"""


@pytest.fixture(autouse=True)
def _object_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(load.CHOICE, "object")


@pytest.fixture
def planted(folder: Path) -> tuple[Path, bytes]:
    """Where the object file of TOTAL is kept, and somebody else's code for it."""
    assert replace(TOTAL, module="tests.kernels.planted")(np.arange(3), 1) == PLANTED
    (other,) = object_files(folder)
    code = user_cache().read(other.name)
    other.unlink()
    assert TOTAL(np.arange(3), 1) == 3
    (own,) = object_files(folder)
    return own, code


def _again() -> int:
    forget()
    return TOTAL(np.arange(3), 1)


def test_code_with_the_users_key_would_run(planted: tuple[Path, bytes], folder: Path) -> None:
    Cache(folder).write(planted[0].name, planted[1])
    assert _again() == PLANTED  # so the tests below would see it


def test_code_with_a_checksum_of_its_own_does_nothing(planted: tuple[Path, bytes]) -> None:
    path, code = planted
    for tag in (hashlib.sha256(code).digest(), bytes(32), b""):
        path.write_bytes(tag + code)
        assert _again() == 3


def test_code_that_was_kept_under_another_name_does_nothing(planted: tuple[Path, bytes], folder: Path) -> None:
    path, code = planted
    Cache(folder).write("another.o", code)
    (folder / "another.o").replace(path)
    assert _again() == 3


@pytest.mark.skipif(os.name == "nt", reason="modes and owners say nothing there")
class TestFoldersAndModes:
    def test_a_folder_that_others_can_write_is_not_used(
        self, planted: tuple[Path, bytes], folder: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        Cache(folder).write(planted[0].name, planted[1])
        folder.chmod(0o777)
        assert _again() == 3
        assert f"every run compiles again: others can write {folder}; set LIFSIM_CACHE_DIR" in caplog.text

    @pytest.mark.parametrize("mode", [0o666, 0o664, 0o646])
    def test_a_file_that_others_can_write_is_replaced(
        self, planted: tuple[Path, bytes], folder: Path, mode: int
    ) -> None:
        path, code = planted
        Cache(folder).write(path.name, code)
        path.chmod(mode)
        assert _again() == 3
        assert path.stat().st_mode & 0o777 == 0o600

    def test_a_link_is_replaced(self, planted: tuple[Path, bytes], folder: Path) -> None:
        path, code = planted
        Cache(folder).write(path.name, code)
        path.replace(folder / "elsewhere")
        path.symlink_to(folder / "elsewhere")
        assert _again() == 3
        assert not path.is_symlink()

    def test_a_pipe_does_not_stop_it(self, planted: tuple[Path, bytes]) -> None:
        planted[0].unlink()
        os.mkfifo(planted[0])
        assert _again() == 3

    def test_a_key_that_others_can_read_is_replaced(self, planted: tuple[Path, bytes], folder: Path) -> None:
        path, code = planted
        Cache(folder).write(path.name, code)
        key = (folder / "key").read_bytes()
        (folder / "key").chmod(0o644)
        assert _again() == 3
        assert (folder / "key").read_bytes() != key
        assert (folder / "key").stat().st_mode & 0o777 == 0o600

    def test_files_of_another_user_are_not_read(
        self, planted: tuple[Path, bytes], folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        name = planted[0].name
        assert Cache(folder).read(name) is not None
        monkeypatch.setattr(trust, "_trusted_users", lambda: (4242, 4242))
        assert Cache(folder).read(name) is None

    def test_it_is_made_for_the_user_alone(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(FOLDER, str(folder / "a" / "b"))
        before = os.umask(0)
        try:
            assert user_cache() == Cache(folder / "a" / "b")
        finally:
            os.umask(before)
        assert {path.stat().st_mode & 0o777 for path in (folder, folder / "a", folder / "a" / "b")} == {0o700}


def test_a_key_that_is_cut_is_replaced(folder: Path) -> None:
    folder.mkdir()
    (folder / "key").write_bytes(b"short")
    assert _again() == 3
    assert len((folder / "key").read_bytes()) == 32


def test_the_users_cache_folder_is_that_of_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    monkeypatch.setattr("lifsim.kernels.cache.user_cache_path", lambda name, **_: tmp_path / name)
    assert user_cache() == Cache(tmp_path / "lifsim")


def test_without_a_cache_it_runs_and_says_so_once(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder.write_text("a file, not a folder")
    with caplog.at_level(logging.WARNING):
        assert TOTAL(np.arange(3), 1) == 3
        assert replace(TOTAL, module="tests.kernels.planted")(np.arange(3), 1) == PLANTED
    said = [record.getMessage() for record in caplog.records]
    assert sum("every run compiles again" in line for line in said) == 1
    assert said.count("compiling a sum for this machine: about 1 s, more if it is busy") == 2


def test_a_user_without_a_home_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_home(*_: object, **__: object) -> None:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.delenv(FOLDER)
    monkeypatch.setattr("lifsim.kernels.cache.user_cache_path", no_home)
    assert TOTAL(np.arange(3), 1) == 3
    assert "every run compiles again: could not determine the home directory; set LIFSIM_CACHE_DIR" in caplog.text


def test_a_folder_that_takes_nothing_is_read_and_told(
    folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    assert TOTAL(np.arange(3), 1) == 3
    caplog.clear()
    monkeypatch.setattr("tempfile.mkstemp", full)
    with caplog.at_level(logging.WARNING):
        assert _again() == 3
        assert not caplog.records
        assert replace(TOTAL, module="tests.kernels.planted")(np.arange(3), 1) == PLANTED
    assert "every run compiles again: [Errno 28] No space left on device" in caplog.text


def test_what_was_not_used_for_long_is_removed(folder: Path) -> None:
    assert TOTAL(np.arange(3), 1) == 3
    (used,) = object_files(folder)
    old = time.time() - (UNUSED_DAYS + 1) * 24 * 60 * 60
    (folder / "numba-old").mkdir()
    (folder / "numba-old" / "index.nbi").touch()
    for path in (folder / "old.o", folder / "left.tmp"):
        path.touch()
    for path in folder.iterdir():
        os.utime(path, (old, old))
    assert _again() == 3  # which marks it as used
    assert replace(TOTAL, module="tests.kernels.planted")(np.arange(3), 1) == PLANTED
    assert {path.name for path in folder.iterdir()} - {"lock", "holder"} == {
        "key",
        *(path.name for path in object_files(folder)),
    }
    assert used in object_files(folder)
    assert len(object_files(folder)) == 2


@pytest.mark.slow
def test_processes_that_start_at_once_compile_once(folder: Path) -> None:
    command = [sys.executable, "-c", PROGRAM]
    root = Path(__file__).parents[2]
    processes = [
        subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    answers = [process.communicate() for process in processes]
    assert [out for out, _ in answers] == ["3\n"] * 4, answers
    said = "".join(err for _, err in answers)
    assert said == "compiling a sum for this machine: once, about 1 s, more if it is busy\n"
    assert len(object_files(folder)) == 1
