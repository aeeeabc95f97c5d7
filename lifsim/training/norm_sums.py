"""The sums that wait for the statistics of a batch norm: where they wait, and which of them move.

A channel's mean and variance are known when its sums are, of all rows and images of a timestep; tick-batched, all
timesteps run together. So the sums wait, for all channels that the array works on at a time: a filter tile if weights
are outermost, else all of a group's. The psum buffer holds as many as fit beside the psums of the product and the
currents that wait to be replayed. The others leave the chip and come back (`round trip`), or the product runs once more
when the statistics are known (`twice`), whichever moves fewer bytes. A layer without neurons that outputs its sums
leaves the norm to their readers.

In the backward pass, the norm's gradient depends on two sums over the batch, of dy and of dy * x^:

    dx = gain / std * (dy - mean(dy) - x^ * mean(dy * x^)),  x^ = (x - mean) / std

So there are two passes over dy and x. dy waits in spike_out; what does not fit leaves and comes back. x, the sums, are
kept by the forward pass, or computed again if the product runs again for the membranes (Ioffe and Szegedy, ICML 2015).
"""

from __future__ import annotations

from typing import Literal

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer, Tensor
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.psums import working_set_bytes
from lifsim.schedule.tensors.storage import bytes_of
from lifsim.schedule.traffic import DramBytes
from lifsim.training.forward_again import again_tick_batched
from lifsim.training.group_orders import orders_of
from lifsim.training.run_again import product_again
from lifsim.training.sizes import TrainingSizes
from lifsim.units import noun_of

Way = Literal["round trip", "twice", "handed on"]
"""How a layer's sums get to their norm."""


@dataclass(frozen=True)
class NormSums:
    """What the norm of one layer moves, bytes of the whole batch.

    way: of the forward pass. all: its sums. forward_write, forward_read: of them; again: what the product moves when it
    runs once more. recompute_write, recompute_again: the same where they are recomputed in the backward pass.
    first_read, second_read: sums that the two passes of the backward pass read. gradient_write, gradient_read: of dy,
    between the two. replayed: of the sums, those that DRAM has as currents that wait to be replayed, in either pass.
    """

    way: Way
    all: int
    forward_write: int
    forward_read: int
    again: DramBytes
    recompute_write: int
    recompute_again: DramBytes
    first_read: int
    second_read: int
    gradient_write: int
    gradient_read: int
    replayed: int = 0

    @property
    def apart(self) -> int:
        """Bytes of the sums that are in DRAM in the backward pass, apart from currents that wait to be replayed."""
        return self.all - self.replayed if self.first_read else self.recompute_write

    @property
    def recomputed_twice(self) -> bool:
        """Whether the recomputation runs once more for the second pass."""
        return self.recompute_again.total > 0

    @property
    def in_words(self) -> str:
        """How the forward pass runs, in words."""
        if self.way == "handed on":
            return "sums are handed on and normed where they are read"
        if self.way == "twice":
            return "product runs twice for batch statistics"
        held = f"{self.all} {noun_of(self.all, 'byte')} of sums"
        return f"{held} wait for batch statistics, {self.forward_read} of them in DRAM"


def norm_sums(sizes: TrainingSizes, layer: Layer, group: GroupPlan) -> NormSums | None:
    """The sums of a layer; None: it has no norm with batch statistics."""
    norms = sizes.facts.norms
    if layer.index not in norms.layers:
        return None
    waiting = Waiting(sizes, layer, group)
    handed_on = layer.index in norms.handed_on
    kept = not sizes.keeping.product_again or layer.lif is None
    away = 0 if handed_on else waiting.away
    trip = away if kept else 2 * away
    may = trip > 0 and not waiting.replayed
    again = product_again(sizes, layer, group) if may else DramBytes()
    twice = may and again.total < trip
    back, from_dram = waiting.away_on_the_way_back, handed_on or kept
    once_more = None if from_dram else _once_more(waiting)
    recompute_write = 0 if from_dram else max(0, back - waiting.written_anyway)
    recomputed_twice = once_more is not None and once_more.total < recompute_write + back
    written = waiting.all if kept else 0 if twice else away
    return NormSums(
        way="handed on" if handed_on else "twice" if twice else "round trip",
        all=waiting.all,
        forward_write=0 if handed_on else written - waiting.written_anyway,
        forward_read=0 if twice else away,
        again=again if twice else DramBytes(),
        recompute_write=0 if recomputed_twice else recompute_write,
        recompute_again=once_more if once_more and recomputed_twice else DramBytes(),
        first_read=waiting.all if from_dram else 0,
        second_read=0 if recomputed_twice else back,
        gradient_write=0 if handed_on or residual_with_dy(sizes, layer) else waiting.gradients_away,
        gradient_read=waiting.gradients_away * waiting.gradients,
        replayed=waiting.written_anyway,
    )


def residual_with_dy(sizes: TrainingSizes, layer: Layer) -> Tensor | None:
    """A residual operand that is added to the output of the norm: its gradient is dy, which is then in DRAM."""
    added = [step.reads for step in sizes.facts.steps[layer.index]]
    names = {read.node for reads in added if any(read.node == layer.name for read in reads) for read in reads}
    found = (tensor for tensor in layer.residuals if tensor.name in names and sizes.has_gradient(tensor))
    return next((tensor for tensor in found if tensor.timesteps == layer.rounds), None)


def _once_more(waiting: Waiting) -> DramBytes:
    """Bytes that the product of a recomputation moves when it runs again for the second pass: all but weights that
    stay."""
    layer, group = waiting.layer, waiting.group
    again = again_tick_batched(group) if group.tick_batched else orders_of(waiting.sizes, group)[layer.index].again
    if again is None:
        raise ValueError(f"{layer.name} must run again")
    spilled = group.layers[layer.index - group.first].dram.psum_write - waiting.written_anyway
    weights = again.weights - again.stay
    return DramBytes(weights=weights, spikes_in=again.spikes, psum_read=spilled, psum_write=spilled)


@dataclass(frozen=True)
class Waiting:
    """Sums and their gradients of one layer that wait at a time."""

    sizes: TrainingSizes
    layer: Layer
    group: GroupPlan

    @property
    def bits(self) -> int:
        """Bits of a sum."""
        return self.sizes.chip.precision.psum_bits

    @property
    def all(self) -> int:
        """Bytes of the sums of the batch."""
        layer = self.layer
        return bytes_of(self.sizes.batch * layer.rounds * layer.pixels * layer.filters * self.bits)

    @property
    def replayed(self) -> bool:
        """Whether they are the currents that wait to be replayed, timestep by timestep."""
        return not self.group.tick_batched and self.sizes.facts.layers[self.layer.index].when == "first"

    @property
    def written_anyway(self) -> int:
        """Bytes of them that are in DRAM anyway: currents that wait there to be replayed."""
        return self.away if self.replayed and self.layer.lif is not None else 0

    @property
    def away(self) -> int:
        """Bytes that the psum buffer cannot hold."""
        if self.replayed and self.layer.lif is not None:
            walked = self.group.walked.group
            return int(walked.replayed(self.sizes.batch)[self.layer.index - self.group.first])
        room = self.room
        return self.all - sum(min(room, values * self.bits // 8) * count for values, count in self.sets)

    @property
    def sets(self) -> list[tuple[int, int]]:
        """(sums that wait together, number of such sets in sequence)."""
        layer, tiling, batch = (
            self.layer,
            self.group.layers[self.layer.index - self.group.first].tiling,
            self.sizes.batch,
        )
        nests = tiling.group_sets(layer.groups)
        together = batch * layer.pixels * (layer.groups // nests)
        tick = self.group.tick_batched
        values, often = (together * layer.rounds, nests) if tick else (together, nests * layer.rounds)
        if tiling.order == "inputs_outer":
            return [(values * layer.group_filters, often)]
        whole, rest = divmod(layer.group_filters, tiling.filters)
        return [(values * tiling.filters, often * whole), (values * rest, often)]

    @property
    def room(self) -> int:
        """Bytes of the psum buffer beside the psums of a tile and the currents that wait to be replayed."""
        chip, layer, group = self.sizes.chip, self.layer, self.group
        into = group.layers[layer.index - group.first].tiling.cut
        store = chip.psums.of(layer, into.chains)
        rounds = layer.rounds if group.tick_batched else 1
        working = max(working_set_bytes(tile, store, rounds) for tile, _ in into.tiles(gemm_of(layer, into.chains)))
        room = chip.room.psum if group.tick_batched else group.walked.group.psum_room
        return max(0, room - working)

    @property
    def at_a_time(self) -> tuple[int, int]:
        """(sums of a layer that wait together in the backward pass, number of such sets)."""
        layer, batch = self.layer, self.sizes.batch
        each = batch * layer.pixels * layer.filters
        return (each * layer.rounds, 1) if self.group.tick_batched else (each, layer.rounds)

    @property
    def away_on_the_way_back(self) -> int:
        """Bytes of sums that the psum buffer cannot hold from one pass to the other: none where its psums are not in
        the PEs."""
        chip = self.sizes.chip
        room = chip.room.psum if chip.dataflow.sums_in_pes else 0
        values, often = self.at_a_time
        return self.all - often * min(room, values * self.bits // 8)

    @property
    def gradients_away(self) -> int:
        """Bytes of dy that spike_out cannot hold between the two passes."""
        chip, (values, often) = self.sizes.chip, self.at_a_time
        bits = chip.precision.of_gradients
        return bytes_of(often * values * bits) - often * min(chip.room.spike_out, values * bits // 8)

    @property
    def gradients(self) -> int:
        """Number of gradients that the second pass reads: dy, or those that all readers of handed-on sums have handed
        back."""
        if self.layer.index not in self.sizes.facts.norms.handed_on:
            return 1
        return sum(self.sizes.gradients_of(tensor) for tensor in self.layer.outputs)
