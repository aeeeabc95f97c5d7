"""Is a shared library what the object file is, made only where it can be, and run only if it is the user's own?"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lifsim.kernels import library, load, object_file, shipped
from lifsim.kernels.cache import Cache
from lifsim.kernels.compilation import calls_of
from lifsim.kernels.processor import Processor, processor_in, this_processor
from tests.kernels.conftest import forget
from tests.kernels.planted import PLANTED
from tests.kernels.test_kernel import TOTAL

pytestmark = pytest.mark.skipif(load.compiler() != "library", reason="proven on Linux on x86-64 alone")
needs_linker = pytest.mark.skipif(not any(map(shutil.which, library.LINKERS)), reason="no linker")
PLANTED_TOTAL = replace(TOTAL, module="tests.kernels.planted")


@pytest.fixture(autouse=True)
def _libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(load.CHOICE, "library")


def _again() -> int:
    forget()
    return TOTAL(np.arange(3), 1)


def _no_llvm(*_: object) -> None:
    raise AssertionError("LLVM was asked")


@needs_linker
class TestInTheCache:
    @pytest.fixture
    def planted(self, folder: Path) -> tuple[Path, bytes]:
        """Where the library of TOTAL is kept, and somebody else's code for it."""
        assert PLANTED_TOTAL(np.arange(3), 1) == PLANTED
        (other,) = folder.glob("*.so")
        code = Cache(folder).read(other.name)
        assert code
        other.unlink()
        assert TOTAL(np.arange(3), 1) == 3
        (own,) = folder.glob("*.so")
        return own, code

    @pytest.mark.usefixtures("folder")
    def test_a_kept_one_needs_no_llvm(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert _again() == 3
        monkeypatch.setattr(object_file, "object_code", _no_llvm)
        monkeypatch.setattr(object_file, "load_object", _no_llvm)
        assert _again() == 3

    def test_code_with_the_users_key_would_run(self, planted: tuple[Path, bytes], folder: Path) -> None:
        Cache(folder).write(planted[0].name, planted[1])
        assert _again() == PLANTED  # so the tests below would see it

    def test_code_with_a_checksum_of_its_own_does_nothing(self, planted: tuple[Path, bytes]) -> None:
        path, code = planted
        for tag in (hashlib.sha256(code).digest(), bytes(32), b""):
            path.write_bytes(tag + code)
            assert _again() == 3

    def test_a_file_that_others_can_write_is_replaced(self, planted: tuple[Path, bytes], folder: Path) -> None:
        path, code = planted
        Cache(folder).write(path.name, code)
        path.chmod(0o666)
        assert _again() == 3
        assert path.stat().st_mode & 0o777 == 0o600

    def test_another_processor_gets_its_own(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert _again() == 3
        monkeypatch.setattr(library, "this_processor", lambda: Processor("another", frozenset()))
        assert _again() == 3
        assert len(list(folder.glob("*.so"))) == 2


class TestWhereThereIsNone:
    def test_without_a_linker_llvm_loads_the_object_file(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv("PATH", "")
        assert _again() == 3
        assert "no object file" not in caplog.text
        assert list(folder.glob("*.o"))
        assert not list(folder.glob("*.so"))

    def test_a_linker_that_fails_is_none(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "ld").write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / "ld").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        assert _again() == 3
        assert "no object file" not in caplog.text
        assert list(folder.glob("*.o"))
        assert not list(folder.glob("*.so"))

    @needs_linker
    @pytest.mark.usefixtures("folder")
    def test_a_system_that_runs_nothing_in_memory(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> int:
            raise PermissionError("memfd_create")

        monkeypatch.setattr(os, "memfd_create", refuse)
        assert _again() == 3

    @needs_linker
    def test_a_library_that_is_none(self, folder: Path) -> None:
        assert _again() == 3
        (kept,) = folder.glob("*.so")
        good = Cache(folder).read(kept.name)
        Cache(folder).write(kept.name, b"no library")
        assert _again() == 3
        assert Cache(folder).read(kept.name) == good

    @pytest.mark.parametrize("says", ["exit 1", 'echo garbage > "$7"', "exec sleep 100"])
    def test_a_linker_that_makes_none_is_none_at_once(
        self, says: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "ld").write_text(f"#!/bin/sh\n{says}\n")
        (tmp_path / "ld").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
        monkeypatch.setattr(library, "LINKING_S", 0.5)
        assert _again() == 3
        assert list(folder.glob("*.o"))
        assert not list(folder.glob("*.so"))


@needs_linker
class TestShipped:
    @pytest.fixture(autouse=True)
    def _wheel(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A package that has somebody else's code shipped as TOTAL, so that it is seen to run."""
        made = shipped.ship(PLANTED_TOTAL, tmp_path / "package")
        made.rename(made.with_name(shipped.name_of(TOTAL)))
        monkeypatch.setattr(shipped, "FOLDER", tmp_path / "package")
        monkeypatch.setattr(shipped, "this_processor", lambda: Processor("any", shipped.NEEDED))

    def test_it_is_run_and_nothing_is_compiled(self, folder: Path) -> None:
        if not this_processor().flags >= shipped.NEEDED:
            pytest.skip("this processor is older")
        assert _again() == PLANTED
        assert not folder.exists()

    @pytest.mark.usefixtures("folder")
    def test_an_older_processor_compiles(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for lacks in shipped.NEEDED:
            flags = shipped.NEEDED - {lacks}
            monkeypatch.setattr(shipped, "this_processor", lambda flags=flags: Processor("old", flags))
            assert shipped.shipped(TOTAL) is None
        assert _again() == 3

    @pytest.mark.usefixtures("folder")
    def test_other_sources_compile(self) -> None:
        assert replace(TOTAL, sources=("hardware/sram.py",))(np.arange(3), 1) == 3

    def test_other_layouts_compile(self) -> None:
        assert shipped.shipped(replace(TOTAL, parameters=(np.dtype(np.int32), None))) is None


CPUINFO = """processor\t: 0
model name\t: A processor
flags\t\t: fpu avx2

processor\t: 1
model name\t: Another
flags\t\t: fpu
"""


def test_the_processor_is_the_first_of_the_machine() -> None:
    assert processor_in(CPUINFO) == Processor("A processor", frozenset({"fpu", "avx2"}))
    assert processor_in("") == Processor("", frozenset())


def test_its_digest_is_of_name_and_flags_in_any_order() -> None:
    known = Processor("A", frozenset({"a", "b"})).digest
    assert processor_in("model name: A\nflags: b a").digest == known
    assert Processor("A", frozenset({"a"})).digest != known
    assert Processor("B", frozenset({"a", "b"})).digest != known


def test_a_compilation_is_watched_to_its_end(folder: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    replace(TOTAL, function="tripled").load(lambda *said: seen.append(said))
    assert seen.pop() == ("optimising a sum", 0, 0)
    assert {work for work, _, _ in seen} == {"compiling a sum: bytes of code"}
    shares = [done / total for _, done, total in seen]
    assert shares == sorted(shares)
    assert 0.3 < shares[-1] < 1


def test_what_a_kernel_calls_is_found_through_what_it_calls() -> None:
    from lifsim.hardware.dram.kernel import run_dram

    names = {called.__name__ for called in calls_of(run_dram)}
    assert {"advance", "go_on", "queue_step"} <= names
    assert "run_dram" not in names
    assert len(names) > 50


def test_a_linker_gets_no_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    def run(command: object, **options: object) -> None:
        given.append((command, options.get("shell", False)))
        raise subprocess.CalledProcessError(1, "ld")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(shutil, "which", lambda name: f"/a folder/{name}")
    with pytest.raises(library.NoLibraryError, match="/a folder/ld failed"):
        library.link(b"")
    ((command, shell),) = given
    assert isinstance(command, list)
    assert not shell
