"""Two clocks in one unit of time, so that nothing is rounded between them."""

from __future__ import annotations

from fractions import Fraction

from lifsim.lazy_dataclass import dataclass

MAX_UNITS = 1 << 23


@dataclass(frozen=True)
class Clocks:
    """Units of time in one cycle of the array and of the memory. A memory of `bandwidth` takes one cycle a byte."""

    array_units: int
    memory_units: int

    @classmethod
    def of(cls, array_hz: int, memory_hz: Fraction) -> Clocks:
        """The smallest units that make both cycles whole.

        Exact as long as both are below 2^23 units, else the nearest such ratio. Raises ValueError if a cycle of one
        clock is more than 2^22 of the other's.
        """
        ratio = memory_hz / array_hz
        if not Fraction(1, MAX_UNITS // 2) <= ratio <= MAX_UNITS // 2:
            raise ValueError(f"memory and array clock must be within 2^22 of each other, are {float(ratio):.4g} apart")
        limit = MAX_UNITS if ratio <= 1 else max(1, int(MAX_UNITS / ratio))
        near = ratio.limit_denominator(limit)
        return cls(near.numerator, near.denominator)
