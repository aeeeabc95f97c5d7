"""A group by itself: its own steps played against the memory of the machine, and a lower bound of their cycles.

A group runs to its end before the next one starts and hands its spikes over through DRAM. By itself it takes as long as
in a run, except for what neighbouring groups share: the next group's first loads under its last steps, open rows,
refreshes.
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
    """The events of the layers of a group, with waits for the ports of buffers, but not for the DRAM."""
    counts = accounting.count(setup, plan_of(choices, [choice]).facts, choice.group)
    return tuple(accounting.with_port_waits(setup, choice.group, counts) if setup.machine.waits else counts)


def played(setup: Setup, accounting: Accounting, choices: Choices, choice: Choice) -> tuple[LayerCounts, ...]:
    """The same with waits for the DRAM, with nothing running before or after them. Raises InputError if this machine
    does not have the memory for their steps."""
    counts = setup.memo.of(counted, setup, accounting, choices, choice)
    if not setup.machine.waits:
        return counts
    alone = plan_of(choices, [choice])
    own = Planned(alone, setup.batch, setup.memo, choice.first)
    names = choices.facts.layers[choice.first].layer.name, choices.facts.layers[choice.end - 1].layer.name
    watch = part_of(f"{' to '.join(dict.fromkeys(names))} alone", setup.watch)
    # Keeping every step of every group would take too much memory.
    return tuple(timed(setup.machine, own, counts, Memo(), watch)[0])


def least_cycles(machine: Machine, counts: Sequence[LayerCounts], waited: int = 0) -> int:
    """A lower bound of the cycles of layers with these events, which do not include waits for the DRAM, alone or in
    sequence: the larger of their bytes at the memory's peak, and of their work, plus the loads of single buffers, which
    cannot overlap it, at the memory's peak or through the ports, plus what they `waited` before they began."""
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
    """A likely lower bound of the cycles of each of these `groups` behind any other: its own, and its wait for its
    first weights after the shortest possible layer before it has ended."""
    counts = {choice: setup.memo.of(counted, setup, accounting, choices, choice) for choice in groups}
    before: dict[int, int] = {}
    for choice, layers in counts.items():
        work = layers[-1].cycles.total
        before[choice.end] = min(before.get(choice.end, work), work)
    waited = {choice: max(0, choices.first_weights(choice) - before.get(choice.first, 0)) for choice in groups}
    return {choice: least_cycles(setup.machine, layers, waited[choice]) for choice, layers in counts.items()}


def _ports(store: Store) -> Fraction:
    """Bytes per cycle that pass the ports of a buffer."""
    return Fraction(store.banks * store.port_bits, 8)


def _over(size: int, bytes_per_cycle: Fraction) -> int:
    return ceil(size / bytes_per_cycle)
