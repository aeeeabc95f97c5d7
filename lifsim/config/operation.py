"""What the layers of a workload file are made of: their names, what they read, and the numbers that shapes have."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from lifsim.model.keys import BeforeValidator, Field
from lifsim.model.schema import Broken, Flag, Model, rule

if TYPE_CHECKING:
    from lifsim.model.network import Tensor
    from lifsim.model.product import Product

Name = Annotated[str, Field(strict=True, pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=64)]
Channels = Annotated[int, Field(ge=1, le=1 << 20, strict=True)]
Shape = Annotated[tuple[Channels, ...], Field(min_length=1, max_length=3)]


def _pair(low: int, *words: str) -> BeforeValidator:
    """Accepts n (for both axes) or [vertical, horizontal], each from `low` to 4096, or one of `words`."""

    def parse(value: Any) -> Any:
        if value in words:
            return value
        pair = value if isinstance(value, list | tuple) else (value, value)
        whole = all(isinstance(part, int) and not isinstance(part, bool) and low <= part <= 4096 for part in pair)
        if len(pair) != 2 or not whole:
            choices = [f"a whole number from {low} to 4096", "a list of two", *map(repr, words)]
            raise ValueError(f"{value!r} must be {', '.join(choices[:-1])} or {choices[-1]}")
        return tuple(pair)

    return BeforeValidator(parse)


Positive = Annotated[tuple[int, int], _pair(1)]
Padding = Annotated[tuple[int, int], _pair(0)]
PaddingOrSame = Annotated[tuple[int, int] | Literal["same"], _pair(0, "same")]


class Operation(Model):
    """What all layers have. input: the layer it reads, "input" for the network's; default: the layer above."""

    name: Name
    input: Name | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the layers it reads; () for the layer above."""
        return () if self.input is None else (self.input,)


class ProductOperation(Model, ABC):
    """What all layers have that the array computes; a registered kind (`lifsim.layers`) adds its own keys, among them
    `op: Literal["its name"]`."""

    name: Name

    @property
    @abstractmethod
    def reads(self) -> tuple[str, ...]:
        """Names of the layers it reads; () for the layer above."""

    @abstractmethod
    def node(self, inputs: Sequence[Tensor]) -> Product:
        """What it is, reading these. Raises MisfitError with all that does not fit."""


class WeightOperation(Operation, ProductOperation):
    """A layer of weights. in_shape starts a chain of its own that reads spikes of that shape."""

    bias: Flag = False
    batch_norm: Flag = False
    in_shape: Shape | None = None

    @rule
    def chain_has_one_beginning(self) -> Broken:
        """A chain of its own reads no other layer."""
        if self.in_shape is not None and self.input is not None:
            yield "input", "must not be given with in_shape, which starts a chain of its own"
