"""A schedule: groups of layers in order, what each layer moves, and the choices that make it so."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Literal

from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.schedule.chip import Chip
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.group import Walk
from lifsim.schedule.traffic import DramBytes, LayerTraffic

SCHEDULES = ("tick", "timestep", "auto")

Runs = Literal["tick-batched", "timestep-major"]
"""How a group runs: all timesteps of a tile back to back, or layer by layer in every timestep."""

RUNS: tuple[Runs, ...] = ("tick-batched", "timestep-major")
"""All of them."""


@dataclass(frozen=True)
class Begin:
    """Where a group begins: its first layer (index). runs: how a group of one layer runs; None: as the schedule has
    it."""

    first: int
    runs: Runs | None = None


@dataclass(frozen=True)
class ScheduleOptions:
    """schedule: "tick" (the smallest legal groups, those of one layer tick-batched), "timestep" (one group,
    timestep-major) or "auto" (the groups that move the fewest bytes, those of one layer in whichever way). batch:
    images of a run. chunk: images that a timestep-major group works on at a time; None: the best. groups: where they
    begin (the first one at layer 0), whatever `schedule` would take; those of one layer run as it has them, unless they
    say how. None: as it says."""

    schedule: str = "tick"
    batch: int = 1
    chunk: int | None = None
    groups: tuple[Begin, ...] | None = None

    def __post_init__(self) -> None:
        faults = []
        if self.schedule not in SCHEDULES:
            hint = did_you_mean(self.schedule, SCHEDULES)
            faults.append(Fault(f"{self.schedule!r} must be tick, timestep or auto{hint}", path="schedule"))
        if self.batch < 1:
            faults.append(Fault(f"{self.batch} must be >= 1", path="batch"))
        if self.chunk is not None and not 1 <= self.chunk <= max(self.batch, 1):
            faults.append(Fault(f"{self.chunk} must lie in 1..{self.batch}, the batch", path="chunk"))
        if faults:
            raise InputError(faults)


@dataclass(frozen=True)
class Strip:
    """Layers (indices) that run `rows` output rows at a time."""

    first: int
    last: int
    rows: int


@dataclass(frozen=True)
class Residency:
    """What a timestep-major group keeps on chip, in bytes. weight_region: for the filter tile at work; transient: the
    membrane region that states use in turn; permanent: by state, for a whole chunk; reserved: for chains at work."""

    weight_region: int
    transient: int
    permanent: dict[str, int]
    reserved: int = 0


@dataclass(frozen=True)
class GroupPlan:
    """Layers first..last (indices). runs: how; only a group of one layer may be tick-batched; why: what forbids that to
    one that was to be. A timestep-major one has `images` at a time, strips and residency, as planning walked it.
    layers: what each moves for the whole batch."""

    first: int
    last: int
    images: int
    strips: tuple[Strip, ...]
    residency: Residency | None
    layers: tuple[LayerTraffic, ...]
    runs: Runs
    walk: Walk | None = field(default=None, repr=False, compare=False)
    why: str = ""

    def __post_init__(self) -> None:
        if self.tick_batched and self.last > self.first:
            raise ValueError(f"layers {self.first} to {self.last} must run timestep-major")

    @property
    def walked(self) -> Walk:
        """The walk of a timestep-major group."""
        if self.walk is None:
            raise ValueError(f"layer {self.first} is tick-batched")
        return self.walk

    @property
    def indices(self) -> range:
        """Of its layers."""
        return range(self.first, self.last + 1)

    @property
    def tick_batched(self) -> bool:
        """Whether all timesteps of a tile run back to back, membranes in the PEs."""
        return self.runs == "tick-batched"

    @property
    def dram(self) -> DramBytes:
        """Of all its layers."""
        return sum((layer.dram for layer in self.layers), DramBytes())


@dataclass(frozen=True)
class Plan:
    """Groups in order. facts, chip: the network, as it runs, and the architecture as planning saw them."""

    groups: tuple[GroupPlan, ...]
    facts: NetworkFacts = field(repr=False, compare=False)
    chip: Chip = field(repr=False, compare=False)

    @property
    def layers(self) -> tuple[LayerTraffic, ...]:
        """Every layer of the network, in order."""
        return tuple(layer for group in self.groups for layer in group.layers)

    @property
    def begins(self) -> tuple[Begin, ...]:
        """Where its groups begin and how those of one layer run: what `ScheduleOptions.groups` must be for a plan of
        the same groups."""
        return tuple(Begin(group.first, group.runs if group.first == group.last else None) for group in self.groups)

    @property
    def dram(self) -> DramBytes:
        """Of the whole network."""
        return sum((group.dram for group in self.groups), DramBytes())

    def group_of(self, layer: int) -> GroupPlan:
        """The group of a layer, by its index."""
        return self.groups[bisect_right(self.groups, layer, key=lambda group: group.first) - 1]
