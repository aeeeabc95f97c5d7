"""SATA_Sim's published energy breakdown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.energy import BufferEnergy, ComputeEnergy, LogicEnergy
from lifsim.accounting.machine import Machine
from lifsim.accounting.prices import energy_of
from lifsim.accounting.records import added
from lifsim.accounting.satasim.counting import count_layers
from lifsim.accounting.satasim.prices import costs_of
from lifsim.config.arch import load_arch
from lifsim.config.workload import load_workload
from lifsim.hardware.lif_unit import lif_bank
from lifsim.report.validation.comparison import Comparison, csv_rows
from lifsim.report.validation.references import References

TITLE = "SATA_Sim: cycles and energy"

INTRO = """\
`arch_configs/sata128_satasim.yaml` and `workloads/satasim_bntt.yaml` hold the facts of one published result of SATA_Sim
(Yin et al., IEEE TCAD 42(6), 2022; results/bntt of its repository). Cycles, accesses and operations are computed by
LIFSim under SATA_Sim's accounting (docs/satasim.md), prices come from the component table and from CACTI."""

TOLERANCE = 1e-3

LARGE = ()

FILE = "satasim_bntt.csv"
TAGS = {"spike_mac": "spike-mac", "lif": "lif", "spad": "spad"}
BUFFERS = {"weight": "weight", "spike_in": "ifmap", "spike_out": "ofmap"}
DRAM_TENSORS = {"weights": "weight", "spikes_in": "ifmap", "spikes_out": "ofmap"}


Rows = dict[str, dict[str, float]]


def published_figures(path: Path) -> dict[str, Rows]:
    """The figures of a CSV file `table,row,figure,value`: by table, row and name."""
    tables: dict[str, Rows] = {}
    for row in csv_rows(path):
        tables.setdefault(row["table"], {}).setdefault(row["row"], {})[row["figure"]] = float(row["value"])
    return tables


def compare(references: References) -> list[Comparison]:
    """Every figure of the published result that LIFSim has, in nJ, and the cycles."""
    published = published_figures(references.find(FILE))
    memory = published["memory-energy"]
    network, arch = load_workload("satasim_bntt"), load_arch("sata128_satasim")
    counts, costs = count_layers(network, arch), costs_of(arch)
    bank = lif_bank(arch.lif, arch.array.pes, channel_groups=1)
    energy = added([energy_of(layer, costs, Machine.of(arch), bank) for layer in counts])
    return [
        _cycles(published["cycle-stat"], counts, network.timesteps),
        *_compute(published["computation-energy"], energy.compute),
        *_buffers(memory, energy.buffers),
        *_dram(memory["DRAM-system"], counts, energy.dram.total),
        _energy("SRAM total", memory[""]["sram_total"], energy.sram.total),
        _energy("DRAM total", memory[""]["dram_total"], energy.dram.total),
    ]


def _cycles(published: Rows, counts: list[LayerCounts], timesteps: int) -> Comparison:
    """SATA_Sim's total: (os start + os cycles) * T + ws filter cycles, summed over the layers."""
    total = sum(
        (layer["SRAM OFMAP Start Cycle"] + layer["SRAM OFMAP Cycles"]) * timesteps + layer["SRAM Filter Cycles"]
        for layer in published.values()
    )
    return Comparison("cycles", total, sum(layer.cycles.total for layer in counts))


def _compute(published: Rows, energy: ComputeEnergy) -> Iterator[Comparison]:
    for ours, theirs in TAGS.items():
        logic: LogicEnergy = getattr(energy, ours)
        parts = {"operation": logic.operation, "ungated": logic.ungated, "leakage": logic.standing}
        for part, found in parts.items():
            yield _energy(f"{theirs} {part}", published[theirs][f"energy-{part}"], found)
        yield _energy(f"{theirs} total", published[theirs]["total"], logic.total)


def _buffers(published: Rows, energy: BufferEnergy) -> Iterator[Comparison]:
    for ours, theirs in BUFFERS.items():
        for part, kind in {"dynamic": "work", "leakage": "standing", "total": "total"}.items():
            reference_nj = published[f"GLB-{theirs}"][f"{theirs}-{part}"]
            yield _energy(f"GLB {theirs} {part}", reference_nj, getattr(getattr(energy, ours), kind))


def _dram(published: dict[str, float], counts: list[LayerCounts], total_pj: float) -> Iterator[Comparison]:
    """Every byte costs the same."""
    moved = added([layer.dram_bytes for layer in counts])
    for ours, theirs in DRAM_TENSORS.items():
        yield _energy(f"DRAM {theirs}", published[theirs], total_pj * getattr(moved, ours) / moved.total)


def _energy(item: str, reference_nj: float, found_pj: float) -> Comparison:
    return Comparison(item, reference_nj, found_pj * 1e-3, "nJ")
