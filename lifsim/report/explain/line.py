"""One line of plain arithmetic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from lifsim.lazy_dataclass import dataclass
from lifsim.report.width import wrapped


@dataclass(frozen=True)
class Line:
    """`quantity = expression = value unit (why)`. The expression consists of numbers, + - * /, brackets and ceil().
    It evaluates to `value`, the figure of the run, but none of its terms is computed from that figure."""

    quantity: str
    expression: str
    value: int
    unit: str
    why: str

    @property
    def text(self) -> str:
        """The line as text."""
        return f"{self.arithmetic}   ({self.why})"

    @property
    def arithmetic(self) -> str:
        """The line without the reason."""
        expression = "" if self.expression == str(self.value) else f" = {self.expression}"
        return f"{self.quantity}{expression} = {self.value:,} {self.unit}"

    def within(self, columns: int) -> list[str]:
        """The line wrapped to a number of columns: if arithmetic and reason do not fit into one line, the reason
        starts on a new one."""
        if len(self.text) <= columns:
            return [self.text]
        return [*wrapped(self.arithmetic.rstrip(), columns), *wrapped(f"    ({self.why})", columns, indent=5)]


def product(*factors: int) -> str:
    """`4*16*9`, ones left out."""
    return "*".join(str(factor) for factor in factors if factor != 1) or "1"


def plus(*terms: str) -> str:
    """`a + b`, without terms that are empty or `0`."""
    return " + ".join(term for term in terms if term not in ("", "0")) or "0"


def times(factors: str, terms: str) -> str:
    """`factors*(terms)`, without brackets around a product and without a factor of one, or of nothing."""
    if factors == "1" or terms == "0":
        return terms
    return f"{factors}*({terms})" if " + " in terms or " - " in terms else f"{factors}*{terms}"


def minus(term: str, less: int) -> str:
    """`a - b`, `a` where b is 0."""
    return f"{term} - {less}" if less else term


def alike(amounts: Iterable[int]) -> str:
    """The sum of `amounts`, equal ones as a product: `3*512 + 64`."""
    return plus(*(product(count, amount) for amount, count in Counter(amounts).items() if amount))


def total(quantity: str, values: Sequence[int], unit: str, why: str) -> Line:
    """The line that adds up `amounts`."""
    return Line(quantity, plus(*map(str, values)), sum(values), unit, why)
