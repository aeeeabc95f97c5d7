"""Spikes of a timestep-major group as events: inputs that come, what stays in spike_in and spike_out, what leaves.

What of the spikes stays in spike_out follows the plan's own walk of a timestep.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.tensors.moves import Visit
from lifsim.schedule.tensors.rows import tallest_window
from lifsim.schedule.timestep.spike_store import Residency, Span
from tests.oracles.legality import IllegalPlanError, Walker
from tests.oracles.legality_events import Drop, Event, Load, Put, Store, Thing
from tests.schedule.legality.order import Range
from tests.schedule.legality.waiting import Waiting


@dataclass
class Now:
    """Where a group is: the images of a chunk, a timestep, what its plan keeps then. rows: of each layer, how many are
    done; paid, brought: by layer and kind, bytes that have come so far, and those that it needed."""

    chunk: int
    timestep: int
    images: range
    found: Residency
    rows: dict[int, int] = field(default_factory=dict)
    paid: dict[tuple[int, Kind], int] = field(default_factory=dict)
    brought: dict[tuple[int, Kind], int] = field(default_factory=dict)


class GroupSpikes:
    """Of one group, whose layers run in `spans`."""

    def __init__(self, walker: Walker, plan: Plan, group: GroupPlan, spans: list[Span]) -> None:
        self.walker, self.chip, self.net = walker, walker.chip, walker.net
        self.plan, self.group, self.facts, self.spans = plan, group, plan.facts, spans

    @cached_property
    def waiting(self) -> dict[Span, Waiting]:
        """By span of several layers."""
        return {span: Waiting(self.walker, span) for span in self.spans if span.first != span.last}

    def begin_span(self, now: Now, span: Span) -> Iterator[Event]:
        """spike_in takes what it takes whole; of the rest spike_out holds what the plan keeps during the span."""
        yield Drop("spike_in")
        taken = {self.facts.layers[index].layer.input.name for index in now.found.whole if index in span}
        kept = now.found.kept[self.spans.index(span)]
        for thing, bits in list(self.chip.here.get("spike_out", {}).items()):
            name = str(thing[0])
            if name in taken:
                for low, high in runs(bits):
                    yield Put("spike_in", thing, low, high)
            yield Drop("spike_out", thing, self._kept(thing, kept.get(name, 0), now))

    def _kept(self, thing: Thing, size: int, now: Now) -> int:
        """Of the first `size` bytes of a tensor, images one behind the other, those of a plane."""
        if not size:
            return 0
        plane = self.chip.size(thing)
        return min(max(size - now.images.index(int(str(thing[1]))) * plane, 0), plane)

    def _plane(self, name: str, image: int, now: Now) -> Thing:
        return self.net.plane(self.net.node(name), image, now.timestep)

    def _missing(self, thing: Thing, low: int, high: int) -> list[Range]:
        here = [things[thing][low:high] for things in self.chip.here.values() if thing in things]
        absent = ~np.any(here, axis=0) if here else np.ones(max(high - low, 0), np.bool_)
        return [(low + begin, low + end) for begin, end in runs(absent)]

    # What comes

    def inputs(self, visit: Visit, now: Now, span: Span, rows: Range) -> Iterator[Event]:
        """The windows of these rows, as far as they are not here."""
        index, brought = visit.layer, 0
        node = self.net.node(self.net.layers[index].product)
        for position, source in enumerate(node.sources):
            if self.facts.tensors[source.node].producer in span:
                continue
            place = "passing" if position else self._input_place(index, now, span)
            size = self.net.node(source.node).row_bytes
            for image, (low, high) in product(now.images, self.net.needed(source, *rows)):
                thing = self._plane(source.node, image, now)
                for begin, end in self._missing(thing, low * size, high * size):
                    yield Load(place, thing, begin, end)
                    brought += 0 if position else end - begin
        self._pay(visit, now, Kind.SPIKES_IN, brought)
        self._require_paid(visit, now, Kind.SPIKES_IN)

    def _pay(self, visit: Visit, now: Now, kind: Kind, brought: int) -> None:
        key = visit.layer, kind
        now.paid[key] = now.paid.get(key, 0) + visit.moves.total(kind)
        now.brought[key] = now.brought.get(key, 0) + brought

    def _require_paid(self, visit: Visit, now: Now, kind: Kind) -> None:
        key = visit.layer, kind
        if now.paid[key] < now.brought[key]:
            name = self.net.layers[visit.layer].name
            raise IllegalPlanError(
                f"{name} at timestep {now.timestep} has brought {now.paid[key]} bytes of {kind.name}, and needs"
                f" {now.brought[key]} by now"
            )

    def _input_place(self, index: int, now: Now, span: Span) -> str:
        """spike_in takes the input whole, or the window of a strip; else windows stream through it."""
        if index in now.found.whole:
            return "spike_in"
        if span.first == span.last:
            return "passing"
        facts, walked = self.facts.layers[index], self.group.walked
        relay = next(r for r in walked.group.in_strips.values() if r.first == span.first)
        starts = relay.starts(index, walked.cost.heights[relay.state])
        window = len(now.images) * tallest_window(facts.rows.axis, starts) * facts.rows.row_bytes
        alone = not any(other in now.found.whole for other in range(span.first, span.last + 1))
        return "spike_in" if window <= self.plan.chip.room.spike_in and alone else "passing"

    def _adds_now(self, index: int, now: Now) -> bool:
        return self.facts.layers[index].when != "last" or now.timestep == self.net.timesteps - 1

    def residuals(self, index: int, now: Now) -> Iterator[Event]:
        """What DRAM holds of operands that are not here: `added` counts what of it was needed."""
        if not self._adds_now(index, now):
            return
        for tensor, image in product(self.facts.layers[index].layer.residuals, now.images):
            thing = self._plane(tensor.name, image, now)
            stored = self.chip.stored(thing)
            for low, high in self._missing(thing, 0, self.chip.size(thing)):
                yield from (Load("passing", thing, low + b, low + e) for b, e in runs(stored[low:high]))

    def added(self, visit: Visit, now: Now, *, complete: bool) -> None:
        """Rows that have just passed took their operands, from DRAM where they were nowhere else. Strips share in equal
        parts what a timestep brings: it is there when all rows are complete."""
        index, brought = visit.layer, 0
        names = {tensor.name for tensor in self.facts.layers[index].layer.residuals}
        for node in self.walker.rows.behind[self.net.layers[index].name][1:]:
            for source in (source for source in node.sources if source.node in names):
                size = self.net.node(source.node).row_bytes
                for image in now.images:
                    passing = self.walker.rows.passing.get((node.name, image, now.timestep))
                    came = self.chip.here.get("passing", {}).get(self._plane(source.node, image, now))
                    if passing is not None and came is not None:
                        brought += int(came.reshape(-1, size)[passing].sum()) if not source.whole else int(came.sum())
        self._pay(visit, now, Kind.RESIDUAL, brought)
        if complete:
            self._require_paid(visit, now, Kind.RESIDUAL)

    # What stays and what leaves

    def put_out(self, now: Now, span: Span) -> Iterator[Event]:
        """What the plan keeps, and what waits between the layers of strips, goes to spike_out; the rest to DRAM."""
        kept = now.found.kept[self.spans.index(span)]
        waiting = self.waiting.get(span)
        yield from self._begun(waiting)
        for thing in [thing for thing in self.chip.fresh if thing[0] != "/currents"]:
            name = str(thing[0])
            inner = waiting is not None and any(True for _ in waiting.readers(name))
            for low, high in runs(self.chip.fresh[thing]):
                end = high if inner else min(high, self._kept(thing, kept.get(name, 0), now))
                if low < end:
                    yield Put("spike_out", thing, low, end)
            if name in now.found.writes:
                begin = len(now.images) * self.chip.size(thing) - now.found.writes[name]
                yield Store("array", thing, self._kept(thing, begin, now), self.chip.size(thing))
        for name, size in kept.items():
            if self.facts.tensors[name].producer not in span:
                yield from self._keep_what_passes(name, size, now)
        yield Drop("array")
        yield Drop("passing")

    def _begun(self, waiting: Waiting | None) -> Iterator[Event]:
        """Rows that have begun go to spike_out, in strips, and leave it when they are complete."""
        if waiting is None:
            return
        begun = list(waiting.begun())
        for thing, bits in list(self.chip.here.get("spike_out", {}).items()):
            for low, high in runs(bits) if thing[0] == "/begun" else ():
                size = self.net.node(thing[1]).row_bytes
                rows = range(low // size, high // size)
                yield from (
                    Drop("spike_out", thing, row * size, (row + 1) * size)
                    for row in rows if (thing, row * size, (row + 1) * size) not in begun
                )  # fmt: skip
        for thing, low, high in begun:
            if not self.chip.on_chip(thing, low, high):
                yield Put("spike_out", thing, low, high)

    def _keep_what_passes(self, name: str, size: int, now: Now) -> Iterator[Event]:
        for image in now.images:
            thing = self._plane(name, image, now)
            places = [self.chip.here.get(place, {}).get(thing) for place in ("passing", "spike_in")]
            for bits in places:
                if bits is not None:
                    yield from (Put("spike_out", thing, *run) for run in runs(bits[: self._kept(thing, size, now)]))

    def after(self, index: int, now: Now, span: Span) -> Iterator[Event]:
        """Rows that no layer of the strips needs any more leave spike_out, and windows spike_in."""
        waiting = self.waiting.get(span)
        if waiting is None:
            return
        if index not in now.found.whole:
            for image in now.images:
                yield Drop("spike_in", self._plane(self.facts.layers[index].layer.input.name, image, now))
        kept = now.found.kept[self.spans.index(span)]
        for thing in [thing for thing in self.chip.here.get("spike_out", {}) if thing[0] != "/begun"]:
            needed = waiting.first_needed(thing, now.timestep)
            if needed is not None:
                end = needed * self.net.node(thing[0]).row_bytes
                yield Drop("spike_out", thing, self._kept(thing, kept.get(str(thing[0]), 0), now), end)


def runs(bits: np.ndarray) -> Iterator[Range]:  # type: ignore[type-arg]
    """Begin and end of each run of ones."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], bits.astype(np.int8), [0]])))
    yield from ((int(begin), int(end)) for begin, end in zip(edges[::2], edges[1::2], strict=True))
