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
from lifsim.config.network import Layer, Network
from lifsim.config.sharing import Sharing
from lifsim.hardware.lif_unit import LifBank
from lifsim.schedule import partition, tick
from lifsim.schedule.partition import Objective
from lifsim.schedule.plan import Plan, ScheduleOptions
from lifsim.schedule.traffic import LayerTraffic
from lifsim.simulate.array_work import ArrayWork, array_work
from lifsim.simulate.spike_work import Ones

T = TypeVar("T")

PARTS = 20_000
"""Parts that are kept, the last used: some hundred megabytes at most."""


class Reuse:
    """Parts of runs of one network on one set of spikes."""

    def __init__(self) -> None:
        self._parts: OrderedDict[Hashable, object] = OrderedDict()
        self._array_machine = lru_cache(4)(_array_machine)
        self._schedule_machine = lru_cache(4)(_schedule_machine)
        self._tick_machine = lru_cache(4)(_tick_machine)

    def array_work(self, layer: Layer, arch: Arch, bank: LifBank, ones: Ones, *, tick_batched: bool) -> ArrayWork:
        """`array_work`: the spikes' work, once per array, LIF units and sharing."""
        machine = self._array_machine(arch)
        key = ("array", layer.index, machine, bank, tick_batched)
        return self._once(key, lambda: array_work(layer, machine, bank, ones, tick_batched=tick_batched))

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

    def _once(self, key: Hashable, make: Callable[[], T]) -> T:
        if key in self._parts:
            self._parts.move_to_end(key)
            return cast(T, self._parts[key])
        made = make()
        self._parts[key] = made
        if len(self._parts) > PARTS:
            self._parts.popitem(last=False)
        return made


def _array_machine(arch: Arch) -> Arch:
    return _masked(arch, "array", "lif")


def _schedule_machine(arch: Arch) -> Arch:
    return _masked(arch, "array", "precision", "buffers")


def _tick_machine(arch: Arch) -> Arch:
    buffers = arch.buffers.model_copy(update={"membrane": None, "spike_out": None})
    return _schedule_machine(arch).model_copy(update={"buffers": buffers})


def _masked(arch: Arch, *visible: str) -> Arch:
    """`arch` with nothing but `visible`: reading anything else fails."""
    hidden: dict[str, Any] = {name: None for name in Arch.model_fields if name not in visible}
    return arch.model_copy(update=hidden)
