"""Is what Numba compiles kept once, with its caller alone, found by its types and its processor, and run only if it is
the user's own or the package's?"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lifsim.kernels import shipped
from lifsim.kernels.cache import FOLDER, Cache
from lifsim.kernels.overloads import Family
from lifsim.kernels.processor import CHOICE, LEVELS, of_level, this_processor
from lifsim.kernels.shipped import OVERLOAD, shipped_code
from tests.checkout import ROOT

SAY = "\nprint(sum(halved.stats.cache_hits.values()), sum(halved.stats.cache_misses.values()), values.tolist())"
CALL = f"import numpy as np\nfrom tests.kernels.loops import doubled, halved\nvalues = np.ones(2)\nhalved(values){SAY}"
OTHERS = CALL.replace("np.ones(2)", "np.ones(2, np.float32)")
HIT, MISSED = "1 0 [0.5, 0.5]", "0 1 [0.5, 0.5]"


def _said(script: str, cache: Path, **environment: str) -> str:
    run = [sys.executable, "-c", script]
    alone = os.environ | {FOLDER: str(cache)} | environment
    done = subprocess.run(run, cwd=ROOT, env=alone, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _kept(cache: Path) -> list[Path]:
    return sorted(cache.glob(f"*{OVERLOAD}"))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A folder with the code of `halved`."""
    assert _said(CALL, tmp_path / "cache") == MISSED
    return tmp_path / "cache"


def test_it_is_compiled_once_and_what_it_calls_is_kept_with_it(cache: Path) -> None:
    (kept,) = _kept(cache)
    assert kept.name.startswith("tests.kernels.loops.halved-")
    assert _said(CALL, cache) == HIT
    assert _kept(cache) == [kept]


def test_other_types_and_other_processors_get_their_own(cache: Path) -> None:
    assert _said(OTHERS, cache) == MISSED
    assert _said(CALL, cache, NUMBA_CPU_NAME="x86-64", NUMBA_CPU_FEATURES="") == MISSED
    assert len(_kept(cache)) == 3
    assert _said(CALL, cache) == HIT


def test_code_that_the_user_has_not_kept_is_not_even_read(cache: Path, tmp_path: Path) -> None:
    (kept,) = _kept(cache)
    planted = pickle.dumps(_Planted(str(tmp_path / "seen")))
    for tag in (bytes(32), b"", kept.read_bytes()[:32]):
        kept.write_bytes(tag + planted)
        assert _said(CALL, cache) == MISSED
        assert not (tmp_path / "seen").exists()
    Cache(cache.resolve()).write(kept.name, planted)
    with pytest.raises(subprocess.CalledProcessError):
        _said(CALL, cache)
    assert (tmp_path / "seen").exists()  # so the above would see it


class _Planted:
    def __init__(self, seen: str) -> None:
        self._seen = seen

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (self._seen,)


def test_code_of_another_function_is_not_taken_for_it(cache: Path) -> None:
    assert _said(CALL.replace("halved(values)", "halved(values); doubled(values)"), cache).endswith("[1.0, 1.0]")
    other, own = _kept(cache)
    own.write_bytes(other.read_bytes())
    assert _said(CALL, cache) == MISSED


def test_a_wheel_of_other_sources_or_another_python_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Family(("kernels/*.py",)).digest
    assert Family(("kernels/*.py",)).digest == own
    assert Family(("engine/*.py",)).digest != own
    monkeypatch.setattr(sys, "implementation", SimpleNamespace(cache_tag="cpython-399"))
    assert Family(("kernels/*.py",)).digest != own


def test_where_nothing_can_be_kept_it_runs(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert _said(CALL, tmp_path / "file" / "cache") == MISSED


class TestLevels:
    @pytest.mark.parametrize("level", LEVELS)
    def test_the_best_that_a_processor_is_of(self, level: str) -> None:
        assert of_level(level).level == level
        for lacks in LEVELS[level] - {flag for other in LEVELS if other != level for flag in LEVELS[other]}:
            assert of_level(level).flags - {lacks} < LEVELS[level]

    def test_registers_are_as_long_as_the_level_says(self) -> None:
        assert [of_level(level).register_bytes for level in LEVELS] == [64, 32]

    def test_the_one_that_numba_compiles_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for level in LEVELS:
            monkeypatch.setenv(CHOICE, level)
            this_processor.cache_clear()
            assert this_processor() == of_level(level)
        this_processor.cache_clear()

    def test_a_package_gives_what_is_for_its_best_level_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shipped, "FOLDER", tmp_path)
        for level in LEVELS:
            (tmp_path / level).write_text(level)
        for level in LEVELS:
            monkeypatch.setattr(shipped, "this_processor", lambda level=level: of_level(level))
            assert shipped_code(str) == level.encode()
        (tmp_path / "x86-64-v4").unlink()
        monkeypatch.setattr(shipped, "this_processor", lambda: of_level("x86-64-v4"))
        assert shipped_code(str) is None  # its registers are longer than those that the other level's code fills
