"""Counts x costs: the energy of a layer and the area of the machine."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass

from lifsim.accounting.books import (
    Accesses,
    BufferEnergy,
    ComputeEnergy,
    DramEnergy,
    Energy,
    EnergyPj,
    LogicEnergy,
    added,
)
from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.machine import Machine
from lifsim.config.arch import Arch
from lifsim.config.schema import UnknownKeyError, known
from lifsim.errors import Fault, InputError
from lifsim.hardware import energy
from lifsim.hardware.components import Bill, bill_of, price_fault
from lifsim.hardware.energy import LogicWork
from lifsim.hardware.memory import MEMORIES, Charge
from lifsim.hardware.sram import SramCost, sram_cost, uncovered

TAGS = ("spike_mac", "lif", "spad", "pgu")
BUFFERS = ("weight", "spike_in", "spike_out", "membrane", "psum")


@dataclass(frozen=True)
class Costs:
    """The price list of one architecture: per PE (spike_mac, spad), per datapath of a LIF unit (lif; pgu, its gradient
    unit), per buffer. dram: by what a device did, or by the bit."""

    spike_mac: Bill
    lif: Bill
    spad: Bill
    pgu: Bill
    buffers: dict[str, SramCost]
    dram: Charge


@dataclass(frozen=True)
class Area:
    """mm2. pe_array: MACs and scratchpads of all PEs; lif: all LIF units; sram: all buffers."""

    pe_array: float
    lif: float
    sram: float

    @property
    def total(self) -> float:
        """The whole machine without DRAM."""
        return self.pe_array + self.lif + self.sram


def costs_of(arch: Arch) -> Costs:
    """Price the bill of materials and the buffers of `arch`. Raises InputError with every price that is missing."""
    faults = price_faults(arch)
    if faults:
        raise InputError(faults)
    buffers = {name: sram_cost(getattr(arch.buffers, name), arch.technology_nm, name) for name in BUFFERS}
    bills = {tag: bill_of(arch.components, tag) for tag in TAGS}
    dram = MEMORIES[arch.dram.model].charge(arch.dram)
    return Costs(bills["spike_mac"], bills["lif"], bills["spad"], bills["pgu"], buffers, dram)


def price_faults(arch: Arch) -> list[Fault]:
    """Every price that is missing, of an architecture that may be known in part (`config.validate.examine`)."""
    faults: list[Fault] = []
    for name in BUFFERS:
        with suppress(UnknownKeyError):
            faults += uncovered(getattr(arch.buffers, name), known(arch, "technology_nm", None), name)
    for component in known(arch, "components", ()):
        with suppress(UnknownKeyError):
            fault = price_fault(component)
            faults += [] if fault is None else [fault]
    return faults


def area_of(arch: Arch, costs: Costs, lif_datapaths: int) -> Area:
    """Area of `arch` whose LIF units have so many datapaths together: one each, unless a neuron model needs more."""
    pes = arch.array.rows * arch.array.cols
    return Area(
        pe_array=pes * (costs.spike_mac.area_mm2 + costs.spad.area_mm2),
        lif=lif_datapaths * (costs.lif.area_mm2 + costs.pgu.area_mm2),
        sram=sum(cost.area_mm2 for cost in costs.buffers.values()),
    )


def energy_of(
    counts: LayerCounts, costs: Costs, machine: Machine, lif_datapaths: int, *, training: bool = False
) -> EnergyPj:
    """Energy of one layer, or of one stage of its training. Gradient units are power-gated in inference. lif_datapaths:
    of all LIF units together.

    Logic burns ungated and leakage power while the array runs (array + fill_drain cycles) and is power-gated while it
    waits for LIF units or memory, as SATA_Sim counts it; buffers leak all the time.
    """
    return EnergyPj.of(
        _compute(counts, costs, machine, lif_datapaths, training=training),
        BufferEnergy(*(_buffer(name, counts, costs, machine) for name in BUFFERS)),
        DramEnergy.of(**asdict(costs.dram.energy_pj(counts.dram_bytes.total, counts.dram))),
    )


def _compute(
    counts: LayerCounts, costs: Costs, machine: Machine, lif_datapaths: int, *, training: bool
) -> ComputeEnergy:
    pes = machine.array.pes
    running = counts.cycles.array + counts.cycles.fill_drain
    macs = LogicWork(pes, counts.ops.macs_executed, counts.ops.macs_multibit, running)
    lif = LogicWork(lif_datapaths, counts.ops.lif_updates * counts.datapaths, 0, running)
    units = [_logic(costs.lif, lif, machine.clock_hz)]
    if training:
        updates = counts.ops.pgu_updates * counts.datapaths
        gradients = LogicWork(lif_datapaths, updates, counts.ops.pgu_multiplications, running)
        units.append(_logic(costs.pgu, gradients, machine.clock_hz))
    return ComputeEnergy(
        spike_mac=_logic(costs.spike_mac, macs, machine.clock_hz),
        lif=added(units),
        spad=_logic(costs.spad, macs, machine.clock_hz),
    )


def _logic(bill: Bill, work: LogicWork, clock_hz: int) -> LogicEnergy:
    leakage = energy.leakage_pj(bill.leakage_mw * work.pieces, work.cycles, clock_hz)
    return LogicEnergy.of(
        energy.operation_pj(bill, work), energy.toggling_pj(bill, work), energy.idle_pj(bill, work), leakage
    )


def _buffer(name: str, counts: LayerCounts, costs: Costs, machine: Machine) -> Energy:
    cost, accesses = costs.buffers[name], accesses_of(counts, name)
    element_bits, port_bits = getattr(counts.bits, name), getattr(machine.stores, name).port_bits
    work = energy.sram_pj(cost, accesses.reads, accesses.writes, element_bits, port_bits)
    return Energy.of(work, 0.0, energy.leakage_pj(cost.leakage_mw, counts.cycles.total, machine.clock_hz))


def accesses_of(counts: LayerCounts, name: str) -> Accesses:
    """All that the buffer of that name pays for."""
    accesses: Accesses = getattr(counts.sram_accesses, name)
    return added([accesses, counts.sram_accesses.membrane_fill]) if name == "membrane" else accesses
