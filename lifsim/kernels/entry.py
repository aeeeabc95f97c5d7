"""Where a kernel is entered by those that call it by its name. Import it only to compile: it loads LLVM.

LLVM asks once for what is behind a name, and keeps the answer in all that calls it: also in what Numba compiles only
for an object file. So behind the name stands a jump, to where a word of memory says, which may come later.
"""

from __future__ import annotations

import ctypes
from functools import cache

import llvmlite.binding as llvm
from llvmlite import ir

from lifsim.kernels.kernel import Kernel

_NUMBER = ir.IntType(64)


class Entry:
    """Of one kernel in this process; the name is known to LLVM from then on."""

    def __init__(self, kernel: Kernel) -> None:
        self._place = ctypes.c_int64(0)
        name = f"lifsim.enter.{kernel.function}"
        jump = llvm.parse_assembly(str(_jump(name, kernel.numbers, ctypes.addressof(self._place))))
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        self._engine = llvm.create_mcjit_compiler(jump, llvm.Target.from_default_triple().create_target_machine())
        self._engine.finalize_object()
        llvm.add_symbol(kernel.function, self._engine.get_function_address(name))

    def lead_to(self, address: int) -> None:
        """The kernel's machine code."""
        self._place.value = address


@cache
def entry_of(kernel: Kernel) -> Entry:
    """That of the kernel: the only one, as long as the process lives."""
    return Entry(kernel)


def _jump(name: str, numbers: int, place: int) -> ir.Module:
    """A function of so many numbers that hands them on to the one whose address lies at `place`."""
    module = ir.Module()
    kind = ir.FunctionType(_NUMBER, [_NUMBER] * numbers)
    function = ir.Function(module, kind, name)
    builder = ir.IRBuilder(function.append_basic_block())
    address = builder.load(ir.Constant(_NUMBER, place).inttoptr(_NUMBER.as_pointer()))
    builder.ret(builder.call(builder.inttoptr(address, kind.as_pointer()), function.args, tail=True))
    return module
