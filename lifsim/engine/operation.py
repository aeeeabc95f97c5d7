"""Operations for compiled kernels that Numba lacks, written as LLVM code."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from numba.extending import intrinsic

from lifsim.lazy_dataclass import dataclass


@dataclass(frozen=True)
class Code:
    """The place at which the code of one operation is written, with Numba's context and LLVM's builder."""

    context: Any
    builder: Any

    def type_of(self, numbers: Any) -> Any:
        """LLVM's of a type of Numba's."""
        return self.context.get_value_type(numbers)

    def place(self, array: Any, arguments: Any, what: Any) -> Any:
        """Pointer to values of LLVM type `what` in an array; arguments: the array, and the index of the first value.
        Raises TypeError if the array may not be contiguous."""
        if array.layout != "C":
            raise TypeError(f"{array} must be contiguous")
        data = self.context.make_array(array)(self.context, self.builder, arguments[0]).data
        return self.builder.bitcast(self.builder.gep(data, [arguments[1]]), what.as_pointer())

    def load(self, array: Any, arguments: Any, what: Any) -> Any:
        """Such values, wherever they begin."""
        return self.builder.load(self.place(array, arguments, what), align=item_bytes(array))


def operation(typed: Callable[..., tuple[Any, Callable[[Code, Any], Any]]]) -> Any:
    """Makes a function for kernels of one that is called with Numba's context and the types of its arguments, and
    returns its signature and the function that writes its code."""

    @wraps(typed)
    def define(*arguments: Any) -> Any:
        signature, write = typed(*arguments)
        return signature, lambda context, builder, _, values: write(Code(context, builder), values)

    return intrinsic(prefer_literal=True)(define)


def item_bytes(array: Any) -> int:
    """Bytes of an element."""
    return int(np.dtype(str(array.dtype)).itemsize)
