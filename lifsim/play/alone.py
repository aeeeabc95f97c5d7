"""A group by itself: its own steps against the memory of the machine, and what that cannot go below.

A group runs to its end before the next one starts and hands its spikes over through DRAM. What it takes by itself is
what it takes in a run, but for what the memory does for its neighbours: the next group's first loads under its last
steps, rows that are open, refreshes.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil

from lifsim.accounting import Accounting, Setup
from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.machine import Machine
from lifsim.hardware.stores import Store
from lifsim.memo import Memo
from lifsim.play.steps import Planned
from lifsim.play.timing import timed
from lifsim.schedule.choices import Choice, Choices
from lifsim.schedule.partition import plan_of
from lifsim.schedule.traffic import DramBytes
from lifsim.watch import part_of


def counted(setup: Setup, accounting: Accounting, choices: Choices, choice: Choice) -> tuple[LayerCounts, ...]:
    """The events of the layers of a group, which wait for the ports of their buffers, but not for the DRAM."""
    counts = accounting.count(setup, plan_of(choices, [choice]).facts, choice.group)
    return tuple(accounting.with_port_waits(setup, choice.group, counts) if setup.machine.waits else counts)


def played(setup: Setup, accounting: Accounting, choices: Choices, choice: Choice) -> tuple[LayerCounts, ...]:
    """The same with what they wait for the DRAM, nothing running before them and nothing behind. Raises InputError
    where this machine has not the memory for its steps."""
    counts = setup.memo.of(counted, setup, accounting, choices, choice)
    if not setup.machine.waits:
        return counts
    alone = plan_of(choices, [choice])
    own = Planned(alone, setup.batch, setup.memo, choice.first)
    names = choices.facts.layers[choice.first].layer.name, choices.facts.layers[choice.end - 1].layer.name
    watch = part_of(f"{' to '.join(dict.fromkeys(names))} alone", setup.watch)
    # Every step of every group were too much to keep.
    return tuple(timed(setup.machine, own, counts, Memo(), watch)[0])


def least_cycles(machine: Machine, counts: Sequence[LayerCounts], waited: int = 0) -> int:
    """Cycles below which layers with these events, which do not know the DRAM yet, cannot stay, alone or one behind the
    other: their bytes at the memory's peak; or their work, what a buffer that is not double-buffered cannot load
    under it, at the memory's peak or through its ports, and what they `waited` before they began."""
    work = sum(layer.cycles.total for layer in counts)
    peak = machine.dram_bytes_per_cycle
    if peak is None:
        return work
    moved = sum((layer.dram_bytes for layer in counts), DramBytes())
    loads = [
        (store, size)
        for store, size in (
            (machine.stores.weight, moved.filters),
            (machine.stores.spike_in, moved.first_operand),
            (machine.stores.membrane, moved.membrane_read),
        )
        if not store.double_buffered
    ]
    exposed = [_over(sum(size for _, size in loads), peak), *(_over(size, _ports(store)) for store, size in loads)]
    return max(_over(moved.total, peak), waited + work + max(exposed))


def least_in_turn(
    setup: Setup, accounting: Accounting, choices: Choices, groups: Sequence[Choice]
) -> dict[Choice, float]:
    """Cycles below which each of these `groups` likely stays behind any of the others: its own, and those in which it
    waits for its first weights while the layer before it, which works least, has no work left."""
    counts = {choice: setup.memo.of(counted, setup, accounting, choices, choice) for choice in groups}
    before: dict[int, int] = {}
    for choice, layers in counts.items():
        work = layers[-1].cycles.total
        before[choice.end] = min(before.get(choice.end, work), work)
    waited = {choice: max(0, choices.first_weights(choice) - before.get(choice.first, 0)) for choice in groups}
    return {choice: least_cycles(setup.machine, layers, waited[choice]) for choice, layers in counts.items()}


def _ports(store: Store) -> Fraction:
    """Bytes that pass the ports of a buffer in a cycle."""
    return Fraction(store.banks * store.port_bits, 8)


def _over(size: int, bytes_per_cycle: Fraction) -> int:
    return ceil(size / bytes_per_cycle)
