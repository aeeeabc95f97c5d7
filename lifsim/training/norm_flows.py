"""What the batch norm of a layer moves in the backward pass, turn by turn: two passes over the gradients of its outputs
and over its sums.

The first pass is that of the gradient units: dy of the whole batch, and the two sums over it that the norm's gradient
needs. The second pass is that of the product, which reads dy from spike_out, from where it was written, or from where
it was handed back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.training.flows import Flow, LayerFlows, Turns
from lifsim.training.forward_again import ForwardAgain
from lifsim.training.gradient_states import StateMoves
from lifsim.training.norm_sums import NormSums, residual_with_dy


@dataclass(frozen=True)
class NormFlows:
    """One layer whose batch norm takes its statistics of the batch."""

    flows: LayerFlows
    norm: NormSums

    @property
    def layer(self) -> Layer:
        """Whose."""
        return self.flows.layer

    def forward_again(self, turns: Turns, carried: StateMoves) -> Iterator[Flow]:
        """What calls that run forward again move: the statistics are known by then."""
        return self.flows.forward_again(turns, carried)

    def recompute(self, turns: Turns, again: ForwardAgain) -> Iterator[Flow]:
        """What recomputation moves without the norm, and the sums that it writes for the second pass."""
        yield from self.flows.recompute(turns, again)
        yield self._spread(turns, Kind.PSUM_WRITE, self._sums, self.norm.recompute_write)

    def recompute_again(self, turns: Turns) -> Iterator[Flow]:
        """The product once more, for the second pass."""
        again, flows = self.norm.recompute_again, self.flows
        yield from flows.product_weights(turns, again.weights, stays=0)
        yield from flows.product_input(turns, again.spikes_in)
        yield from flows.product_psums(turns, again)

    def first_pass(self, turns: Turns, carried: StateMoves) -> Iterator[Flow]:
        """Gradients in, those of residual operands out, membranes and sums in, dy out."""
        flows, norm = self.flows, self.norm
        yield from flows.returned(turns)
        yield from flows.handed_back(turns, flows.numbered[self._inputs :])
        if flows.layer.lif:
            yield from flows.states(turns, carried)
        yield from self._read(turns, norm.first_read)
        yield self._spread(turns, Kind.SPIKES_OUT, f"norm_gradients:{flows.layer.name}", norm.gradient_write)

    def second_pass(self, turns: Turns) -> Iterator[Flow]:
        """dy and sums in again; the gradient of the input out."""
        flows, norm = self.flows, self.norm
        yield from flows.weights(turns)
        yield from self._dy(turns)
        yield from self._read(turns, norm.second_read)
        yield from flows.handed_back(turns, flows.numbered[: self._inputs])
        yield from flows.waiting(turns)

    @property
    def _inputs(self) -> int:
        """How many of the operands with a gradient are the product's: the first one, or none."""
        return int(self.flows.sizes.has_gradient(self.flows.layer.input))

    @property
    def _sums(self) -> str:
        """The region of the sums: their own, or the layer's output."""
        layer = self.flows.layer
        return f"tensor:{layer.name}" if self.norm.way == "handed on" else f"sums:{layer.name}"

    def _read(self, turns: Turns, size: int) -> Iterator[Flow]:
        """Sums; of those that wait as currents to be replayed, the others first."""
        own = min(size, self.norm.apart)
        yield self._spread(turns, Kind.PSUM_READ, self._sums, own)
        yield self._spread(turns, Kind.PSUM_READ, f"psums:{self.flows.layer.name}", size - own)

    def _dy(self, turns: Turns) -> Iterator[Flow]:
        flows, norm = self.flows, self.norm
        if norm.way == "handed on":
            gradients = [(tensor, number) for tensor in flows.layer.outputs
                         for number in range(flows.sizes.gradients_of(tensor))]  # fmt: skip
        else:
            found = residual_with_dy(flows.sizes, flows.layer)
            gradients = [pair for pair in flows.numbered[self._inputs :] if pair[0] is found][:1]
        for tensor, number in gradients:
            whole, size = flows.sizes.gradient(tensor), norm.gradient_read // len(gradients)
            part = self._spread(turns, Kind.SPIKES_IN, f"gradient:{tensor.name}", size)
            # The last bytes are those that are written first: whatever stays on chip, what is read is there.
            yield replace(part, offset=number * whole + max(0, whole - size) + part.offset)
        if not gradients:
            yield self._spread(turns, Kind.SPIKES_IN, f"norm_gradients:{flows.layer.name}", norm.gradient_read)

    def _spread(self, turns: Turns, kind: Kind, region: str, size: int) -> Flow:
        return turns.spread(kind, region, size, self.flows.layer.rounds)
