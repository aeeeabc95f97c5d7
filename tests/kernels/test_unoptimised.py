"""Is a kernel optimised as one, whoever calls what in it, and left alone until then?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lifsim.kernels import load
from lifsim.kernels.jit import cfunc_of
from lifsim.kernels.object_file import compiled_for, target_of
from lifsim.kernels.unoptimised import Compiler
from tests.kernels.test_kernel import TOTAL

TWICE = replace(TOTAL, function="lowest_twice")


def definitions(text: str, name: str) -> int:
    """How often functions of that name, which Numba mangles, are defined in words of LLVM."""
    return sum(line.startswith("define") and f"{len(name)}{name}B" in line for line in text.splitlines())


@pytest.mark.parametrize("compiler", load.CHOICES)
def test_what_two_ways_lead_to_is_there_for_both(
    compiler: str, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(load.CHOICE, compiler)
    assert TWICE(np.array([9, 5, 7]), 10) == 10 * (2 * 5) + (5 - 1)
    assert "no object file" not in caplog.text


def test_each_function_is_linked_once_and_stands_for_itself() -> None:
    text = cfunc_of(TWICE, compiler=Compiler).inspect_llvm()
    assert [definitions(text, name) for name in ("_lowest", "_doubled", "_lowered")] == [1, 1, 1]


def test_no_function_becomes_machine_code_by_itself() -> None:
    from tests.kernels import small

    kernel = cfunc_of(TWICE, compiler=Compiler)
    assert not kernel.address
    for part in (small._lowest, small._doubled, small._lowered):
        assert part.overloads
        for made in part.overloads.values():
            assert not made.library.get_pointer_to_function(made.fndesc.llvm_func_name)
            assert not made.library.codegen._engine.is_symbol_defined(made.fndesc.llvm_func_name)


def test_all_is_optimised_for_the_processor_that_is_asked_for() -> None:
    """Not for the one that compiles, as Numba does: a wheel's kernels run on others."""
    made = {cpu: compiled_for(target_of(cpu, ""), TWICE) for cpu in ("x86-64-v3", "x86-64-v2")}
    assert made["x86-64-v3"] != made["x86-64-v2"]
