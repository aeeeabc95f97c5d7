"""What the DRAM kernel is compiled of. Import it only to compile: it loads Numba."""

from __future__ import annotations

from typing import Any

from numba.cpython.unsafe.numbers import trailing_zeros
from numba.extending import overload

from lifsim.kernels.part import compiled_from_zero as compiled
from lifsim.kernels.part import inlined_from_zero as inlined

__all__ = ["Bool", "Int64", "Key", "Machine", "Pointer", "Records", "compiled", "inlined", "lowest_bit"]

# Numba infers the types of the kernel; these names tell the reader.
Int64 = Any
Bool = Any
Key = Any  # 32 bits (clock.py)
Machine = Any  # a record of state.MACHINE
Pointer = Any  # to the first of such records
Records = Any  # an array of state.BLOCK, of state.LOG, of MACHINE


def lowest_bit(number: Int64) -> Int64:
    """The place of the lowest bit that is set."""
    return (int(number) & -int(number)).bit_length() - 1


@overload(lowest_bit)
def _in_one_instruction(number):  # type: ignore[no-untyped-def]
    del number
    return lambda number: trailing_zeros(number)  # type: ignore[call-arg]
