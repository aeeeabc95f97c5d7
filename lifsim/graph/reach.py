"""Which rows of which nodes the nodes behind a layer need, along the axis on which maps are cut into rows."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.lazy_dataclass import dataclass
from lifsim.model.layers import Ownership
from lifsim.model.network import Layer, Lif, Network, Node, Pool, Tensor
from lifsim.model.product import Product


@dataclass(frozen=True)
class Read:
    """What a reader needs of `node`: for its row y, rows stride * y - above to stride * y + below, clipped to the map;
    whole: all rows, since they lie along the other axis or are an operand."""

    node: str
    above: int = 0
    below: int = 0
    stride: int = 1
    whole: bool = False

    @property
    def row_by_row(self) -> bool:
        """Whether the reader's row y is centred on row y: stride 1, and as many rows above as below."""
        return not self.whole and self.stride == 1 and self.above == self.below


@dataclass(frozen=True)
class Step:
    """A node that runs with a layer: its product, or a node behind it. is_lif: whether it is the layer's LIF. across:
    its reads along the other axis, where rows are the map's columns."""

    tensor: Tensor
    reads: tuple[Read, ...]
    is_lif: bool
    across: tuple[Read, ...] = ()

    @property
    def name(self) -> str:
        """The name of the node."""
        return self.tensor.name


def steps_behind(network: Network) -> tuple[tuple[Step, ...], ...]:
    """By layer, its nodes in execution order: the product, pools, adds, the LIF."""
    ownership = Ownership.of(network.nodes)
    layers = {layer.name: layer for layer in network.layers}
    return tuple(
        tuple(_step(ownership, layers, node) for node in ownership.members[layer.name]) for layer in network.layers
    )


def _step(ownership: Ownership, layers: dict[str, Layer], node: Node) -> Step:
    down, across = (
        tuple(
            _operands(layers[node.name], across=across)
            if isinstance(node, Product)
            else _inputs(ownership, node, across=across)
        )
        for across in (False, True)
    )
    return Step(node.output, down, isinstance(node, Lif), across)


def _operands(layer: Layer, *, across: bool) -> Iterator[Read]:
    along = _axis(layer.in_shape)
    cut = 1 - along if across else along
    yield _window(layer.input.name, layer.kernel[cut], layer.stride[cut], layer.padding[cut],
                  same_axis=not layer.flat and _lies_along(along, layer.out_shape))  # fmt: skip
    if layer.operand is not None:
        yield Read(layer.operand.name, whole=True)


def _inputs(ownership: Ownership, node: Node, *, across: bool) -> Iterator[Read]:
    for name in node.inputs:
        along = _axis(ownership.nodes[name].output.shape)
        same = _lies_along(along, node.output.shape)
        if isinstance(node, Pool):
            cut = 1 - along if across else along
            yield _window(name, node.kernel[cut], node.stride[cut], node.padding[cut], same_axis=same)
        else:
            yield Read(name, whole=not same)


def _window(name: str, kernel: int, stride: int, padding: int, *, same_axis: bool) -> Read:
    return Read(name, padding, kernel - 1 - padding, stride, whole=not same_axis)


def _lies_along(axis: int, shape: tuple[int, ...]) -> bool:
    """Whether a map of this shape is cut along an axis; a map of one pixel is one row along either."""
    return _axis(shape) == axis or shape[1:] == (1, 1)


def _axis(shape: tuple[int, ...]) -> int:
    """1 where rows lie along a signal's length, 0 where they lie along a map's height."""
    return 1 if len(shape) == 3 and shape[1] == 1 else 0
