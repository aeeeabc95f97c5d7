"""A line of plain arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """quantity = expression = value [unit], and why. The expression is made of numbers, + - * /, brackets and ceil();
    it evaluates to `value`."""

    quantity: str
    expression: str
    value: int
    unit: str
    why: str

    @property
    def text(self) -> str:
        """One line for people."""
        arithmetic = "" if self.expression == str(self.value) else f" = {self.expression}"
        return f"{self.quantity}{arithmetic} = {self.value:,} {self.unit}   ({self.why})"


def product(*factors: int) -> str:
    """`4*16*9`, ones left out."""
    return "*".join(str(factor) for factor in factors if factor != 1) or "1"


def plus(*terms: str) -> str:
    """`a + b`, without terms that are empty or `0`."""
    return " + ".join(term for term in terms if term not in ("", "0")) or "0"


def total(quantity: str, values: Sequence[int], unit: str, why: str) -> Line:
    """The line that adds up."""
    return Line(quantity, plus(*map(str, values)), sum(values), unit, why)
