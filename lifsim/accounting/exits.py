"""Counts of a layer whose images exit early: images that exit after t timesteps are counted as in a network of t
timesteps.

Cycles, operations and accesses of the array, the LIF units and the ports are sums over images, so they are counted
separately for each exit; DRAM bytes are those of all images together, as planned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from lifsim.accounting.counts import LayerCounts, TimestepCounts
from lifsim.accounting.protocol import Accounting, Setup
from lifsim.accounting.records import added
from lifsim.hardware.array import Kept
from lifsim.hardware.sram_ports import PortStalls
from lifsim.schedule.exits import Exits
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.traffic import DramBytes
from lifsim.schedule.window import within


def exit_counts(
    setup: Setup, accounting: Accounting, facts: NetworkFacts, group: GroupPlan, exits: Exits
) -> list[LayerCounts]:
    """The counts of the layers of `group` in order, with these exits, with waits for the ports of their buffers at
    most."""
    parts = list(_by_exit(setup, accounting, facts, group, exits))
    return [_together(layer) for layer in zip(*parts, strict=True)]


def _by_exit(
    setup: Setup, accounting: Accounting, facts: NetworkFacts, group: GroupPlan, exits: Exits
) -> Iterator[list[LayerCounts]]:
    """The counts of the layers of `group` for the images of each exit; the first holds the DRAM bytes of all."""
    still = tuple(replace(traffic, dram=DramBytes()) for traffic in group.layers)
    for number, step in enumerate(exits.images):
        part = replace(group, exits=None, layers=still if number else group.layers)
        places = tuple(place for place, last in enumerate(exits.steps) if last == step)
        mine = _until(setup, step, places)
        counts = accounting.count(mine, replace(facts, timesteps=step), part)
        yield accounting.with_port_waits(mine, part, counts) if setup.machine.waits else counts


def _until(setup: Setup, step: int, places: tuple[int, ...]) -> Setup:
    """`setup` of the images at these `places` in a network of `step` timesteps."""
    network = setup.network
    return replace(
        setup,
        network=replace(
            network, timesteps=step, layers=tuple(within(layer, step, last=True) for layer in network.layers)
        ),
        batch=len(places),
        kept=tuple(setup.memo.of(_of_images, kept, min(step, kept.rounds), places) for kept in setup.kept),
    )


def _of_images(kept: Kept, rounds: int, places: tuple[int, ...]) -> Kept:
    return kept.window(0, rounds).of_images(places)


def _together(parts: Sequence[LayerCounts]) -> LayerCounts:
    """The counts of a layer for all images."""
    if len(parts) == 1:
        return parts[0]
    steps = zip_longest(*(part.timesteps for part in parts))
    return replace(
        parts[0],
        cycles=added([part.cycles for part in parts]),
        ops=added([part.ops for part in parts]),
        dram_bytes=sum((part.dram_bytes for part in parts), DramBytes()),
        sram_accesses=added([part.sram_accesses for part in parts]),
        registers=added([part.registers for part in parts]),
        pe_utilisation=_busy([(part.pe_utilisation, part.cycles.array + part.cycles.fill_drain) for part in parts]),
        timesteps=tuple(_timestep([part for part in step if part is not None]) for step in steps),
        input_words=sum(part.input_words for part in parts),
        port_stalls=sum((part.port_stalls for part in parts), PortStalls()),
        fill_stalls=sum((part.fill_stalls for part in parts), PortStalls()),
    )


def _timestep(parts: Sequence[TimestepCounts]) -> TimestepCounts:
    return TimestepCounts(
        timestep=parts[0].timestep,
        array_cycles=sum(part.array_cycles for part in parts),
        fill_drain_cycles=sum(part.fill_drain_cycles for part in parts),
        pe_utilisation=_busy([(part.pe_utilisation, part.array_cycles + part.fill_drain_cycles) for part in parts]),
        macs_effective=sum(part.macs_effective for part in parts),
        input_reads=sum(part.input_reads for part in parts),
        weight_reads=sum(part.weight_reads for part in parts),
        output_writes=sum(part.output_writes for part in parts),
    )


def _busy(parts: Sequence[tuple[float, int]]) -> float:
    """The mean share of busy PEs, weighted by cycles."""
    running = sum(cycles for _, cycles in parts)
    return sum(share * cycles for share, cycles in parts) / running if running else 0.0
