"""What runs beside each other have in common, computed once.

Each part of a run is computed on a machine of which everything is masked that it must not depend on, and kept under
exactly that machine: no key can forget what matters, and a part that begins to read more fails at once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, TypeVar, cast

from lifsim.config.arch import Arch
from lifsim.config.buffers import Buffer, Buffers
from lifsim.config.network import Layer, Network
from lifsim.config.sharing import Sharing
from lifsim.hardware.array import Kept
from lifsim.hardware.lif_unit import LifBank
from lifsim.schedule import partition, tick
from lifsim.schedule.moves import Visit
from lifsim.schedule.partition import Objective
from lifsim.schedule.plan import Plan, ScheduleOptions
from lifsim.schedule.tick_steps import tick_visit
from lifsim.schedule.traffic import LayerTraffic
from lifsim.simulate.array_work import ArrayWork, array_work
from lifsim.simulate.counts import LayerCounts
from lifsim.simulate.port_work import PortWork, port_work

T = TypeVar("T")
Counted = TypeVar("Counted")

PARTS = 20_000
"""Parts that are kept, the last used: some hundred megabytes at most."""

COUNTED = 32
"""Counted runs that are kept, the last used; the timeline of each may have a million requests."""


class Reuse:
    """Parts of runs of one network on one set of spikes."""

    def __init__(self) -> None:
        self._parts: OrderedDict[Hashable, object] = OrderedDict()
        self._counted: OrderedDict[Hashable, object] = OrderedDict()
        self._array_machine = lru_cache(4)(_array_machine)
        self._schedule_machine = lru_cache(4)(_schedule_machine)
        self._tick_machine = lru_cache(4)(_tick_machine)
        self._port_machine = lru_cache(4)(_port_machine)
        self._priceless_machine = lru_cache(4)(_priceless_machine)

    def array_work(self, layer: Layer, arch: Arch, bank: LifBank, kept: Kept, *, tick_batched: bool) -> ArrayWork:
        """`array_work`: the spikes' work, once per array, LIF units and sharing."""
        machine = self._array_machine(arch)
        key = ("array", layer.index, machine, bank, tick_batched)
        return self._once(key, lambda: array_work(layer, machine, bank, kept, tick_batched=tick_batched))

    def port_work(
        self,
        layer: Layer,
        arch: Arch,
        counts: LayerCounts,
        bank: LifBank,
        channels: int,
        kept: Kept,
        *,
        tick_batched: bool,
    ) -> PortWork:
        """`port_work`: waits for SRAM ports, once per array, LIF units, sharing and ports."""
        machine = self._port_machine(arch)
        key = ("ports", layer.index, layer.lif, machine, counts.bits, counts.cycles.lif, bank, channels, tick_batched)
        return self._once(
            key, lambda: port_work(layer, machine, counts, bank, channels, kept, tick_batched=tick_batched)
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

    def counted(self, sharing: Sharing, arch: Arch, plan: Plan, count: Callable[[Arch], Counted]) -> Counted:
        """What `count` makes of a machine without prices; of one-layer groups once per sharing, plan and all of the
        machine but the size of its membrane buffer."""
        machine = self._priceless_machine(arch)
        if not all(group.tick_batched for group in plan.groups):
            return count(machine)
        membrane = machine.buffers.membrane.model_copy(update={"size_bytes": min(1, arch.buffers.membrane.size_bytes)})
        machine = machine.model_copy(update={"buffers": machine.buffers.model_copy(update={"membrane": membrane})})
        return _kept(self._counted, COUNTED, (sharing, machine, plan), lambda: count(machine))

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


def _priceless_machine(arch: Arch) -> Arch:
    free = dict.fromkeys(("read_pj", "write_pj", "leakage_mw", "area_mm2", "source"))
    buffers = {name: getattr(arch.buffers, name).model_copy(update=free) for name in Buffers.model_fields}
    machine = _masked(arch, "clock_hz", "array", "precision", "lif", "dram")
    return machine.model_copy(update={"buffers": arch.buffers.model_copy(update=buffers)})


def _masked(arch: Arch, *visible: str) -> Arch:
    """`arch` with nothing but `visible`: reading anything else fails."""
    hidden: dict[str, Any] = {name: None for name in Arch.model_fields if name not in visible}
    return arch.model_copy(update=hidden)
