"""A schedule: groups of layers in order, what each layer moves, and the choices that make it so."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.schedule.chip import Chip
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.group import Walk
from lifsim.schedule.traffic import DramBytes, LayerTraffic

SCHEDULES = ("tick", "timestep", "auto")


@dataclass(frozen=True)
class ScheduleOptions:
    """schedule: "tick" (the smallest legal groups), "timestep" (one group) or "auto" (the groups that move the fewest
    bytes). batch: images of a run. chunk: images that a timestep-major group works on at a time; None: the best.
    groups: the first layers of the groups (indices, from 0 on), whatever `schedule` would take; None: as it says."""

    schedule: str = "tick"
    batch: int = 1
    chunk: int | None = None
    groups: tuple[int, ...] | None = None

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
    membrane region that states use in turn; permanent: by state, for a whole chunk."""

    weight_region: int
    transient: int
    permanent: dict[str, int]


@dataclass(frozen=True)
class GroupPlan:
    """Layers first..last (indices). A group of one layer is tick-batched; of several, timestep-major, `images` at a
    time, with strips and residency, as planning walked it. layers: what each moves for the whole batch."""

    first: int
    last: int
    images: int
    strips: tuple[Strip, ...]
    residency: Residency | None
    layers: tuple[LayerTraffic, ...]
    walk: Walk | None = field(default=None, repr=False, compare=False)

    @property
    def walked(self) -> Walk:
        """The walk of a timestep-major group."""
        if self.walk is None:
            raise ValueError(f"layer {self.first} alone is tick-batched")
        return self.walk

    @property
    def indices(self) -> range:
        """Of its layers."""
        return range(self.first, self.last + 1)

    @property
    def tick_batched(self) -> bool:
        """Whether all timesteps of a tile run back to back, membranes in the PEs."""
        return self.first == self.last

    @property
    def dram(self) -> DramBytes:
        """Of all its layers."""
        return sum((layer.dram for layer in self.layers), DramBytes())


@dataclass(frozen=True)
class Plan:
    """Groups in order. facts, chip: the network and the architecture as planning saw them."""

    groups: tuple[GroupPlan, ...]
    facts: NetworkFacts = field(repr=False, compare=False)
    chip: Chip = field(repr=False, compare=False)

    @property
    def layers(self) -> tuple[LayerTraffic, ...]:
        """Every layer of the network, in order."""
        return tuple(layer for group in self.groups for layer in group.layers)

    @property
    def firsts(self) -> tuple[int, ...]:
        """The first layers of the groups."""
        return tuple(group.first for group in self.groups)

    @property
    def dram(self) -> DramBytes:
        """Of the whole network."""
        return sum((group.dram for group in self.groups), DramBytes())

    def group_of(self, layer: int) -> GroupPlan:
        """The group of a layer, by its index."""
        return self.groups[bisect_right(self.groups, layer, key=lambda group: group.first) - 1]
