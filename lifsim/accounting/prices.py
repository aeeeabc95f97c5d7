"""Counts x costs: the energy of a layer and the area of the machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import field, replace
from functools import lru_cache

from lifsim.accounting.books import Accesses
from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.energy import (
    KINDS,
    BufferEnergy,
    ComputeEnergy,
    DramEnergy,
    Energy,
    EnergyPj,
    LifIf,
    LogicEnergy,
)
from lifsim.accounting.logic import OptimizerUnit, logic_energy
from lifsim.accounting.machine import Machine
from lifsim.accounting.records import added
from lifsim.errors import Fault, InputError
from lifsim.hardware import energy
from lifsim.hardware.components import Bill, bill_of, clock_gated, price_fault, toggling
from lifsim.hardware.energy import LogicWork
from lifsim.hardware.lif_unit import LifBank
from lifsim.hardware.memory import MEMORIES, Charge
from lifsim.hardware.sram import SramCost, sram_cost, uncovered
from lifsim.lazy_dataclass import dataclass
from lifsim.memo import Memo
from lifsim.model.arch import Arch, Component
from lifsim.model.schema import UnknownKeyError, known

BUFFERS = ("weight", "spike_in", "spike_out", "membrane", "psum")

UNIT_TAGS = ("lif", "pgu", "surrogate")
"""Of components, by the bills of `UnitBills`."""


@dataclass(frozen=True)
class UnitBills:
    """Bills per datapath of a LIF unit: the unit itself, and its gradient unit, which works in training: the arithmetic
    of gradients, and the slopes of the surrogate."""

    calls: Bill
    gradients: Bill
    slopes: Bill

    @classmethod
    def of(cls, components: Sequence[Component]) -> UnitBills:
        """The bills of the units in a bill of materials."""
        return cls(*(bill_of(components, tag) for tag in UNIT_TAGS))

    @property
    def area_mm2(self) -> float:
        """Area of all three."""
        return self.calls.area_mm2 + self.gradients.area_mm2 + self.slopes.area_mm2


@dataclass(frozen=True)
class Costs:
    """The price list of one architecture: per PE (spike_mac, spad), per datapath of a LIF unit (`lif`), per membrane
    register, per lane of the optimizer unit, per buffer.

    lif_toggling, lif_clock_gated: of the same units if they toggled without work (equal to `lif` if any part does), or
    if they were clock-gated. gated: buffers that are switched off in a run that never uses them. dram: price of what a
    device did, or per bit."""

    spike_mac: Bill
    lif: UnitBills
    membrane: Bill
    spad: Bill
    optimizer: OptimizerUnit
    lif_toggling: UnitBills
    lif_clock_gated: UnitBills
    buffers: dict[str, SramCost] = field(hash=False)
    gated: frozenset[str]
    dram: Charge

    @property
    def beside_buffers(self) -> Costs:
        """All prices but those of buffers: the same for machines that differ only in buffers."""
        return replace(self, buffers={}, gated=frozenset())


@dataclass(frozen=True)
class Area:
    """mm2. pe_array: MACs and scratchpads of all PEs; lif: all LIF units; membrane_registers: what keeps membranes in
    the array; sram: all buffers; optimizer: the unit that changes weights."""

    pe_array: float
    lif: float
    membrane_registers: float
    sram: float
    optimizer: float = 0.0

    @property
    def total(self) -> float:
        """The whole machine without DRAM."""
        return self.pe_array + self.lif + self.membrane_registers + self.sram + self.optimizer


def costs_of(arch: Arch) -> Costs:
    """Price the bill of materials and the buffers of `arch`. Raises InputError with every price that is missing."""
    faults = price_faults(arch)
    if faults:
        raise InputError(faults)
    buffers = {name: sram_cost(getattr(arch.buffers, name), arch.technology_nm, name) for name in BUFFERS}
    return Costs(
        *_logic(arch.components, arch.optimizer.lanes),
        buffers=buffers,
        gated=frozenset(name for name in BUFFERS if getattr(arch.buffers, name).idle == "gated"),
        dram=MEMORIES[arch.dram.model].charge(arch.dram),
    )


@lru_cache(1 << 8)
def _logic(
    components: tuple[Component, ...], lanes: int
) -> tuple[Bill, UnitBills, Bill, Bill, OptimizerUnit, UnitBills, UnitBills]:
    """The first fields of `Costs`, from a bill of materials and the lanes of the optimizer."""
    return (
        bill_of(components, "spike_mac"),
        UnitBills.of(components),
        bill_of(components, "membrane"),
        bill_of(components, "spad"),
        OptimizerUnit.of(components, lanes),
        UnitBills.of(toggling([part for part in components if part.tag in UNIT_TAGS])),
        UnitBills.of([clock_gated(component) for component in components]),
    )


def price_faults(arch: Arch) -> list[Fault]:
    """A fault for every missing price of an architecture, which may be known in part (`config.validate.examine`)."""
    faults: list[Fault] = []
    for name in BUFFERS:
        with suppress(UnknownKeyError):
            faults += uncovered(getattr(arch.buffers, name), known(arch, "technology_nm", None), name)
    for component in known(arch, "components", ()):
        with suppress(UnknownKeyError):
            fault = price_fault(component)
            faults += [] if fault is None else [fault]
    return faults


def unused_buffers(counts: Iterable[LayerCounts]) -> list[str]:
    """The buffers that hold nothing in any of these layers (or stages): they are neither read nor written."""
    layers, nothing = list(counts), Accesses(0, 0)
    return [name for name in BUFFERS if all(c.accesses(name) == nothing for c in layers)]


def switched_off(costs: Costs, counts: Iterable[LayerCounts]) -> Costs:
    """`costs` for a run of these layers: gated buffers that hold nothing do not leak."""
    off = costs.gated.intersection(unused_buffers(counts))
    buffers = {name: replace(cost, leakage_mw=0.0) if name in off else cost for name, cost in costs.buffers.items()}
    return replace(costs, buffers=buffers)


def area_of(arch: Arch, costs: Costs, bank: LifBank) -> Area:
    """Area of `arch` with the LIF units and membrane registers of `bank`."""
    pes = arch.array.rows * arch.array.cols
    return Area(
        pe_array=pes * (costs.spike_mac.area_mm2 + costs.spad.area_mm2),
        lif=bank.datapaths * costs.lif.area_mm2,
        membrane_registers=bank.registers * costs.membrane.area_mm2,
        sram=sum(cost.area_mm2 for cost in costs.buffers.values()),
        optimizer=costs.optimizer.area_mm2,
    )


def energy_of(
    counts: LayerCounts, costs: Costs, machine: Machine, bank: LifBank, *, training: bool = False
) -> EnergyPj:
    """Energy of one layer, or of one stage of its training. Gradient units and the optimizer unit are power-gated in
    inference.

    The clock runs and logic leaks in every cycle, also while the array waits for LIF units or memory; power gates and
    clock gates shut in every cycle without an operation. Buffers leak all the time.
    """
    beside = energy_beside_buffers(counts, costs, machine, bank, training=training)
    buffers = (_in_buffer(name, (counts,), *_asked(name, costs, machine)) for name in BUFFERS)
    return beside.with_buffers(BufferEnergy(*(energy for (energy,) in buffers)))


@dataclass(frozen=True)
class BesideBuffers:
    """pJ of everything but the buffers, as in EnergyPj."""

    compute: ComputeEnergy
    dram: DramEnergy
    lif_if: LifIf

    def with_buffers(self, buffers: BufferEnergy) -> EnergyPj:
        """The energy with that of the buffers."""
        return EnergyPj.of(self.compute, buffers, self.dram, self.lif_if)


def energy_beside_buffers(
    counts: LayerCounts, costs: Costs, machine: Machine, bank: LifBank, *, training: bool = False
) -> BesideBuffers:
    """The part of `energy_of` that depends neither on the prices of buffers nor on their sizes."""
    units = {
        name: _units(bills, counts, machine, bank, training=training)
        for name, bills in (("own", costs.lif), ("toggles", costs.lif_toggling), ("gated", costs.lif_clock_gated))
    }
    return BesideBuffers(
        _compute(counts, costs, machine, bank, units["own"], training=training),
        DramEnergy.of(**vars(costs.dram.energy_pj(counts.dram_bytes.total, counts.dram))),
        LifIf(*(Energy.of(*(getattr(units[name], kind) for kind in KINDS)) for name in ("toggles", "gated"))),
    )


def energies_of(
    counts: Sequence[LayerCounts], costs: Costs, machine: Machine, bank: LifBank, memo: Memo
) -> list[EnergyPj]:
    """`energy_of` each of these layers in inference. `memo` keeps the energy beside the buffers and that of each
    buffer, for machines that differ only in other buffers."""
    layers, others = tuple(counts), replace(machine, stores=machine.stores.of_any_size)
    beside = memo.of(_all_beside_buffers, layers, costs.beside_buffers, others, bank)
    buffers = [memo.of(_in_buffer, name, layers, *_asked(name, costs, machine)) for name in BUFFERS]
    return [one.with_buffers(BufferEnergy(*energies)) for one, *energies in zip(beside, *buffers, strict=True)]


def _all_beside_buffers(
    counts: tuple[LayerCounts, ...], costs: Costs, machine: Machine, bank: LifBank
) -> tuple[BesideBuffers, ...]:
    return tuple(energy_beside_buffers(layer, costs, machine, bank) for layer in counts)


def _compute(
    counts: LayerCounts, costs: Costs, machine: Machine, bank: LifBank, units: LogicEnergy, *, training: bool
) -> ComputeEnergy:
    macs = LogicWork(machine.array.pes, counts.ops.macs_executed, counts.ops.macs_multibit, counts.cycles.total)
    registers = LogicWork(bank.registers, counts.registers.writes, 0, counts.cycles.total)
    found = ComputeEnergy(
        spike_mac=logic_energy(costs.spike_mac, macs, machine.clock_hz),
        lif=units,
        membrane_registers=logic_energy(costs.membrane, registers, machine.clock_hz),
        spad=logic_energy(costs.spad, macs, machine.clock_hz),
    )
    if not training:
        return found
    return replace(found, optimizer=costs.optimizer.energy_pj(counts.ops, counts.cycles.total, machine.clock_hz))


def _units(bills: UnitBills, counts: LayerCounts, machine: Machine, bank: LifBank, *, training: bool) -> LogicEnergy:
    """Energy of LIF units at these prices, in training with their gradient units, which also do the arithmetic of batch
    norms."""
    ops, cycles = counts.ops, counts.cycles.total
    calls = LogicWork(bank.datapaths, ops.lif_updates * counts.datapaths, 0, cycles)
    called = logic_energy(bills.calls, calls, machine.clock_hz)
    if not training:
        return called
    updates, multiplied = ops.pgu_updates * counts.datapaths, ops.pgu_multiplications
    norms = ops.norm_multiply_adds
    gradients = LogicWork(bank.datapaths, updates + norms, multiplied + norms, cycles)
    undone = logic_energy(bills.gradients, gradients, machine.clock_hz)
    slopes = logic_energy(bills.slopes, LogicWork(bank.datapaths, updates, 0, cycles), machine.clock_hz)
    return added([called, undone, slopes])


def _asked(name: str, costs: Costs, machine: Machine) -> tuple[SramCost, int, int]:
    """What the energy of a buffer depends on besides counts: its cost, the width of its ports, the clock."""
    return costs.buffers[name], getattr(machine.stores, name).port_bits, machine.clock_hz


def _in_buffer(
    name: str, counts: tuple[LayerCounts, ...], cost: SramCost, port_bits: int, clock_hz: int
) -> tuple[Energy, ...]:
    """The energy that each layer spends in the buffer `name`."""
    found = list[Energy]()
    for layer in counts:
        words = layer.words(name, port_bits)
        work = energy.sram_pj(cost, words.reads, words.writes)
        found.append(Energy.of(work, 0.0, energy.leakage_pj(cost.leakage_mw, layer.cycles.total, clock_hz)))
    return tuple(found)
