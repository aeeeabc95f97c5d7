"""The common parts of layers in a workload file: their names, what they read, and the numbers in shapes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Annotated, Any, Literal

from lifsim.contract import answers
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
    """The keys of all layers. input: the layer it reads, "input" for the network's; default: the layer above."""

    name: Name
    input: Name | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the layers it reads; () for the layer above."""
        return () if self.input is None else (self.input,)


def _unfit_product(product: Product, keys: ProductOperation, inputs: Sequence[Tensor]) -> str:
    """The fault of a layer that does not fit its inputs, its name or its own keys."""
    window, (rows, cols) = product.window, product.window.kernel
    (channels, *size), (filters, *slid) = window.in_shape, window.out_shape
    places = zip(size, window.padding, window.kernel, window.stride, strict=True)
    per_filter = channels // max(window.groups, 1) * rows * cols
    shape = product.weight_shape
    rules = {
        f"kind {getattr(keys, 'op', '')!r}": product.kind == getattr(keys, "op", ""),
        f"inputs {[x.name for x in inputs]}": product.inputs == tuple(x.name for x in inputs),
        f"an output of name {keys.name!r}": product.name == product.output.name == keys.name,
        f"a window over {inputs[0].elements} elements": prod(window.in_shape) == inputs[0].elements,
        f"a window that puts out {product.output.elements} elements": prod(window.out_shape) == product.output.elements,
        "no batch norm, which is of one output channel a filter": not product.batch_norm
        or filters == product.output.shape[0],
        "a window of kernel, stride and groups >= 1": min(*window.kernel, *window.stride, window.groups) > 0,
        "groups that divide channels and filters": not any(one % max(window.groups, 1) for one in (channels, filters)),
        "a window of floor((H + 2p - R) / s) + 1 outputs": slid
        == [(whole + 2 * pad - part) // max(step, 1) + 1 for whole, pad, part, step in places],
        f"a weight_shape of {per_filter * filters} weights, None for two operands": len(inputs) == 2
        if shape is None
        else prod(shape) == per_filter * filters,
    }
    return next((f"a {type(product).__name__} with {rule}" for rule, holds in rules.items() if not holds), "")


class ProductOperation(Model, ABC):
    """The keys of all layers that the array computes; a registered kind (`lifsim.layers`) adds its own, among them `op:
    Literal["its name"]`."""

    name: Name

    @property
    @abstractmethod
    def reads(self) -> tuple[str, ...]:
        """Names of the layers it reads; () for the layer above."""

    @answers(_unfit_product, made="lifsim.model.product:Product")
    @abstractmethod
    def node(self, inputs: Sequence[Tensor]) -> Product:
        """The node with these inputs. Raises MisfitError with everything that does not fit."""


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
