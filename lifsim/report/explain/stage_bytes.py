"""A layer's DRAM bytes in the stages of its training, tensor by tensor."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from lifsim.keeping import Keeping
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch
from lifsim.model.network import Layer, Tensor
from lifsim.report.explain.dram import LayerBytes
from lifsim.report.explain.forward_again import AgainLines
from lifsim.report.explain.gradient_products import ProductLines
from lifsim.report.explain.line import Line, alike, plus, product, times, total
from lifsim.report.explain.norms import NormLines
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import filter_bytes, rows_of, step_row_bytes, tensor_bytes
from lifsim.training.gradient_states import StateMoves, gradient_state_moves
from lifsim.training.kept import KeptStates, Stretches
from lifsim.training.optimizer import optimizer_words
from lifsim.training.sizes import TrainingSizes
from lifsim.training.stages import Stage
from lifsim.training.traffic import LayerTraining, training_traffic

UNIT = "bytes"


@dataclass(frozen=True)
class StageLines:
    """One layer of a training run of `batch` images under `plan`. keeping: how the backward pass gets the membranes."""

    layer: Layer
    arch: Arch
    plan: Plan
    batch: int
    keeping: Keeping

    def lines(self, stage: Stage) -> list[Line]:
        """One line for each tensor, and their sum."""
        found = {
            Stage.FORWARD: self._forward,
            Stage.RECOMPUTE: self._recompute,
            Stage.GRADIENT_SUMS: self._gradient_sums,
            Stage.BACKWARD: self._backward,
            Stage.WEIGHT_UPDATE: self._weight_update,
        }[stage]()
        lines = [line for line in found if line.value]
        return [*lines, total("DRAM", [line.value for line in lines] or [0], UNIT, "all of the above")]

    @cached_property
    def traffic(self) -> LayerTraining:
        """The bytes of all stages of the layer."""
        return training_traffic(self.sizes, self.plan)[self.layer.index]

    @cached_property
    def sizes(self) -> TrainingSizes:
        """The sizes of the network's tensors."""
        return TrainingSizes(self.plan.facts, self.plan.chip, self.batch, self.keeping)

    @cached_property
    def group(self) -> GroupPlan:
        """The layer's group."""
        return self.plan.group_of(self.layer.index)

    def _forward(self) -> Iterator[Line]:
        layer, sizes = self.layer, self.sizes
        yield from (line for line in self._inference if line.quantity != "spikes out")
        written = sum(sizes.once(tensor, self.group) for tensor in layer.outputs)
        outputs = plus(*map(self._once, layer.outputs))
        yield Line("spikes out", outputs, written, UNIT, "every output of all timesteps: the way back reads them")
        hidden = sizes.hidden_spikes(layer)
        why = "the LIF's own spikes in front of a pool, to undo its calls: images x timesteps x neurons"
        yield Line("hidden spikes out", self._own_spikes, hidden, UNIT, why)
        if self._kept is not None:
            kept = self._kept
            what = f"{self.keeping.title} (here: {kept.kept.how}); images x bits, each stretch from a byte on"
            yield Line("states out", self._stretches(kept.written), kept.written.total, UNIT, what)
        if self._norm is not None:
            yield from self._norm.forward()

    def _recompute(self) -> Iterator[Line]:
        layer, sizes, carried = self.layer, self.sizes, self._carried
        yield from self._again.lines()
        if sizes.keeping.reads_spikes:
            why = "the LIF's own spikes, to undo its calls: images x timesteps x neurons"
            yield Line("own spikes in", self._own_spikes, sizes.own_spikes(layer), UNIT, why)
        for tensor in layer.residuals:
            yield Line("residual", self._once(tensor), sizes.once(tensor, self.group), UNIT, f"{tensor.name} again")
        if sizes.keeping.holds_calls:
            yield from self._states_in("states with which timesteps begin")
            why = "timesteps of chunks, in each u' of the call before that the membrane buffer has not held"
            yield _moved("membranes in", carried.continued[layer.index], why)
            why = "timesteps of chunks, in each u' that the membrane buffer cannot hold until it is undone"
            yield _moved("membranes out", carried.in_flight[layer.index], why)
        if self._norm is not None:
            yield from self._norm.recompute(self._again)

    def _gradient_sums(self) -> Iterator[Line]:
        yield from self._returned()
        yield from self._membranes()
        yield from self._handed_back(self.layer.residuals)
        if self._norm is not None:
            yield from self._norm.first_pass()

    def _backward(self) -> Iterator[Line]:
        yield from self._products.weights()
        if self._norm is None:
            yield from self._returned()
            yield from self._membranes()
            yield from self._handed_back((self.layer.input, *self.layer.residuals))
        else:
            yield from self._norm.second_pass()
            yield from self._handed_back((self.layer.input,))
        yield from self._products.goes_out()
        yield from self._products.gradients()

    def _weight_update(self) -> Iterator[Line]:
        layer, moved, part = self.layer, self.traffic.weight_update, self.arch.optimizer
        yield from self._products.update()
        yield from self._products.waiting()
        bits, change = self.arch.precision.weight_bits, self.sizes.update(layer)
        filters = product(layer.filters, filter_bytes(layer, bits))
        yield Line("weights in", filters, change.weights_read, UNIT, "filters x bytes of one, to be changed")
        yield Line("weights out", filters, change.weights_written, UNIT, "changed, once a batch")
        each = change.state // layer.filters
        why = f"read and written: filters x bytes that {optimizer_words(part)} keeps of one"
        yield Line("optimizer's state", product(2, layer.filters, each), moved.optimizer_state, UNIT, why)

    def _returned(self) -> Iterator[Line]:
        """Gradients of the layer's outputs, one from every layer that reads them."""
        for tensor in self.layer.outputs:
            count = self.sizes.gradients_of(tensor)
            value = count * self.sizes.gradient(tensor)
            why = f"of {tensor.name}, one of each reader" if count > 1 else f"of {tensor.name}"
            expression = times(product(count), self._gradient(tensor))
            yield Line("gradients in", expression, value, UNIT, f"{why}: images x timesteps x elements x bits")

    def _handed_back(self, tensors: tuple[Tensor, ...]) -> Iterator[Line]:
        for tensor in tensors:
            if self.sizes.has_gradient(tensor):
                why = f"of {tensor.name}: images x timesteps x elements x bits"
                yield Line("gradients out", self._gradient(tensor), self.sizes.gradient(tensor), UNIT, why)

    def _membranes(self) -> Iterator[Line]:
        """Membranes that were kept, or u' that was recomputed; and what is carried from timestep to timestep."""
        if self.layer.lif is None:
            return
        carried, index = self._carried, self.layer.index
        if not self.sizes.keeping.holds_calls:
            yield from self._states_in("kept by the forward pass")
        what = (
            "gradients of membranes, and membranes," if self.sizes.keeping.carries_states else "gradients of membranes"
        )
        why = f"timesteps of chunks, in each {what} that the membrane buffer has not held since the timestep behind it"
        yield _moved("membranes in", carried.reads[index], why)
        yield _moved("membranes out", carried.writes[index], why.replace("has not held since", "cannot hold until"))
        why = "timesteps of chunks, in each u' of calls that waits in DRAM to be undone"
        yield _moved("u' in", carried.in_flight[index], why)

    def _states_in(self, why: str) -> Iterator[Line]:
        if self._kept is not None:
            kept = self._kept.read
            yield Line("states in", self._stretches(kept), kept.total, UNIT, f"{why}; images x bits of each timestep")

    @cached_property
    def _inference(self) -> list[Line]:
        return LayerBytes(self.layer, self.arch, self.plan, self.batch).lines()[:-1]

    @property
    def _again(self) -> AgainLines:
        again, room, facts = self.traffic.orders.again, self.plan.chip.room, self.plan.facts.layers[self.layer.index]
        if again is None:
            raise ValueError(f"{self.layer.name} must run again")
        return AgainLines(again, self.group, facts, self.batch, room.spike_in, self._inference)

    @property
    def _products(self) -> ProductLines:
        return ProductLines(self.sizes, self.layer, self.group, self.traffic.orders)

    @property
    def _norm(self) -> NormLines | None:
        norm = self.traffic.norm
        return None if norm is None else NormLines(self.sizes, self.layer, self.group, norm)

    @cached_property
    def _carried(self) -> StateMoves:
        sizes = self.sizes
        return gradient_state_moves(sizes.facts, sizes.chip, self.group, self.batch, self.keeping)

    @cached_property
    def _kept(self) -> KeptStates | None:
        return self.sizes.kept(self.layer, self.group)

    @property
    def _own_spikes(self) -> str:
        return f"ceil({product(self.batch, self.layer.timesteps, self.layer.lif_elements)}/8)"

    def _once(self, tensor: Tensor) -> str:
        """All bytes of a tensor, each once, as the tensor lies in DRAM, as a term."""
        rows, reals = rows_of(tensor.shape), self.plan.facts.reals
        if self.group.tick_batched:
            return product(self.batch, rows, tensor_bytes(tensor, reals) // rows)
        return product(self.batch, tensor.timesteps, rows, step_row_bytes(tensor, reals))

    def _gradient(self, tensor: Tensor) -> str:
        bits = self.plan.chip.precision.of_gradients
        return f"ceil({product(self.batch, tensor.timesteps, tensor.elements, bits)}/8)"

    def _stretches(self, kept: Stretches) -> str:
        """The bytes of stretches of kept states, as terms: bits of an image, timestep by timestep."""
        terms: dict[str, int] = {}
        for before, bits in zip(kept.before.tolist(), kept.bits.tolist(), strict=True):
            start = self.batch * before
            whole = f"ceil({product(self.batch, bits)}/8)"
            term = whole if start % 8 == 0 else f"(ceil({start + self.batch * bits}/8) - ceil({start}/8))"
            terms[term] = terms.get(term, 0) + (bits > 0)
        return plus(*(times(product(often), term) for term, often in terms.items() if often))


def _moved(quantity: str, moved: Ints, why: str) -> Line:
    return Line(quantity, alike(moved.ravel().tolist()), int(np.sum(moved)), UNIT, why)
