"""Traffic and work of the optimizer: once per batch, whatever its size.

Of W weights of b_w bits, with v values of b_s bits kept of each:

    without master weights   W b_w read and written;                     W v b_s read and written
    with                     W b_w written, the copies that the array    W (v b_s + 32) read and written
                             multiplies with: they are not read

Zeros before the first batch are read too: a batch is one of many.
"""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.hardware.gemm import ceil_div
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import MASTER_BITS, Arch, OptimizerPart
from lifsim.model.network import Layer, Network
from lifsim.note import Note
from lifsim.optimizers import OPTIMIZERS, Optimizer
from lifsim.schedule.tensors.storage import filter_bytes
from lifsim.units import format_bytes


@dataclass(frozen=True)
class UpdateBytes:
    """Bytes of one layer. state: the optimizer's state, master weights included; it is read, and as much is written."""

    weights_read: int
    weights_written: int
    state: int

    @classmethod
    def of(cls, layer: Layer, weight_bits: int, part: OptimizerPart) -> UpdateBytes:
        """The bytes of a layer; every filter of weights, of master weights and of each kept value begins on a byte."""

        def all_filters(bits: int) -> int:
            return layer.filters * filter_bytes(layer, bits)

        weights, kept = all_filters(weight_bits), _optimizer(part).state_values * all_filters(part.state_bits)
        if part.master_weights:
            return cls(0, weights, kept + all_filters(MASTER_BITS))
        return cls(weights, weights, kept)


@dataclass(frozen=True)
class UpdateWork:
    """The work of one layer. divisions: including square roots. cycles: of the optimizer unit; each lane starts one
    multiply-add and one division per cycle, weight after weight."""

    multiply_adds: int
    divisions: int
    cycles: int

    @classmethod
    def of(cls, layer: Layer, part: OptimizerPart) -> UpdateWork:
        """The work for all weights."""
        optimizer = _optimizer(part)
        products, quotients = layer.weights * optimizer.multiply_adds, layer.weights * optimizer.divisions
        return cls(products, quotients, ceil_div(max(products, quotients), part.lanes))


def state_bytes(network: Network, arch: Arch) -> int:
    """Bytes that the optimizer of `arch` keeps between batches, master weights included."""
    bits = arch.precision.weight_bits
    return sum(UpdateBytes.of(layer, bits, arch.optimizer).state for layer in network.layers)


def optimizer_words(part: OptimizerPart) -> str:
    """Its name, and whether it changes master weights."""
    return f"{part.name}{f' and {MASTER_BITS}-bit master weights' if part.master_weights else ''}"


def optimizer_notes(network: Network, arch: Arch, batch: int) -> Iterator[str]:
    """Notes: the bytes that weight updates move with this optimizer and with others, and whether its work is priced."""
    part = arch.optimizer

    def moved(name: str) -> str:
        chosen, bits = part.model_copy(update={"name": name}), arch.precision.weight_bits
        changes = [UpdateBytes.of(layer, bits, chosen) for layer in network.layers]
        return format_bytes(sum(each.weights_read + each.weights_written + 2 * each.state for each in changes))

    others = ", ".join(f"{moved(name)} by {name}" for name in OPTIMIZERS if name != part.name)
    once = f"weights change once a batch, of {batch} here (--batch), by {optimizer_words(part)}"
    yield f"{once}: {moved(part.name)} to and from DRAM; it would be {others} (--optimizer)"
    if all(component.tag != "optimizer" for component in arch.components):
        unpriced = "the optimizer's work is counted and not priced"
        yield Note(f"{unpriced}: no component is of tag optimizer", unpriced)
    elif _optimizer(part).divisions and all(component.tag != "optimizer_divider" for component in arch.components):
        yield "the optimizer's divisions are counted and not priced: no component is of tag optimizer_divider"


def _optimizer(part: OptimizerPart) -> Optimizer:
    return OPTIMIZERS[part.name]
