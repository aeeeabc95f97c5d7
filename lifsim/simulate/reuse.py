"""What runs beside each other have in common, computed once.

Each part of a run is computed on a machine of which everything is masked that it must not depend on, and kept under
exactly that machine: no key can forget what matters, and a part that begins to read more fails at once.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, TypeVar, cast

from lifsim.config.arch import Arch, Buffer, Buffers
from lifsim.config.network import Layer, Network
from lifsim.config.sharing import Sharing
from lifsim.hardware.lif_unit import LifBank
from lifsim.hardware.pipeline.program import Program
from lifsim.hardware.pipeline.timing import Runs, Timing
from lifsim.schedule import partition, tick
from lifsim.schedule.moves import Visit
from lifsim.schedule.partition import Objective
from lifsim.schedule.plan import Plan, ScheduleOptions
from lifsim.schedule.tick_steps import tick_visit
from lifsim.schedule.traffic import LayerTraffic
from lifsim.simulate.array_work import ArrayWork, array_work
from lifsim.simulate.counts import LayerCounts
from lifsim.simulate.port_work import PortWork, port_work
from lifsim.simulate.spike_work import Ones

T = TypeVar("T")

PARTS = 20_000
"""Parts that are kept, the last used: some hundred megabytes at most."""

TIMINGS = 32
"""Plays of the step pipeline that are kept; each may have a million requests."""


class Reuse:
    """Parts of runs of one network on one set of spikes."""

    def __init__(self) -> None:
        self._parts: OrderedDict[Hashable, object] = OrderedDict()
        self._timings: OrderedDict[Hashable, object] = OrderedDict()
        self._array_machine = lru_cache(4)(_array_machine)
        self._schedule_machine = lru_cache(4)(_schedule_machine)
        self._tick_machine = lru_cache(4)(_tick_machine)
        self._port_machine = lru_cache(4)(_port_machine)

    def array_work(self, layer: Layer, arch: Arch, bank: LifBank, ones: Ones, *, tick_batched: bool) -> ArrayWork:
        """`array_work`: the spikes' work, once per array, LIF units and sharing."""
        machine = self._array_machine(arch)
        key = ("array", layer.index, machine, bank, tick_batched)
        return self._once(key, lambda: array_work(layer, machine, bank, ones, tick_batched=tick_batched))

    def port_work(
        self,
        layer: Layer,
        arch: Arch,
        counts: LayerCounts,
        bank: LifBank,
        channels: int,
        ones: Ones,
        *,
        tick_batched: bool,
    ) -> PortWork:
        """`port_work`: waits for SRAM ports, once per array, LIF units, sharing and ports."""
        machine = self._port_machine(arch)
        key = ("ports", layer.index, layer.lif, machine, counts.bits, counts.cycles.lif, bank, channels, tick_batched)
        return self._once(
            key, lambda: port_work(layer, machine, counts, bank, channels, ones, tick_batched=tick_batched)
        )

    def plan(
        self, network: Network, sharing: Sharing, arch: Arch, options: ScheduleOptions, objective: Objective
    ) -> Plan:
        """`partition.plan`: the schedule, once per array and buffers; not kept where it follows cycles or energy."""
        machine = self._schedule_machine(arch)

        def make() -> Plan:
            return partition.plan(network, sharing, machine, options, objective, self._tick_traffic)

        if objective is not partition.dram_bytes:
            return make()
        return self._once(("plan", sharing, machine, options), make)

    def _tick_traffic(self, network: Network, layer: Layer, arch: Arch, batch: int) -> LayerTraffic:
        """`tick.traffic`: what a layer alone moves, once per array and buffers that cut its tiles."""
        machine = self._tick_machine(arch)
        return self._once(("tick", layer.index, machine, batch), lambda: tick.traffic(network, layer, machine, batch))

    def tick_visit(self, network: Network, layer: Layer, arch: Arch, batch: int, traffic: LayerTraffic) -> Visit:
        """`tick_steps.tick_visit`: the steps of a layer alone, once per array and buffers that cut its tiles."""
        machine = self._tick_machine(arch)
        key = ("visit", layer.index, machine, batch, traffic)
        return self._once(key, lambda: tick_visit(network, layer, machine, batch, traffic))

    def timing(self, program: Program, memory: Hashable, runs: Runs | None, play: Callable[[], Timing]) -> Timing:
        """`play`, once per program, its addresses and the memory and clock that it is played on."""
        columns = *vars(program.requests).values(), *(vars(runs).values() if runs else ())
        arrays = program.step_cycles, program.first_load, program.loads, program.room, *columns
        digest = hashlib.blake2b()
        for array in arrays:
            digest.update(array.tobytes())
        return _kept(self._timings, TIMINGS, (memory, digest.digest()), play)

    def _once(self, key: Hashable, make: Callable[[], T]) -> T:
        return _kept(self._parts, PARTS, key, make)


def _kept(parts: OrderedDict[Hashable, object], limit: int, key: Hashable, make: Callable[[], T]) -> T:
    if key in parts:
        parts.move_to_end(key)
        return cast(T, parts[key])
    made = make()
    parts[key] = made
    if len(parts) > limit:
        parts.popitem(last=False)
    return made


def _array_machine(arch: Arch) -> Arch:
    return _masked(arch, "array", "lif")


def _schedule_machine(arch: Arch) -> Arch:
    return _masked(arch, "array", "precision", "buffers")


def _tick_machine(arch: Arch) -> Arch:
    buffers = arch.buffers.model_copy(update={"membrane": None, "spike_out": None})
    return _schedule_machine(arch).model_copy(update={"buffers": buffers})


def _port_machine(arch: Arch) -> Arch:
    """Of a buffer's size it counts only whether there is one."""
    ports = {
        name: Buffer(size_bytes=min(1, buffer.size_bytes), banks=buffer.banks, port_bits=buffer.port_bits)
        for name, buffer in ((name, getattr(arch.buffers, name)) for name in Buffers.model_fields)
    }
    buffers = arch.buffers.model_copy(update=ports)
    return _masked(arch, "array", "lif").model_copy(update={"buffers": buffers})


def _masked(arch: Arch, *visible: str) -> Arch:
    """`arch` with nothing but `visible`: reading anything else fails."""
    hidden: dict[str, Any] = {name: None for name in Arch.model_fields if name not in visible}
    return arch.model_copy(update=hidden)
