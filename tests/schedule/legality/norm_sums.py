"""Complete sums that wait for the statistics of their batch norm, as events: lot by lot, in the psum buffer as far as
it has room beside the partial sums of a tile, else in DRAM; or nowhere, where the product runs again.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from lifsim.keeping import KEEPINGS
from lifsim.schedule.plan import Plan
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.psums import working_set_bytes
from lifsim.training.norm_sums import NormSums, norm_sums
from lifsim.training.sizes import TrainingSizes
from tests.oracles.legality import IllegalPlanError, Walker
from tests.oracles.legality_events import Drop, Event, Load, Put, Store, Take, Thing
from tests.schedule.legality.sums import Block

IN_THE_PES = "PEs"
"""What the array computes again is there until the neurons have taken it."""


class LotsOfSums:
    """Of one layer. away: bytes that found no room."""

    def __init__(self, walker: Walker, plan: Plan, index: int, batch: int) -> None:
        self.walker, self.told = walker, walker.net.layers[index]
        self.bits = plan.chip.precision.psum_bits
        group, layer = plan.group_of(index), plan.facts.layers[index].layer
        into = group.layers[index - group.first].tiling.cut
        store, rounds = plan.chip.psums.of(layer, into.chains), layer.rounds if group.tick_batched else 1
        self.working = max(
            (working_set_bytes(tile, store, rounds) for tile, _ in into.tiles(gemm_of(layer, into.chains))), default=0
        )
        self.norm: NormSums | None = None
        if walker.waiting.waits(self.told):
            self.norm = norm_sums(TrainingSizes(plan.facts, plan.chip, batch, KEEPINGS["stored"]), layer, group)
        self.away = 0
        self._numbers, self._lot, self._room, self._first = count(), ("",), 0, 0

    @property
    def wait(self) -> bool:
        return self.norm is not None

    @property
    def twice(self) -> bool:
        return self.norm is not None and self.norm.way == "twice"

    def begin(self, sums: int) -> None:
        """A lot of so many."""
        size = -(-sums * self.bits // 8)
        self._lot = ("/waiting", self.told.name, next(self._numbers), size)
        used = self.walker.chip.used.get("psum", 0)
        self._room = max(0, self.walker.net.buffers["psum"] - used - self.working)
        self._first = 0
        self.away += 0 if self.twice else max(0, size - self._room)

    def restart(self) -> None:
        """The sums of the lot are computed again."""
        self._first = 0

    def waits(self, block: Block) -> tuple[Thing, int, int]:
        """Where the sums of a block are to lie."""
        first, self._first = self._first, self._first + block.outputs * self.bits
        return self._lot, first, self.bits

    def computed(self, block: Block, waits: tuple[Thing, int, int], *, again: bool) -> Iterator[Event]:
        """What becomes of sums that are complete."""
        thing, first, bits = waits
        low, high = first // 8, -(-(first + block.outputs * bits) // 8)
        if again:
            yield Put(IN_THE_PES, thing, low, high)
        elif not self.twice:
            yield Put("psum", thing, low, min(high, self._room))
            yield Store("sums", thing, max(low, self._room), high)

    def taken(self, block: Block, timestep: int) -> Iterator[Event]:
        """Sums of a block pass their norm; those that did not stay come."""
        take = Take(block.layer, block.image, timestep, block.pixels, block.filters, self.bits)
        if not self.twice:
            for thing, low, high in self.walker.waiting.bytes_of(take, self.bits):
                yield Load("passing", thing, max(int(low.min()), self._room), int(high.max()))
        yield take
        if not self.twice:
            yield Drop("passing", self._lot)

    def end(self) -> Iterator[Event]:
        """Of a lot."""
        yield Drop("psum", self._lot)
        yield Drop(IN_THE_PES)

    def require_paid(self) -> None:
        """What has no room is what the plan has come back."""
        if self.norm is not None and self.norm.forward_read < self.away:
            raise IllegalPlanError(
                f"{self.told.name} reads {self.norm.forward_read} bytes of sums of {self.away} that find no room"
            )
