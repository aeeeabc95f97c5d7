"""A schedule: groups of layers in order, what each layer moves, and the choices that make it so."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from lifsim.brief import Brief, Briefly
from lifsim.errors import Fault, InputError, did_you_mean, shown
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.chip import Chip
from lifsim.schedule.exits import Exits
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.timestep.group import Walk
from lifsim.schedule.traffic import DramBytes, LayerTraffic
from lifsim.schedule.window import MAX_DIGITS, PREFIX, TICK, TIMESTEP, Window, as_computed, misnumbered, window_named
from lifsim.schedule.words import plan_brief

if TYPE_CHECKING:
    from lifsim.hardware.array import Cut
    from lifsim.schedule.waves.group import WaveWalk
    from lifsim.schedule.waves.waves import Waves

SCHEDULES = ("tick", "timestep", f"{PREFIX}TW", "fused", "fused:TW", "skewed", "skewed:TW", "auto")
"""The names of schedules; TW stands for a number of timesteps."""


@dataclass(frozen=True)
class Begin:
    """Where a group begins: its first layer (index). window: of a group of one layer, or the waves of several layers;
    None: as the schedule decides."""

    first: int
    window: Window | None = None


@dataclass(frozen=True)
class ScheduleOptions:
    """schedule: "tick" (the smallest legal groups; those of one layer are tick-batched), "timestep" (one group,
    timestep-major), "window:TW" (the smallest legal groups; those of one layer run in windows of TW timesteps), "fused"
    (those fused groups and single layers that move the fewest bytes; layers that share membranes run as under "tick"),
    "skewed" (the smallest legal groups; those of several layers run in skewed strips), the last two perhaps in windows
    ("fused:TW"), or "auto" (the groups that move the fewest bytes, in any windows and waves). batch: images of a run.
    chunk: images that a group works on at a time, unless it is tick-batched; None: the best number. groups: where
    groups begin (the first one at layer 0), instead of the schedule's choice; each runs as under `schedule`, unless it
    says how. None: the schedule chooses. Raises InputError for an unknown schedule, a batch below 1, or a chunk beyond
    the batch."""

    schedule: str = "tick"
    batch: int = 1
    chunk: int | None = None
    groups: tuple[Begin, ...] | None = None

    def __post_init__(self) -> None:
        faults = []
        if self.schedule != "auto" and window_named(self.schedule) is None:
            faults.append(Fault(unknown_schedule(self.schedule), path="schedule"))
        if self.batch < 1:
            faults.append(Fault(f"{self.batch} must be >= 1", path="batch"))
        if self.chunk is not None and not 1 <= self.chunk <= max(self.batch, 1):
            faults.append(Fault(f"{self.chunk} must lie in 1..{self.batch}, the batch", path="chunk"))
        if faults:
            raise InputError(faults)

    @property
    def window(self) -> Window | None:
        """The window of a group of one layer; None: any."""
        return window_named(self.schedule)


def unknown_schedule(word: str) -> str:
    """The fault of a word that names no schedule."""
    if misnumbered(word):
        way, _, number = word.partition(":")
        digits = f" of at most {MAX_DIGITS} digits" if len(number) > MAX_DIGITS else ""
        return f"{shown(word)} must be {way}:TW, TW timesteps, a whole number >= 1{digits}"
    hint = did_you_mean(word, SCHEDULES)
    return f"{shown(word)} must be one of {', '.join(SCHEDULES)}{hint if 'did you mean' in hint else ''}"


@dataclass(frozen=True)
class Strip:
    """Layers first..last (indices) that run `rows` output rows at a time."""

    first: int
    last: int
    rows: int


@dataclass(frozen=True)
class Residency:
    """What a group that is not tick-batched keeps on chip, in bytes. weight_region: for the filter tile at work;
    transient: the membrane region that states use in turn; permanent: by state, what stays for a whole chunk; reserved:
    room for the membranes at work."""

    weight_region: int
    transient: int
    permanent: dict[str, int]
    reserved: int = 0


@dataclass(frozen=True)
class GroupPlan:
    """The plan of layers first..last (indices). window: timesteps that run back to back: all (tick-batched), one
    (timestep-major), or a number between; several layers have one, unless they run in `waves`. why: the reason why a
    group that should have a longer window has not. images: how many it works on at a time. residency: what stays on
    chip; None if tick-batched. strips, walk: of a timestep-major group, as planning walked it; wave_walk: the same of a
    group in waves. layers: what each layer moves for the whole batch. exits: when images exit early; None: all run to
    the end."""

    first: int
    last: int
    images: int
    strips: tuple[Strip, ...]
    residency: Residency | None
    layers: tuple[LayerTraffic, ...]
    window: Window
    walk: Walk | None = field(default=None, repr=False, compare=False)
    why: str = ""
    waves: Waves | None = None
    wave_walk: WaveWalk | None = field(default=None, repr=False, compare=False)
    exits: Exits | None = None

    def __post_init__(self) -> None:
        if self.window != TIMESTEP and self.last > self.first and self.waves is None:
            raise ValueError(f"layers {self.first} to {self.last} must run timestep-major, or in waves")
        if self.waves is not None and self.window == TIMESTEP:
            raise ValueError(f"layers {self.first} to {self.last} must have windows of several timesteps for waves")

    @cached_property
    def decided(self) -> GroupPlan:
        """What runs when and moves what, without the buffer sizes that led to it. Groups for which this is equal have
        equal counts."""
        return replace(self, residency=None, walk=None, wave_walk=None)

    @property
    def walked(self) -> Walk:
        """The walk of a timestep-major group."""
        if self.walk is None:
            raise ValueError(f"layer {self.first} is {self.window}")
        return self.walk

    @property
    def waves_walked(self) -> WaveWalk:
        """The group in waves as planning saw it."""
        if self.wave_walk is None:
            raise ValueError(f"layer {self.first} runs in no waves")
        return self.wave_walk

    @property
    def in_waves(self) -> Waves:
        """Its waves. Raises ValueError if it does not run in waves."""
        if self.waves is None:
            raise ValueError(f"layer {self.first} runs in no waves")
        return self.waves

    @property
    def fused(self) -> bool:
        """Whether its layers run in fused waves: all timesteps of a tile's window back to back, membranes in the
        PEs."""
        return self.waves is not None and not self.waves.skewed

    @property
    def in_turn(self) -> Window:
        """Its windows, and the waves in these."""
        if self.waves is None:
            return self.window
        return replace(self.window, waves="skewed" if self.waves.skewed else "fused")

    @property
    def indices(self) -> range:
        """The indices of its layers."""
        return range(self.first, self.last + 1)

    @property
    def tick_batched(self) -> bool:
        """Whether all timesteps of a tile run back to back, membranes in the PEs."""
        return self.window == TICK and self.waves is None

    @property
    def tiled(self) -> bool:
        """Whether it is one layer that runs several timesteps of a tile back to back, membranes in the PEs:
        tick-batched, or in windows of several timesteps."""
        return self.window != TIMESTEP and self.waves is None

    def as_run(self, layer: Layer) -> Layer:
        """Its layer `layer`, with the rounds in which it is computed."""
        own = layer if self.tiled else self.layers[layer.index - self.first].as_run(layer)
        return as_computed(own, self.window) if self.window != TIMESTEP else own

    def cut_of(self, layer: Layer, timestep: int = 0) -> Cut:
        """The tiles into which the array cuts its layer `layer`; in waves, where strips end with the waves, those of
        one `timestep` of a window."""
        tiling = self.layers[layer.index - self.first].tiling
        if self.waves is None:
            return tiling.cut
        from lifsim.schedule.waves.cut import cut_in_waves

        return cut_in_waves(layer, tiling, self.waves, timestep)

    @cached_property
    def dram(self) -> DramBytes:
        """DRAM bytes of all its layers."""
        return sum((layer.dram for layer in self.layers), DramBytes())


def alone(index: int, batch: int, moved: LayerTraffic) -> GroupPlan:
    """A layer alone that moves so much, tick-batched."""
    return GroupPlan(index, index, batch, (), None, (moved,), TICK)


@dataclass(frozen=True, repr=False)
class Plan(Briefly):
    """Groups in order. facts, chip: the network (as it runs) and the architecture, as planning saw them."""

    groups: tuple[GroupPlan, ...]
    facts: NetworkFacts = field(repr=False, compare=False)
    chip: Chip = field(repr=False, compare=False)

    @property
    def brief(self) -> Brief:
        """Its groups in order, and how each runs."""
        return plan_brief(self)

    @property
    def layers(self) -> tuple[LayerTraffic, ...]:
        """Every layer of the network, in order."""
        return tuple(layer for group in self.groups for layer in group.layers)

    @property
    def begins(self) -> tuple[Begin, ...]:
        """Where its groups begin, and how each runs: the `ScheduleOptions.groups` that give the same groups under any
        schedule."""
        return tuple(Begin(group.first, group.in_turn) for group in self.groups)

    @property
    def exits(self) -> Exits | None:
        """The exits of images, if the schedule allows any."""
        return self.groups[0].exits

    @property
    def dram(self) -> DramBytes:
        """DRAM bytes of the whole network."""
        return sum((group.dram for group in self.groups), DramBytes())

    def group_of(self, layer: int) -> GroupPlan:
        """The group of a layer, by its index."""
        return self.groups[bisect_right(self.groups, layer, key=lambda group: group.first) - 1]
