"""The gradient units of a layer in training, one per LIF unit: their cycles, operations and what they access.

In the backward pass they undo the LIF calls, last timestep first, and carry the gradient of each state from a timestep
to the one before it. Yin et al., IEEE TCAD 42(6), 2023; docs/model.md, "Training on the accelerator".
"""

from __future__ import annotations

from dataclasses import replace

from lifsim.accounting.books import Accesses, Operations
from lifsim.accounting.own.array_work import LifCalls, lif_calls, served
from lifsim.accounting.protocol import Setup
from lifsim.accounting.records import added
from lifsim.hardware.array import Cut, Laid, dataflow_of, shape_of
from lifsim.hardware.lif_unit import membrane_accesses
from lifsim.keeping import Keeping
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.tensors.products import laid_out
from lifsim.schedule.tensors.storage import rows_of

NO_ACCESSES = Accesses(0, 0)


@dataclass(frozen=True)
class GradientUnits:
    """The units at work on one layer, whose forward pass is cut by `cut`. calls_in_registers: whether u' of a
    recomputed tile waits in registers rather than in the membrane buffer. starts_from_zero: whether its gradients of
    states do, as the first LIF of a state in the backward pass."""

    setup: Setup
    layer: Layer
    keeping: Keeping
    cut: Cut
    tick_batched: bool
    calls_in_registers: bool
    starts_from_zero: bool

    @property
    def cycles(self) -> int:
        """Cycles of as many passes as in the forward stage, not overlapped; 0 without a LIF."""
        calls = lif_calls(self.layer, self.setup.bank.pass_cycles, overlapped=False)
        return 0 if calls is None else self._passes(calls) * self.layer.timesteps

    @property
    def norm_cycles(self) -> int:
        """Cycles of a pass over the sums of the batch, with as many sums at a time as there are units."""
        return self._passes(norm_calls(self.layer)) * self.layer.rounds

    @property
    def statistics_cycles(self) -> int:
        """Cycles of the pass that a batch norm's statistics need: that of the LIF calls, or, without a LIF, one over
        the sums."""
        return self.cycles if self.layer.lif else self.norm_cycles

    def _passes(self, calls: LifCalls) -> int:
        """Cycles of one round of `calls`, all images."""
        return served(calls, self._laid).size * self.setup.batch * self.setup.bank.pass_cycles

    @property
    def _laid(self) -> Laid:
        array = self.setup.machine.array
        return laid_out(self.layer, shape_of(array), dataflow_of(array), self.cut, tick_batched=self.tick_batched)

    def counted_in(self, ops: Operations) -> Operations:
        """`ops` of the array with the work of the units, which runs beside it."""
        updates = self.layer.lif_elements * self.layer.timesteps * self.setup.batch
        multiplied = round((1 - self.setup.network.gradients.firing_sparsity) * updates)
        return replace(ops, pgu_updates=updates, pgu_multiplications=multiplied)

    @property
    def calls(self) -> int:
        """Number of values u' of all calls of the batch."""
        return self.setup.batch * self.layer.timesteps * self.layer.lif_elements * self.layer.state_variables

    @property
    def registers(self) -> Accesses:
        """Accesses to registers: what is carried between timesteps under tick batching, and u' that waits there."""
        carried = self._carried if self.tick_batched else NO_ACCESSES
        return added([carried, self._undone(in_registers=True)])

    @property
    def buffer(self) -> Accesses:
        """Accesses to the membrane buffer: what is carried between timesteps otherwise, and u' that waits there."""
        carried = NO_ACCESSES if self.tick_batched else self._carried
        return added([carried, self._undone(in_registers=False)])

    def _undone(self, *, in_registers: bool) -> Accesses:
        """Reads of u' that was stored when the calls were recomputed, in registers or in the buffer."""
        mine = self.keeping.holds_calls and in_registers == self.calls_in_registers
        return Accesses(self.calls, 0) if mine else NO_ACCESSES

    @property
    def _carried(self) -> Accesses:
        """Accesses for gradients of states that are carried between timesteps, and for undone states beside them."""
        layer, channels = self.layer, self.setup.channels[self.layer.index]
        accesses = membrane_accesses(
            layer.lif_elements, layer.timesteps, channels, starts_from_zero=self.starts_from_zero
        )
        each = self.setup.batch * layer.state_variables * (2 if self.keeping.carries_states else 1)
        return Accesses(*(count * each for count in accesses))


def norm_calls(layer: Layer) -> LifCalls:
    """The passes of a batch norm over the sums of `layer`, expressed as LIF calls with one neuron per sum."""
    rows = rows_of(layer.out_shape)
    return LifCalls(rows, layer.pixels, layer.group_filters, layer.groups, layer.rounds, 1, overlapped=False)
