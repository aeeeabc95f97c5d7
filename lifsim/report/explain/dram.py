"""A layer's DRAM bytes, tensor by tensor: what comes once, what comes again, what stays on chip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lifsim.config.arch import Arch
from lifsim.config.network import Layer, Network, Tensor
from lifsim.report.explain.line import Line, plus, product, total
from lifsim.report.explain.membranes import MembraneMoves
from lifsim.report.explain.visits import weight_visits
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.storage import filter_bytes, rows_of, step_row_bytes, tensor_bytes
from lifsim.schedule.traffic import DramBytes, LayerTraffic

UNIT = "bytes"


def dram_lines(network: Network, layer: Layer, arch: Arch, plan: Plan, moves: MembraneMoves, batch: int) -> list[Line]:
    """The bytes of `layer` for `batch` images, as `plan` moves them."""
    group = plan.group_of(layer.index)
    traffic = group.layers[layer.index - group.first]
    visits = weight_visits(network, layer, arch, moves.sharing, group, batch)
    once = _Once(network, arch, batch, group.tick_batched)
    moved, again = traffic.dram, _passes(traffic, group)
    lines = [_weights(layer, arch, group, traffic, visits)]
    lines += once.lines("spikes in", [layer.input], moved.spikes_in, again)
    lines += once.lines("residual", layer.residuals, moved.residual, "again where several layers add it")
    lines += once.lines("spikes out", layer.outputs, moved.spikes_out, "again")
    lines += moves.lines(layer, group, moved)
    lines += _psums(layer, arch, moved)
    return [*lines, total("DRAM", [line.value for line in lines], UNIT, "all of the above")]


def _weights(layer: Layer, arch: Arch, group: GroupPlan, traffic: LayerTraffic, visits: int) -> Line:
    one, tiling = filter_bytes(layer, arch), traffic.tiling
    everything = layer.filters * one
    stays = tiling.resident_weight_bytes * (layer.groups if group.tick_batched else 1)
    if tiling.order == "weights_outer" and group.tick_batched:
        visits, stays = 1, 0
    again = (visits - 1) * (everything - stays)
    overflow = traffic.dram.weights - everything - again
    coming = f"{visits - 1}*({product(layer.filters, one)} - {stays})" if again else ""
    expression = plus(product(layer.filters, one), coming, str(overflow))
    why = f"filters x ceil({layer.reduction}*{arch.precision.weight_bits}/8) bytes"
    if again:
        how = "row tiles and images" if group.tick_batched else "chunks, timesteps and strips"
        why += f", for each of {visits} visits ({how})" + (f" but for {stays} that stay" if stays else "")
    elif stays and visits > 1:
        why += f", stays for all {visits} visits"
    why += ", and what overflows the buffer per tile" if overflow else ""
    return Line("weights", expression, traffic.dram.weights, UNIT, why)


def _passes(traffic: LayerTraffic, group: GroupPlan) -> str:
    """Why inputs come again."""
    tiling = traffic.tiling
    return f"again for halos and for {tiling.filter_tiles} filter tiles" + ("" if group.tick_batched else " and chunks")


@dataclass(frozen=True)
class _Once:
    """Tensors of which every byte moves once, but for what comes again or stays on chip."""

    network: Network
    arch: Arch
    batch: int
    tick_batched: bool

    def lines(self, quantity: str, tensors: Sequence[Tensor], value: int, again: str) -> Iterator[Line]:
        """One line, none without tensors."""
        if not tensors:
            return
        once = [self._size(tensor) for tensor in tensors]
        everything = self.batch * sum(size for _, size in once)
        expression = f"{self.batch}*({' + '.join(text for text, _ in once)})"
        steps = ", all timesteps packed" if self.tick_batched else ", timesteps x rows x bytes of a row each"
        why = f"images x {'rows x bytes of a row' if self.tick_batched else 'tensors'}{steps}"
        if value > everything:
            expression, why = f"{expression} + {value - everything}", f"{why}, {again}"
        elif value < everything:
            expression, why = f"{expression} - {everything - value}", f"{why}, less what stays on chip"
        yield Line(quantity, expression, value, UNIT, why)

    def _size(self, tensor: Tensor) -> tuple[str, int]:
        """Bytes of one image."""
        rows = rows_of(tensor.shape)
        if self.tick_batched:
            size = tensor_bytes(tensor, self.network, self.arch)
            return f"{rows}*{size // rows}", size
        row_bytes = step_row_bytes(tensor, self.network, self.arch)
        return product(tensor.steps, rows, row_bytes), tensor.steps * rows * row_bytes


def _psums(layer: Layer, arch: Arch, moved: DramBytes) -> Iterator[Line]:
    if not moved.psum:
        return
    if arch.array.dataflow in ("ws", "is") and layer.runs == layer.timesteps:
        why = "psums of all but the last fold of a sum that the psum buffer cannot hold, out and back"
    else:
        waiting = "currents that wait to be replayed and do not fit"
        why = f"{waiting}: written once, read at {layer.timesteps - 1} timesteps"
        why += ", and psums that spill" if arch.array.dataflow in ("ws", "is") else ""
    yield Line("psums", f"{moved.psum_write} + {moved.psum_read}", moved.psum, UNIT, why)
